// The help pages, /help: "my mail app cannot connect, receive, send". No login, no cookies, nothing kept.
import { type Context, Hono } from "hono";
import type { AppSettings, ForAddress } from "../../autoconfig/settings.ts";
import type { World } from "../../base/world.ts";
import { isWithin } from "../../mail/address.ts";
import type { RecentVisits } from "../../receive/visits.ts";
import type { WebEnvironment } from "../visit.ts";
import { texts } from "./languages/texts.ts";
import { type Html, helpHeaders } from "./layout.ts";
import { type Look, type Looked, rememberedLook } from "./look.ts";
import { forAddress, queryOf, type Question, readQuestion, type Whose, whoseIn } from "./question.ts";
import { script } from "./script.ts";
import { settingsPage } from "./settings-page.ts";
import { faultOf, startPage } from "./start-page.ts";
import { style } from "./style.ts";
import { testPage } from "./test-page.ts";

export interface HelpPorts {
  readonly world: Pick<World, "now" | "sleep">;
  /** The domains that we help with, in lower case. */
  readonly domains: readonly string[];
  /** Undefined: there are none for this address. */
  readonly settingsFor: (address: ForAddress) => AppSettings | undefined;
  readonly visits: Pick<RecentVisits, "watch" | "of" | "isName" | "ticketFor" | "startOf">;
  /** Whether a server for incoming mail answers as it should; absent: nobody looks. */
  readonly look?: Look;
}

type Page = Context<WebEnvironment>;

/** Of the question that a page is about; a fault goes back to step 1. */
interface Found {
  readonly question: Question;
  readonly whose: Whose;
  readonly settings: AppSettings;
}

/** To be mounted at /help. */
export function helpPages(ports: HelpPorts): Hono<WebEnvironment> {
  const { world, visits } = ports;
  const look = ports.look && rememberedLook(ports.look, world);
  const pages = new Hono<WebEnvironment>();
  pages.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(helpHeaders)) c.res.headers.set(name, value);
  });
  pages.get("/", (c) => start(c, questionIn(c), ports));
  pages.get("/settings", (c) => {
    const question = questionIn(c);
    const found = find(question, ports);
    return found === undefined ? again(c, question, ports) : show(c, settingsPage(found));
  });
  pages.post("/test", async (c) => {
    const question = readQuestion(textsOf(await formOf(c)), c.req.header("accept-language"));
    const started = visits.watch(c.env.visit.address);
    if (started === "busy") {
      const found = find(question, ports);
      const notice = texts[question.language].test.busy;
      return found === undefined ? again(c, question, ports) : show(c, settingsPage({ ...found, notice }));
    }
    return c.redirect(`/help/test?${queryOf(question, { since: visits.ticketFor(c.env.visit.address) })}`, 303);
  });
  pages.get("/test", async (c) => {
    const question = questionIn(c);
    const found = find(question, ports);
    if (found === undefined) return again(c, question, ports);
    const now = world.now();
    const { address } = c.env.visit;
    const ticket = c.req.query("since") ?? "";
    const since = visits.startOf(ticket, address);
    const sessions = since === undefined ? undefined : visits.of(address);
    const looked = look === undefined ? [] : await lookAt(found.settings, look);
    return show(c, testPage({ ...found, visits, address, ticket, sessions, since: since ?? now, now, looked }));
  });
  pages.get("/help.css", (c) => c.body(style, 200, fileHeaders("text/css")));
  pages.get("/help.js", (c) => c.body(script, 200, fileHeaders("text/javascript")));
  return pages;
}

const fileHeaders = (type: string): Record<string, string> => ({
  "content-type": `${type}; charset=utf-8`,
  "cache-control": "public, max-age=300",
});

const show = (c: Page, page: Html): Response | Promise<Response> => c.html(page);

const questionIn = (c: Page): Question => readQuestion(c.req.query(), c.req.header("accept-language"));

/** What is no form has no answers in it. */
const formOf = (c: Page): Promise<Readonly<Record<string, unknown>>> => c.req.parseBody().catch(() => ({}));

/** Files are no answers. */
const textsOf = (fields: Readonly<Record<string, unknown>>): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value : undefined]),
  );

function find(question: Question, { domains, settingsFor }: HelpPorts): Found | undefined {
  const whose = whoseIn(question.address);
  if (whose === undefined || !domains.includes(whose.domain)) return undefined;
  return { question, whose, settings: settingsFor(forAddress(whose)) ?? { incoming: [], outgoing: [], pages: [] } };
}

const start = (c: Page, question: Question, ports: HelpPorts): Response | Promise<Response> =>
  show(c, startPage({ question, domain: domainVisited(c, ports) ?? exampleDomain }));

/** Step 1 once more, with what is wrong with the address. */
function again(c: Page, question: Question, ports: HelpPorts): Response | Promise<Response> {
  const domain = whoseIn(question.address)?.domain;
  const visited = domainVisited(c, ports);
  const fault = faultOf(question, { ...(domain !== undefined && { domain }), host: visited });
  return show(c, startPage({ question, domain: visited ?? exampleDomain, fault }));
}

/** Stands in examples where no domain of ours may be named. */
const exampleDomain = "example.org";

/** The one of our domains that this page was called by: of the others, a visitor need not learn. */
function domainVisited(c: Page, { domains }: HelpPorts): string | undefined {
  const host = new URL(c.req.url).hostname.toLowerCase();
  return domains.find((domain) => isWithin(host, domain));
}

const lookAt = ({ incoming }: AppSettings, look: Look): Promise<Looked[]> =>
  Promise.all(incoming.slice(0, 1).map(async (server) => ({ server, seen: await look(server) })));
