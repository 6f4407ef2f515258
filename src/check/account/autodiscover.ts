// Autodiscover, as Outlook and phones ask for it: version 1 (a POST of XML, wherever the domain leads it), version 2 (JSON that
// says where version 1 is). MS-OXDISCO §3.1.5, MS-OXDSCLI §3.1.5.
import {
  type AutodiscoverAnswer,
  readAutodiscover,
  readAutodiscoverV2,
  writeAutodiscoverRequest,
} from "../../autoconfig/autodiscover.ts";
import type { AppSettings } from "../../autoconfig/settings.ts";
import { parseDomain } from "../../mail/address.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isKnown, isOfDomain, srvOf } from "./dns-names.ts";
import { fetchPage, type PageWanted, shortUrl } from "./page.ts";
import { accountCheck, type AccountTools, say, type Source } from "./question.ts";

const path = "/autodiscover/autodiscover.xml";

export const autodiscover = accountCheck({
  name: "autodiscover",
  async run(asked) {
    const { domain, limits } = asked.tools.question;
    const found = await asked.part(domain, limits.sourceMs, async (part) => {
      // the first two are asked whatever the others say; who else gets the address, the domain itself has named
      const [atDomain, atHost, byVersion, ...byForgeable] = await Promise.all([
        ask(part, { url: `https://${domain}${path}`, isChance: true }),
        ask(part, { url: `https://autodiscover.${domain}${path}` }),
        byVersion2(part),
        redirected(part),
        bySrv(part),
      ]);
      const sources = [atDomain, atHost].filter((source) => source !== undefined);
      if (sources.length > 0) return sources;
      for (const url of new Set([byVersion, ...byForgeable].filter((url) => url !== undefined))) {
        const source = await ask(part, { url });
        if (source === undefined) continue;
        const isOurs = url === byVersion || isOfDomain(new URL(url).hostname, domain);
        return [{ ...source, ...(!isOurs && { isForgeable: true as const }) }];
      }
      return [];
    });
    if (found?.length === 0 && (await isKnown(asked)))
      say(asked, "settings.no-autodiscover", { changes: [act("offer-autodiscover")] });
    return { sources: found ?? [] };
  },
});

/** The one thing that is asked without encryption: where to ask. Nothing of the person is sent. MS-OXDISCO §3.1.5.4 */
async function redirected({ tools, signal }: Asked<AccountTools>): Promise<string | undefined> {
  const { domain, limits } = tools.question;
  const limit = { timeoutMs: limits.fetchMs, signal };
  const fetched = await tools.web.get(`http://autodiscover.${domain}${path}`, limit);
  if (fetched.kind === "failed" || fetched.status !== 302) return undefined;
  return httpsOnly(fetched.location);
}

/** MS-OXDISCO §3.1.5.3 */
async function bySrv(asked: Asked<AccountTools>): Promise<string | undefined> {
  const records = await srvOf(asked, `_autodiscover._tcp.${asked.tools.question.domain}`);
  const best = records?.toSorted((a, b) => a.priority - b.priority).find(({ target }) => target !== "");
  if (best === undefined) return undefined;
  const host = parseDomain(best.target); // anything may stand in a target
  return host && `https://${host}${best.port === 443 ? "" : `:${best.port}`}${path}`;
}

async function byVersion2(asked: Asked<AccountTools>): Promise<string | undefined> {
  const { domain, address } = asked.tools.question;
  const query = `?Email=${encodeURIComponent(address)}&Protocol=AutodiscoverV1`;
  const url = `https://autodiscover.${domain}/autodiscover/autodiscover.json${query}`;
  const page = await fetchPage(asked, { url, isChance: true });
  const answer = page === undefined ? undefined : readAutodiscoverV2(page.text);
  return answer?.kind === "url" ? httpsOnly(answer.url) : undefined;
}

const httpsOnly = (text: string | undefined): string | undefined => {
  const url = text === undefined ? null : URL.parse(text);
  return url?.protocol === "https:" && url.username === "" ? url.href : undefined;
};

/** A server may send us to another page, and that on, or to another address. */
const mostTurns = 3;

/** Undefined: nothing is there, or it is of no use; that is told where it is a mistake. */
async function ask(asked: Asked<AccountTools>, wanted: PageWanted): Promise<Source | undefined> {
  const { address, localPart, domain } = asked.tools.question;
  let turn = { url: wanted.url, address };
  for (let turns = 0; turns < mostTurns; turns += 1) {
    const body = { contentType: "text/xml; charset=utf-8", text: writeAutodiscoverRequest(turn.address) };
    const page = await fetchPage(asked, { ...wanted, url: turn.url, body });
    if (page === undefined) return undefined;
    const at = shortUrl(page.url);
    const answer = readAutodiscover(page.text, { localPart, domain });
    switch (answer.kind) {
      case "settings":
        return { name: "autodiscover", at, settings: usable(asked, at, answer) };
      case "other-url":
        turn = { ...turn, url: httpsOnly(answer.url) ?? "" };
        break;
      case "other-address":
        turn = { ...turn, address: answer.address };
        break;
      case "error":
      case "unreadable":
        tellUseless(asked, at, answer);
        return undefined;
    }
    if (turn.url === "") break;
  }
  const at = shortUrl(wanted.url);
  const values = { url: at, problem: `more than ${mostTurns} times, or without encryption` };
  say(asked, "settings.redirect", { about: at, values, changes: [act("web-redirect")] });
  return undefined;
}

function usable(
  asked: Asked<AccountTools>,
  url: string,
  { settings, skipped }: Extract<AutodiscoverAnswer, { kind: "settings" }>,
): AppSettings {
  for (const problem of skipped)
    say(asked, "settings.skipped", {
      about: url,
      values: { url, problem },
      changes: [act("mend-settings-file", { url })],
    });
  return settings;
}

function tellUseless(
  asked: Asked<AccountTools>,
  url: string,
  answer: Extract<AutodiscoverAnswer, { kind: "error" | "unreadable" }>,
): void {
  const said = { about: url, changes: [act("mend-settings-file", { url })] };
  if (answer.kind === "unreadable")
    return say(asked, "settings.unreadable", {
      ...said,
      values: { url, format: "Autodiscover answer", problem: answer.why },
    });
  const { code, message } = answer;
  say(asked, "settings.autodiscover-error", { ...said, values: { url, code, problem: message } });
}
