// The SPF record as receivers use it: syntax, lookups, includes, and what each of our sending addresses would get. RFC 7208.
import { recordsIn } from "../../dns/answer.ts";
import { joined, spfWarnings } from "../authentication/spf-advice.ts";
import { parseClient } from "../authentication/spf-address.ts";
import { countLookups, type SpfLookups } from "../authentication/spf-lookups.ts";
import { isMistaken, isSpfRecord, readSpfRecord } from "../authentication/spf-record.ts";
import { walkSpf } from "../authentication/spf-walk.ts";
import { type SpfCause, spfLimits, type Walk, type Walked } from "../authentication/spf-walked.ts";
import { txt } from "../dns-record.ts";
import { act, type Change, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainTools, isHopeless, say } from "./question.ts";
import { mendSpf, without, withTerms } from "./spf-mending.ts";

export const spf = domainCheck({
  name: "spf",
  needs: ["mx"],
  async run(asked, { mx }) {
    const { domain, senders } = asked.tools.question;
    if (isHopeless(mx)) return;
    const walked = await walkSpf(walkFor(nobody, asked), domain);
    const record = await ownRecord(asked);
    const lookups = record === undefined ? undefined : await countLookups(walkFor(nobody, asked), domain);
    const looked: Looked = { walked, record, lookups, receives: mx.kind === "hosts" || mx.kind === "implicit" };
    await tellOf(looked, asked);
    if (record === undefined || isBroken(walked)) return;
    for (const address of senders) await lookAtSender(address, record, asked);
  },
});

/** A client that no record lists: of a network that nobody has. RFC 1112 §4. Receivers count most for such a one. */
const nobody = "240.0.0.1";

const walkFor = (address: string, { tools }: Asked<DomainTools>): Walk => ({
  client: parseClient(address)!,
  helo: tools.question.hello,
  localPart: "postmaster",
  senderDomain: tools.question.domain,
  resolver: tools.resolver,
  counts: { lookups: 0, voids: 0 },
});

interface Looked {
  readonly walked: Walked;
  readonly record: string | undefined;
  readonly lookups: SpfLookups | undefined;
  readonly receives: boolean;
}

const isBroken = ({ result }: Walked): boolean => result === "permerror" || result === "temperror" || result === "none";

async function ownRecord({ tools }: Asked<DomainTools>): Promise<string | undefined> {
  return recordsIn(await tools.resolver.txt(tools.question.domain)).find(isSpfRecord);
}

async function tellOf(looked: Looked, asked: Asked<DomainTools>): Promise<void> {
  const { walked, record = "", lookups } = looked;
  const evidence = record === "" ? [] : [record];
  const { cause } = walked;
  const isEverybody = walked.result === "pass";
  if (isBroken(walked)) await tellBroken(cause, looked, asked);
  else if (isEverybody) tellEverybody(cause, looked, asked);
  else if (walked.result === "neutral") tellNoEnd(cause, looked, asked);
  const total = lookups?.total ?? 0;
  const isGood = walked.result === "fail" || walked.result === "softfail";
  if (isGood) say(asked, "spf.good", { values: { lookups: total }, evidence });
  if (isGood && total >= nearLimit)
    say(asked, "spf.near-limit", {
      values: { lookups: total },
      evidence,
      changes: [act("spf-fewer-lookups", { costs: costsOf(lookups) })],
    });
  if (isBroken(walked)) return;
  const ignored = ignoredTerms(record);
  const mended = mendSpf(record);
  if (ignored.length > 0)
    say(asked, "spf.ignored", {
      values: { terms: ignored.join(" ") },
      evidence,
      changes: mended === undefined ? [] : [replace(asked, record, mended)],
    });
  const told = isEverybody ? /every machine/ : ignored.length > 0 ? / ignored| never looked at/ : undefined;
  for (const advice of spfWarnings(walked.steps).filter((text) => told?.test(text) !== true))
    say(asked, "spf.unwise", {
      ...(advice.includes("a large part of the Internet") && { level: "warning" }),
      evidence,
      changes: [act("words", { text: advice })],
    });
}

/** What was meant to say who may send, and says nothing. */
function ignoredTerms(record: string): string[] {
  const terms = readSpfRecord(record);
  const all = terms.findIndex((term) => term.kind === "mechanism" && term.name === "all");
  return terms.flatMap((term, i) => {
    if (term.kind === "modifier") return isMistaken(term) ? [term.term] : [];
    return all !== -1 && i > all ? [term.term] : [];
  });
}

/** A record that others are sent to may leave it open, too. */
function tellNoEnd(cause: SpfCause, { record = "" }: Looked, asked: Asked<DomainTools>): void {
  const where = "domain" in cause ? cause.domain : asked.tools.question.domain;
  const better = withTerms(record.replace(/\s[?]all\b/i, ""), ["~all"]);
  const isOwn = where === asked.tools.question.domain;
  const changes = isOwn ? [replace(asked, record, better)] : [act("spf-ask-owner", { where })];
  say(asked, "spf.no-end", { evidence: [record], changes });
}

const nearLimit = spfLimits.lookups - 1;

const replace = ({ tools }: Asked<DomainTools>, old: string, better: string): Change =>
  publish(txt(tools.question.domain, better), [old]);

/** What decided is that the record cannot be used. */
async function tellBroken(cause: SpfCause, looked: Looked, asked: Asked<DomainTools>): Promise<void> {
  const { domain } = asked.tools.question;
  const { record = "", lookups } = looked;
  const evidence = record === "" ? [] : [record];
  switch (cause.kind) {
    case "no-record":
      return tellMissing(cause.similar, looked, asked);
    case "several-records": {
      const changes = [publish(txt(domain, joined(cause.records)), cause.records), act("spf-merge")];
      const isOwn = cause.domain === domain;
      const values = { count: cause.records.length, where: cause.domain };
      const others = [act("spf-ask-owner", { where: cause.domain })];
      say(asked, "spf.several-records", {
        about: cause.domain,
        values,
        evidence: cause.records,
        changes: isOwn ? changes : others,
      });
      return;
    }
    case "syntax": {
      const problem = cause.faults.map((fault) => `"${fault.term}": ${fault.problem}`).join("; ");
      const words = act("words", { text: `Correct the TXT record of ${cause.domain}: ${problem}` });
      const mended = mendSpf(record);
      const ours = [words, ...(mended === undefined ? [] : [replace(asked, record, mended)])];
      const changes = cause.domain === domain ? ours : [act("spf-ask-owner", { where: cause.domain })];
      return say(asked, "spf.syntax", { values: { where: cause.domain, problem }, evidence, changes });
    }
    case "lookups": {
      const total = lookups === undefined || lookups.complete ? lookups?.total : `more than ${lookups.total}`;
      return say(asked, "spf.too-many-lookups", {
        values: { lookups: total ?? `more than ${spfLimits.lookups}` },
        evidence,
        changes: [act("spf-fewer-lookups", { costs: costsOf(lookups) })],
      });
    }
    case "dns":
      return say(asked, "spf.dns-failed", {
        values: { name: cause.name, problem: cause.problem },
        evidence,
        changes: [act("try-again")],
      });
    case "voids":
    case "mx-hosts":
      return tellTerm({ ...cause, kind: cause.kind }, record, asked);
    case "bad-target":
    case "loop":
      return tellTerm(cause, record, asked);
    case "not-a-domain":
    case "matched":
    case "nothing-matched":
      return;
  }
}

/** The dearest first: "include:mail.example 7, a 1". */
const costsOf = (lookups: SpfLookups | undefined): string =>
  (lookups?.parts ?? [])
    .toSorted((a, b) => b.lookups - a.lookups)
    .map((part) => `${part.term} ${part.lookups}`)
    .join(", ");

interface TermCause {
  readonly kind: "voids" | "mx-hosts" | "bad-target" | "loop";
  readonly domain: string;
  readonly term: string;
  readonly target?: string;
  readonly way?: readonly string[];
}

/** One term makes the record useless: take it out, where it is ours. */
function tellTerm(cause: TermCause, record: string, asked: Asked<DomainTools>): void {
  const { domain } = asked.tools.question;
  const { term, domain: where } = cause;
  const ids = {
    voids: "spf.too-many-voids",
    "mx-hosts": "spf.too-many-mx-hosts",
    "bad-target": "spf.include-fails",
    loop: "spf.loop",
  } as const;
  const values = {
    term,
    where,
    target: cause.target,
    way: cause.way?.join(" → "),
  };
  const mended = mendSpf(record);
  const ours =
    cause.kind === "bad-target" && mended !== undefined && !mended.split(" ").includes(term)
      ? [replace(asked, record, mended)]
      : [act("spf-remove-term", { term, where }), replace(asked, record, without(record, term))];
  const changes = where === domain ? ours : [act("spf-ask-owner", { where })];
  say(asked, ids[cause.kind], { values, evidence: [record], changes });
}

async function tellMissing(
  similar: string | undefined,
  { receives }: Looked,
  asked: Asked<DomainTools>,
): Promise<void> {
  const { domain, senders, wanted = [] } = asked.tools.question;
  if (similar !== undefined) {
    const better = mendSpf(similar);
    const changes = better === undefined ? [act("spf-begin")] : [publish(txt(domain, better), [similar])];
    return say(asked, "spf.not-a-record", { evidence: [similar], changes });
  }
  const alsoAt = [`spf.${domain}`, `_spf.${domain}`];
  if (await tellOfMisplaced({ what: "SPF", name: domain, isIt: isSpfRecord, alsoAt }, asked)) return;
  const ours = wanted.find(({ name, type, value }) => name === domain && type === "TXT" && isSpfRecord(value));
  if (ours !== undefined) return say(asked, "spf.missing", { changes: [publish(ours)] });
  const sending = senders.length > 0 ? senders.map(termFor) : receives ? ["mx"] : [];
  // who else sends for the domain is not known: what is forgotten must not be lost
  const record = ["v=spf1", ...sending, sending.length > 0 ? "~all" : "-all"].join(" ");
  const changes = [publish(txt(domain, record)), ...(sending.length > 0 ? [act("spf-list-all")] : [])];
  say(asked, "spf.missing", { changes });
}

const termFor = (address: string): string => `${address.includes(":") ? "ip6" : "ip4"}:${address}`;

function tellEverybody(cause: SpfCause, { record = "" }: Looked, asked: Asked<DomainTools>): void {
  if (cause.kind !== "matched") return;
  const { domain } = asked.tools.question;
  const { domain: where, mechanism } = cause;
  const { term } = mechanism;
  const better = mechanism.name === "all" ? without(record, term).concat(" -all") : without(record, term);
  const changes = where === domain ? [replace(asked, record, better)] : [act("spf-ask-owner", { where })];
  say(asked, "spf.everybody", { values: { term, where }, evidence: [record], changes });
}

async function lookAtSender(address: string, record: string, asked: Asked<DomainTools>): Promise<void> {
  const { domain } = asked.tools.question;
  const { result } = await walkSpf(walkFor(address, asked), domain);
  const values = { address, result };
  if (result === "pass") return say(asked, "spf.address-passes", { values });
  const changes = [replace(asked, record, withTerms(record, [termFor(address)]))];
  say(asked, "spf.address-fails", { values, evidence: [record], changes });
}
