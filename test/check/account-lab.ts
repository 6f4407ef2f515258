// A lab for mail accounts: a domain whose mail servers, web pages and DNS records are in perfect order, in which one thing after
// the other can be broken; and a person who typed something into an app. All of it on loopback, behind pretended addresses.
import { once } from "node:events";
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { writeAutodiscover } from "../../src/autoconfig/autodiscover.ts";
import { writeAutoconfig } from "../../src/autoconfig/mozilla.ts";
import type { AppProtocol, AppSettings, ServerSettings } from "../../src/autoconfig/settings.ts";
import { type SrvRecord, srvRecords } from "../../src/autoconfig/srv.ts";
import { realWorld } from "../../src/base/world.ts";
import { type AccountReport, checkAccount } from "../../src/check/account/check-account.ts";
import { accountLimits, type AccountLimits, type AccountQuestion } from "../../src/check/account/question.ts";
import type { Connector } from "../../src/check/net/connector.ts";
import type { RawResolver } from "../../src/check/net/raw-dns.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { deadResolver } from "../support/dead-resolver.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { authority } from "./certificates.ts";
import { type LineServer, startLineServer } from "./line-server.ts";
import { type HostFaults, type MailboxHost, mailboxHost, password } from "./mailbox-host.ts";

export const domain = "shop.example";
export const address = `ann@${domain}`;

const server = (protocol: AppProtocol, host: string, port: number): ServerSettings => ({
  protocol,
  host: `${host}.${domain}`,
  port,
  security: port === 993 || port === 995 || port === 465 ? "tls" : "starttls",
  username: address,
  logins: ["password"],
});

/** What is right. */
export const right: AppSettings = {
  name: "Shop",
  incoming: [server("imap", "imap", 993), server("imap", "imap", 143), server("pop3", "pop", 995)],
  outgoing: [server("smtp", "smtp", 465), server("smtp", "smtp", 587)],
  pages: [],
};

export interface PageSaid {
  readonly status?: number;
  readonly location?: string;
  readonly contentType?: string;
  readonly text?: string;
}

/** By "host/path", without what stands behind "?". */
export type Pages = Readonly<Record<string, PageSaid>>;

export const pageOf = {
  autoconfig: `autoconfig.${domain}/mail/config-v1.1.xml`,
  wellKnown: `${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
  autodiscover: `autodiscover.${domain}/autodiscover/autodiscover.xml`,
  autodiscoverAtDomain: `${domain}/autodiscover/autodiscover.xml`,
  version2: `autodiscover.${domain}/autodiscover/autodiscover.json`,
  directory: `directory.example/v1.1/${domain}`,
} as const;

/** What differs from the perfect account. */
export interface BrokenParts {
  /** Zone lines that are added; `@` stands for the domain. */
  readonly add?: readonly string[];
  /** Zone lines that begin so are left out. */
  readonly drop?: readonly string[];
  readonly pages?: Pages;
  /** Of http, without encryption. */
  readonly plainPages?: Pages;
  /** Instead of those of `right`, by name; "all": none answers. */
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>> | "none" | "silent";
  readonly host?: HostFaults;
  /** Ports on which nothing listens. */
  readonly closed?: readonly number[];
  /** The mail servers' certificate is for another name. */
  readonly certificate?: "good" | "other-name" | "thief";
  /** Connections to 127.0.0.1 go there. */
  readonly isLoopbackReal?: true;
  /** The web servers' is of nobody. */
  readonly isWebStrange?: true;
  readonly question?: Partial<AccountQuestion>;
  /** Our resolver fails so, whatever it is asked. */
  readonly dnsFails?: string;
}

export interface AccountLab extends AsyncDisposable {
  check(broken: BrokenParts): Promise<AccountReport>;
  /** Of the last check. */
  readonly mailbox: MailboxHost;
  /** "POST host/path" of the last check, with what it told. */
  readonly asked: readonly string[];
}

export const config = (settings: AppSettings = right): string => writeAutoconfig(settings, { domains: [domain] });

const usualPages: Pages = {
  [pageOf.autoconfig]: { text: config() },
  [pageOf.autodiscover]: { text: writeAutodiscover(right, address) },
  [pageOf.directory]: { text: config() },
};

const zoneLines = [
  `@ MX 10 mx.@`,
  `@ A 127.0.0.1`,
  `mx.@ A 192.0.2.10`,
  `imap.@ A 192.0.2.20`,
  `pop.@ A 192.0.2.20`,
  `smtp.@ A 192.0.2.20`,
  `autoconfig.@ A 127.0.0.1`,
  `autodiscover.@ A 127.0.0.1`,
  `directory.example A 127.0.0.1`,
];

const ports: readonly (readonly [number, AppProtocol])[] = [
  [993, "imap"],
  [143, "imap"],
  [995, "pop3"],
  [110, "pop3"],
  [465, "smtp"],
  [587, "smtp"],
];

const isImplicit = (port: number): boolean => port === 993 || port === 995 || port === 465;

export async function startAccountLab(): Promise<AccountLab> {
  const ours = await authority(Date.now());
  const names = ["imap", "pop", "smtp", "mail", "mx"].map((name) => `${name}.${domain}`);
  const pems = {
    good: await ours.issue({ names }),
    "other-name": await ours.issue({ names: ["www.other.example"] }),
    thief: await ours.issue({ names: ["imap.thief.example"] }),
  };
  const webNames = [`autoconfig.${domain}`, `autodiscover.${domain}`, domain, "directory.example", "else.example"];
  const asked: string[] = [];
  let current: BrokenParts = {};
  const web = await startWeb(await ours.issue({ names: webNames }), asked, () => current);
  let mailbox = mailboxHost(address, () => current.host ?? {});
  return {
    asked,
    get mailbox() {
      return mailbox;
    },
    async check(broken) {
      current = broken;
      asked.length = 0;
      mailbox = mailboxHost(address, () => current.host ?? {});
      await using opened = new AsyncDisposableStack();
      const listening = new Map<number, LineServer>();
      for (const [port, protocol] of ports) {
        if (broken.closed?.includes(port)) continue;
        const pem = pems[broken.certificate ?? "good"];
        const session = () => mailbox.session(protocol);
        listening.set(port, opened.use(await startLineServer({ session, pem, isImplicit: isImplicit(port) })));
      }
      const { dnsFails } = broken;
      const names = dnsFails === undefined ? fakeResolver(zoneOf(broken)) : deadResolver(dnsFails);
      const resolver = recordingResolver(names, realWorld());
      const authorities = broken.isWebStrange ? [] : [ours.pem];
      return await checkAccount({
        world: realWorld(),
        resolver,
        raw: srvResolver(broken),
        connector: pretending(socketConnector({ authorities: [ours.pem] }), listening, broken),
        web: httpsWeb({ resolver, port: web.port, plainPort: web.plainPort, authorities }),
        dnsServers: ["192.0.2.53"],
        question: { ...question, ...broken.question },
      });
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}

/** Generous, for a machine that is busy: who answers at all does so at once. */
const labLimits: AccountLimits = { ...accountLimits, arrivalMs: 60, pollMs: 10 };

/** For servers that say nothing, because they wait for us. */
export const impatient: AccountLimits = { ...labLimits, greetingMs: 700 };

const question: AccountQuestion = {
  address,
  localPart: "ann",
  domain,
  typed: [],
  password,
  directory: "https://directory.example/v1.1",
  sendsMessage: true,
  hello: "doctor.test",
  limits: labLimits,
};

const inDomain = (line: string): string => line.replaceAll("@", domain);

function zoneOf({ add = [], drop = [] }: BrokenParts) {
  const dropped = drop.map(inDomain);
  const kept = zoneLines.map(inDomain).filter((line) => !dropped.some((start) => line.startsWith(start)));
  return parseZone([...kept, ...add.map(inDomain)].join("\n"));
}

const usualSrv = new Map(
  srvRecords(right, domain).map(({ name, value }): [string, SrvRecord[]] => {
    const [priority = 0, weight = 0, port = 0] = value.split(" ").map(Number);
    return [name, [{ priority, weight, port, target: value.split(" ")[3]!.replace(/^\.$/, "") }]];
  }),
);

const srvResolver = ({ srv = {} }: BrokenParts): RawResolver => ({
  async ask(name) {
    if (srv === "silent") return { answer: { kind: "timeout" }, isAuthentic: false };
    const records = srv === "none" ? undefined : (srv[name] ?? usualSrv.get(name));
    if (records === undefined) return { answer: { kind: "no-data" }, isAuthentic: false };
    const found = records.map((data) => ({ type: "SRV" as const, name, data }));
    return { answer: { kind: "found", records: found }, isAuthentic: false };
  },
});

/** The mail host has one address; on others nothing listens. */
const pretending = (
  real: Connector,
  listening: ReadonlyMap<number, LineServer>,
  { isLoopbackReal }: BrokenParts,
): Connector => ({
  async connect(to, limit) {
    if (isLoopbackReal && to.address === "127.0.0.1") return real.connect(to, limit);
    const found = to.address === "192.0.2.20" ? listening.get(to.port) : undefined;
    if (found === undefined) return { kind: "failed", problem: "refused", text: "connect ECONNREFUSED" };
    return real.connect({ ...to, address: "127.0.0.1", port: found.port }, limit);
  },
});

interface LabWeb extends AsyncDisposable {
  readonly port: number;
  readonly plainPort: number;
}

async function startWeb(pem: string, asked: string[], current: () => BrokenParts): Promise<LabWeb> {
  const answering =
    (pagesOf: () => Pages) =>
    (request: IncomingMessage, response: ServerResponse): void =>
      void answer(request, response, pagesOf());
  const answer = async (request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> => {
    const body = await text(request);
    const place = `${request.headers.host?.replace(/:\d+$/, "") ?? ""}${request.url ?? ""}`;
    asked.push(`${request.method} ${place}${body === "" ? "" : ` ${body}`}`);
    const said = pages[place.replace(/\?.*$/s, "")] ?? { status: 404, contentType: "text/html", text: "no" };
    const { status = 200, location, contentType = "text/xml" } = said;
    response.writeHead(status, { "content-type": contentType, ...(location !== undefined && { location }) });
    response.end(said.text ?? "");
  };
  const secure = createServer(
    { key: pem, cert: pem },
    answering(() => ({ ...usualPages, ...current().pages })),
  );
  const plain = createPlain(answering(() => current().plainPages ?? {}));
  const [port, plainPort] = await Promise.all([secure, plain].map(listen));
  return {
    port: port!,
    plainPort: plainPort!,
    async [Symbol.asyncDispose]() {
      for (const one of [secure, plain]) {
        one.closeAllConnections();
        one.close();
        await once(one, "close");
      }
    },
  };
}

async function listen(server: Server | ReturnType<typeof createPlain>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
