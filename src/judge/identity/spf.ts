// SPF of MAIL FROM and of HELO: the arguments of check_host(), its limits, and its result in words. RFC 7208
import { spfVerify, type SpfMatch } from "mailauth/lib/spf/spf-verify.js";
import { isIPv6 } from "node:net";
import { canonicalAddress } from "../../base/networks.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { domainOf, parseDomain, type ReversePath } from "../../mail/address.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { SpfVerdict } from "../../mail/verdict.ts";
import { type Ask, DnsError, questions } from "./questions.ts";

export const spfLimits = {
  lookups: 10, // RFC 7208 §4.6.4: terms that ask DNS; of one mx, its hosts
  voidLookups: 2, // RFC 7208 §4.6.4
  /** RFC 7208 §3.4 wants records to fit into 512 octets; reading very long ones would cost. */
  recordChars: 4_096,
  explanationChars: 200,
} as const;

export interface SpfQuestion {
  /** Its address. */
  readonly client: string;
  readonly helo: string;
  readonly mailFrom: ReversePath;
  /** Ours, for %{r} in explanations. */
  readonly hostname: string;
}

/** MAIL FROM's first, HELO's beside it; of the null reverse-path only HELO's, which then counts for both. RFC 7208 §2.4 */
export function evaluateSpf(asked: SpfQuestion, resolver: Resolver): Promise<SpfVerdict[]> {
  const { mailFrom, helo } = asked;
  const ofHelo = check(asked, { scope: "helo", name: helo, sender: `postmaster@${helo}` }, resolver);
  if (mailFrom === "") return ofHelo.then((verdict) => [verdict]);
  // RFC 7208 §4.3: without a local part it is postmaster's
  const sender = mailFrom.startsWith("@") ? `postmaster${mailFrom}` : withoutQuotes(mailFrom);
  return Promise.all([check(asked, { scope: "mailfrom", name: domainOf(mailFrom), sender }, resolver), ofHelo]);
}

/** The quotes of a local part are SMTP's, and no part of the name that macros expand to. RFC 5321 §4.1.2 */
const withoutQuotes = (mailFrom: string): string =>
  mailFrom.replace(/^"((?:[^"\\]|\\.)*)"(?=@[^@]*$)/s, (_, local: string) => local.replaceAll(/\\(.)/gs, "$1"));

interface Checked {
  readonly scope: SpfVerdict["scope"];
  /** Whose record. */
  readonly name: string;
  readonly sender: string;
}

async function check(asked: SpfQuestion, checked: Checked, resolver: Resolver): Promise<SpfVerdict> {
  const { scope, name, sender } = checked;
  const ip = canonicalAddress(asked.client);
  const domain = parseDomain(name.replace(/\.$/, ""));
  const verdict = { scope, domain: domain ?? asciiLine(name, 255) };
  // RFC 7208 §4.3: what is no domain name of two labels has no record; underscores are fine
  if (domain === undefined || !domain.includes(".")) return { ...verdict, result: "none", because: noDomain(checked) };
  if (ip === undefined) return { ...verdict, result: "none", because: "the client has no IP address" };
  const { ask } = questions(resolver, ip);
  const limited = limitedAsk(ask);
  const match = await spfVerify(domain, {
    sender,
    ip,
    helo: asked.helo,
    mta: asked.hostname,
    strict: true,
    resolver: limited.terms,
    expResolver: ask,
    createSubResolver: limited.hosts,
  }).catch(asMatch);
  return { ...verdict, ...inWords(match || { qualifier: "?" }, { domain, ip, ...limited.seen() }) };
}

const noDomain = ({ scope, name }: Checked): string =>
  scope === "mailfrom"
    ? `"${asciiLine(name, 100)}" in MAIL FROM is no domain name, so no SPF record can be asked for`
    : `HELO gave "${asciiLine(name, 100)}", which is no full host name, so no SPF record can be asked for`;

/** An error of ours or of the library's that ends the evaluation. */
class SpfError extends Error {
  readonly spfResult: SpfMatch;

  constructor(error: "permerror" | "temperror", text: string) {
    super(text);
    this.spfResult = { error, text };
  }
}

function asMatch(error: unknown): SpfMatch {
  if (error instanceof Error && "spfResult" in error) return error.spfResult as SpfMatch;
  return { error: "temperror", text: error instanceof Error ? error.message : String(error) };
}

/** Counts what DNS is asked for. The first question is for the record itself, and does not count. RFC 7208 §4.6.4 */
function limitedAsk(ask: Ask) {
  let lookups = -1;
  let voids = 0;
  let isThere = true;
  const records: Seen["records"][number][] = [];
  const last = new Map<string, string>();
  const terms: Ask = async (name, type) => {
    lookups += 1;
    if (lookups > spfLimits.lookups)
      throw new SpfError("permerror", `it needs more than ${spfLimits.lookups} DNS lookups`);
    last.set(type, name);
    const found = await asked(name, type, (error) => {
      if (lookups === 0) isThere = error.code !== "ENOTFOUND";
      voids += 1;
      if (voids > spfLimits.voidLookups)
        throw new SpfError("permerror", `more than ${spfLimits.voidLookups} of its terms name what is not in DNS`);
    });
    if (type === "TXT") records.push(...found.flat().map((text) => ({ domain: name, text: String(text) })));
    return found;
  };
  const asked = async (name: string, type: string, onVoid: (error: DnsError) => void): Promise<unknown[]> => {
    try {
      const records = await ask(name, type);
      if (type === "TXT") checkLength(records, name);
      return records;
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      if (error.isTemporary) throw new SpfError("temperror", error.message);
      onVoid(error);
      return [];
    }
  };
  const hosts = (): Ask => {
    let hosts = 0;
    return (name, type) => {
      hosts += 1;
      if (hosts > spfLimits.lookups) throw new SpfError("permerror", `"mx" names more than ${spfLimits.lookups} hosts`);
      return asked(name, type, () => {});
    };
  };
  return { terms, hosts, seen: (): Seen => ({ isThere, records, last }) };
}

function checkLength(records: readonly unknown[], name: string): void {
  const isTooLong = (text: string): boolean => text.length > spfLimits.recordChars && /^v=spf1 /i.test(text);
  if (records.flat().some((text) => isTooLong(String(text))))
    throw new SpfError("permerror", `the record of ${name} is longer than ${spfLimits.recordChars} characters`);
}

/** What DNS showed on the way. */
interface Seen {
  /** The domain exists. */
  readonly isThere: boolean;
  /** TXT records of the domain, and of those that it includes. */
  readonly records: readonly { readonly domain: string; readonly text: string }[];
  /** Which name was asked for last, by the type of the record. */
  readonly last: ReadonlyMap<string, string>;
}

interface About extends Seen {
  readonly domain: string;
  readonly ip: string;
}

function inWords(match: SpfMatch, about: About): Pick<SpfVerdict, "result" | "because" | "explanation"> {
  const { domain, ip } = about;
  const text = asciiLine(match.text ?? "unknown", 300);
  switch (match.qualifier ?? match.error ?? "temperror") {
    case "+":
      return { result: "pass", because: `${domain} says that ${ip} may send its mail (${term(match, about)})` };
    case "-": {
      const because = `${domain} says that ${ip} must not send its mail (${term(match, about)}); ${remedy(about)}`;
      const { explanation } = match;
      return {
        result: "fail",
        because,
        ...(explanation && { explanation: asciiLine(explanation, spfLimits.explanationChars) }),
      };
    }
    case "~":
      return {
        result: "softfail",
        because: `${domain} says that ${ip} probably must not send its mail (${term(match, about)}); ${remedy(about)}`,
      };
    case "?":
      return {
        result: "neutral",
        because: `${domain} says neither that ${ip} may send its mail nor that it must not (${term(match, about)})`,
      };
    case "none":
      return {
        result: "none",
        because: about.isThere ? `${domain} has no SPF record` : `the domain ${domain} does not exist in DNS`,
      };
    case "permerror":
      return {
        result: "permerror",
        because: `the SPF record of ${domain} cannot be used: ${text}; whoever runs ${domain} has to mend it`,
      };
    case "temperror":
      return { result: "temperror", because: `the SPF record of ${domain} could not be evaluated: ${text}` };
  }
}

const remedy = ({ domain, ip }: About): string =>
  `if ${ip} is a server of ${domain}, its SPF record needs "${isIPv6(ip) ? "ip6" : "ip4"}:${ip}"`;

/** What matched, as it stands in the record: `-all`, `a:mx.example.org`, `include:example.net, there ip4:192.0.2.0/24`. */
function term(match: SpfMatch, about: About): string {
  const { type, qualifier, include } = match;
  if (type === undefined) return "no term of its SPF record fits";
  const own = asciiLine(`${qualifier === "+" ? "" : qualifier}${type}${argument(match, about)}`, 300);
  return include === undefined ? own : `${own}, there ${term(include, about)}`.slice(0, 400);
}

/** What follows the mechanism's name. Of a, mx and ptr the library gives out the name that was found, not the term. */
function argument({ type, val = "", qualifier = "+" }: SpfMatch, { ip, records, last }: About): string {
  if (type !== "a" && type !== "mx" && type !== "ptr") return val === "" ? "" : `:${val}`;
  const found = type === "ptr" ? val : last.get(type === "mx" ? "MX" : isIPv6(ip) ? "AAAA" : "A");
  const name = plainName(found ?? "");
  const fits = (target: string): boolean => target === name || (type === "ptr" && name.endsWith(`.${target}`));
  const written = records.flatMap(({ domain, text }) =>
    (/^v=spf1 /i.test(text) ? text.split(" ") : []).flatMap((one) => {
      const [, sign, mechanism, spec, bits = ""] = /^([-+~?]?)(a|mx|ptr)(?::([^/]*))?(\/.*)?$/i.exec(one) ?? [];
      const isIt = mechanism?.toLowerCase() === type && (sign || "+") === qualifier && fits(plainName(spec ?? domain));
      return isIt ? [`${spec === undefined ? "" : `:${spec}`}${bits}`] : [];
    }),
  );
  // several, or none because of macros: what it stands for
  return new Set(written).size === 1 ? written[0]! : type === "ptr" ? "" : `:${name}`;
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, "");
