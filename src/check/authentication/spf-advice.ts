// What a domain's owner should change in its SPF record, in words for somebody who does not know the RFC.
import { oneLine } from "../../mail/printable.ts";
import { isWithin, parseClient } from "./spf-address.ts";
import type { SpfLookups } from "./spf-lookups.ts";
import { isMistaken, type Mechanism, type Modifier, readSpfRecord } from "./spf-record.ts";
import { loopText, type SpfCause, spfLimits, type Walked } from "./spf-walked.ts";
import { advice, type Step } from "./step.ts";

export interface SpfAdvised {
  /** The client's address. */
  readonly client: string;
  /** The domain that was checked; the trouble may be in a record that it includes. */
  readonly domain: string;
  readonly walked: Walked;
  /** All lookups that the records ask for; counted where there are too many. */
  readonly lookups?: SpfLookups;
}

export function spfAdvice(advised: SpfAdvised): Step[] {
  const { walked } = advised;
  const remedies = [...remedy(advised, walked.cause), ...spfWarnings(walked.steps)];
  return [...new Set(remedies)].map(advice);
}

/** What is allowed in the records that were read, and yet unwise. */
export const spfWarnings = (steps: readonly Step[]): string[] => [
  ...new Set(steps.flatMap(recordsIn).flatMap(warnings)),
];

function remedy(advised: SpfAdvised, cause: SpfCause): string[] {
  switch (cause.kind) {
    case "matched":
      return matchedRemedy(advised, cause);
    case "nothing-matched":
      return [
        `The record of ${oneLine(cause.domain)} does not say what to do with other senders: ${toList(advised, cause.record)}`,
        `End the record with -all (refuse others) or ~all (suspect others)`,
      ];
    case "not-a-domain":
      return [`"${oneLine(cause.domain)}" is no full domain name; use an address in a domain that is in DNS`];
    case "no-record":
      return noRecordRemedy(advised, cause);
    case "several-records":
      return [
        `${oneLine(cause.domain)} has ${cause.records.length} SPF records, and only one is allowed: publish one TXT record with the terms of all, and remove the others: "${oneLine(joined(cause.records))}"`,
      ];
    case "syntax":
      return cause.faults.map(
        ({ term, problem }) =>
          `Correct "${oneLine(term)}" in the TXT record of ${whose(advised, cause.domain)}: ${oneLine(problem)}`,
      );
    case "loop":
      return [
        `Remove "${oneLine(cause.term)}" from the record of ${whose(advised, cause.domain)}: with it ${loopText(cause.way)}`,
      ];
    case "bad-target":
      return [
        `"${oneLine(cause.term)}" in the record of ${whose(advised, cause.domain)} leads to ${oneLine(cause.target)}, which has no SPF record: remove the term, or write the name that the mail service documents`,
      ];
    case "lookups":
    case "voids":
    case "mx-hosts":
      return limitRemedy(advised, cause);
    case "dns":
      return [
        `DNS did not answer for ${oneLine(cause.name)} (${oneLine(cause.problem)}). Receivers will defer mail and try again. Ask another server (--resolver); if that fails too, see to the name servers of that domain`,
      ];
  }
}

type Cause<K extends SpfCause["kind"]> = Extract<SpfCause, { kind: K }>;

function matchedRemedy(advised: SpfAdvised, { mechanism, record, domain }: Cause<"matched">): string[] {
  switch (mechanism.qualifier) {
    case "+":
      return [];
    case "-":
    case "~":
    case "?":
      if (mechanism.name === "all" && isListedAfterAll(advised, record)) return []; // a warning tells what to do
      return mechanism.name === "all"
        ? [
            `${advised.client} is not among the senders of ${oneLine(domain)}: ${toList(advised, record)}`,
            "If nobody of yours sent this mail, change nothing: the record does its work. Mail that was forwarded fails too; sign with DKIM, which survives that",
          ]
        : [
            `"${oneLine(mechanism.term)}" in the record of ${oneLine(domain)} excludes ${advised.client} by name: if it is a server of yours, remove that term or its "${mechanism.qualifier}"`,
          ];
  }
}

/** How to add the client to a record. */
function toList({ client }: SpfAdvised, record: string): string {
  const added = `ip${client.includes(":") ? 6 : 4}:${client}`;
  const terms = allAtEnd(record);
  const at = terms.findIndex((term) => /^(?:[+\-~?]?all$|redirect=)/i.test(term));
  const better = at === -1 ? [...terms, added] : terms.toSpliced(at, 0, added);
  return `if that is a server of yours, publish "${oneLine(better.join(" "))}"; if it belongs to a mail service that you use, add the include: that the service names`;
}

const isAll = (term: string): boolean => /^[+\-~?]?all$/i.test(term);

/** The terms of a record, "all" behind the mechanisms: what follows it would never be looked at. */
function allAtEnd(record: string): string[] {
  const terms = record.split(" ").filter((term) => term !== "");
  const at = terms.findIndex(isAll);
  const later = at === -1 ? [] : terms.slice(at + 1).filter((term) => !/^[a-z][\w.-]*=/i.test(term) && !isAll(term));
  return later.length === 0
    ? terms
    : [...terms.slice(0, at), ...later, terms[at]!, ...terms.slice(at + 1).filter((term) => !later.includes(term))];
}

function isListedAfterAll({ client }: SpfAdvised, record: string): boolean {
  const address = parseClient(client);
  const terms = readSpfRecord(record).filter((term) => term.kind === "mechanism");
  return terms
    .slice(terms.findIndex(({ name }) => name === "all") + 1)
    .some(
      ({ name, qualifier, spec = "", bits4, bits6 }) =>
        qualifier === "+" &&
        address !== undefined &&
        ((name === "ip4" && isWithin(address, spec, bits4)) || (name === "ip6" && isWithin(address, spec, bits6))),
    );
}

function noRecordRemedy({ client, domain }: SpfAdvised, cause: Cause<"no-record">): string[] {
  const name = oneLine(cause.domain);
  if (!cause.exists) return [`${name} does not exist in DNS: correct the name, or register it`];
  const similar = cause.similar ?? "";
  if (similar !== "")
    return [
      `${name} has the TXT record "${oneLine(similar)}", which is no SPF record: it must begin with "v=spf1" and a space, without quotes or spaces before it`,
    ];
  const own = `ip${client.includes(":") ? 6 : 4}:${client}`;
  return cause.domain === domain
    ? [
        `Publish a TXT record at ${name} that lists who may send: "v=spf1 ${own} -all" if ${client} is your only mail server, "v=spf1 mx -all" if your MX hosts send, "v=spf1 -all" if the domain sends no mail`,
      ]
    : [];
}

/** One record with the terms of all, each once, and the last word at the end. */
export function joined(records: readonly string[]): string {
  const terms = records.flatMap(readSpfRecord).map(({ term }) => term);
  const all = terms.filter(isAll).toSorted((a, b) => "-~?+a".indexOf(a[0]!) - "-~?+a".indexOf(b[0]!))[0] ?? "~all";
  return ["v=spf1", ...new Set(terms.filter((term) => !isAll(term))), all].join(" ");
}

function limitRemedy({ domain, lookups }: SpfAdvised, cause: Cause<"lookups" | "voids" | "mx-hosts">): string[] {
  const term = oneLine(cause.term);
  if (cause.kind === "mx-hosts")
    return [
      `"${term}" leads to more than ${spfLimits.mxHosts} MX hosts: list their addresses with ip4: and ip6: instead`,
    ];
  if (cause.kind === "voids")
    return [
      `More than ${spfLimits.voidLookups} terms lead to names that have no records, the last is "${term}" in the record of ${oneLine(cause.domain)}: remove the terms whose names are gone`,
    ];
  const costs = (lookups?.parts ?? []).toSorted((a, b) => b.lookups - a.lookups);
  const listed = costs.map(({ term, lookups }) => `${oneLine(term)} costs ${lookups}`).join(", ");
  const total = lookups === undefined ? "more" : `${lookups.complete ? "" : "at least "}${lookups.total}`;
  return [
    `Checking ${oneLine(domain)} takes ${total} DNS lookups, and at most ${spfLimits.lookups} are allowed${listed === "" ? "" : `: ${listed}`}`,
    "Remove what you no longer use, and write ip4: and ip6: where you know the addresses: those cost nothing. Or send some mail from a subdomain with a record of its own",
  ];
}

const whose = ({ domain }: SpfAdvised, where: string): string =>
  where === domain ? oneLine(where) : `${oneLine(where)} (its owner can, or you stop using it)`;

interface ReadRecord {
  readonly name: string;
  readonly record: string;
}

/** The records that were read, with those of includes. */
const recordsIn = (step: Step): ReadRecord[] =>
  step.kind === "record" ? [step] : (step.steps ?? []).flatMap(recordsIn);

/** A network so wide that it says nothing: more than sixteen million addresses. */
const widestBits = { bits4: 8, bits6: 16 } as const;

/** What is allowed, and yet unwise. */
function warnings({ name, record }: ReadRecord): string[] {
  const terms = readSpfRecord(record);
  const mechanisms = terms.filter((term) => term.kind === "mechanism");
  const all = mechanisms.findIndex((mechanism) => mechanism.name === "all");
  const of = `the record of ${oneLine(name)}`;
  const ignored = all === -1 ? [] : mechanisms.slice(all + 1);
  const modifiers = terms.filter((term) => term.kind === "modifier");
  const redirect = modifiers.find((modifier) => modifier.name === "redirect");
  return [
    ...mechanisms.flatMap((mechanism) => mechanismWarning(mechanism, of)),
    ...modifiers.filter(isMistaken).map((modifier) => mistakenWarning(modifier, of)),
    ...(ignored.length === 0
      ? []
      : [
          `What stands after "${oneLine(mechanisms[all]!.term)}" in ${of} is never looked at: move "${oneLine(mechanisms[all]!.term)}" to the end: "${oneLine(allAtEnd(record).join(" "))}"`,
        ]),
    ...(redirect === undefined || all === -1
      ? []
      : [`"${oneLine(redirect.term)}" in ${of} is ignored because of "all": remove one of the two`]),
  ];
}

const mistakenWarning = ({ name, term, value }: Modifier, of: string): string =>
  name === "v"
    ? `"${oneLine(term)}" in ${of} is ignored: the version stands at the start of a record only. Were two records joined?`
    : `"${oneLine(term)}" in ${of} is ignored: write "${oneLine(`${name}:${value}`)}", with a colon`;

function mechanismWarning({ name, qualifier, term, bits4, bits6 }: Mechanism, of: string): string[] {
  if (name === "all" && qualifier === "+")
    return [
      `"${term}" in ${of} lets every machine of the Internet send as this domain: list your servers, and end with -all`,
    ];
  if (name === "ptr")
    return [
      `"${oneLine(term)}" in ${of} is slow, unreliable and discouraged (RFC 7208 §5.5): use a, mx, ip4 or ip6 instead`,
    ];
  const isWide = name !== "include" && name !== "exists" && (bits4 <= widestBits.bits4 || bits6 <= widestBits.bits6);
  return isWide && qualifier === "+"
    ? [`"${oneLine(term)}" in ${of} lets a large part of the Internet send as this domain: name your own networks only`]
    : [];
}
