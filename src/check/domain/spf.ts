// The SPF record as receivers use it: syntax, lookups, includes, and what each of our sending addresses would get. RFC 7208.
import { joined, spfWarnings } from "../authentication/spf-advice.ts";
import { parseClient } from "../authentication/spf-address.ts";
import { countLookups, type SpfLookups } from "../authentication/spf-lookups.ts";
import { isSpfRecord } from "../authentication/spf-record.ts";
import { walkSpf } from "../authentication/spf-walk.ts";
import { type SpfCause, spfLimits, type Walk, type Walked } from "../authentication/spf-walked.ts";
import { txt } from "../dns-record.ts";
import { act, type Change, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { domainCheck, type DomainTools, isHopeless, say } from "./question.ts";

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

/** A client that no record can list: of a network for documentation. RFC 5737. Receivers count most for such a one. */
const nobody = "198.51.100.254";

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
  const answer = await tools.resolver.txt(tools.question.domain);
  return answer.kind === "found" ? answer.records.find(isSpfRecord) : undefined;
}

async function tellOf(looked: Looked, asked: Asked<DomainTools>): Promise<void> {
  const { walked, record = "", lookups } = looked;
  const evidence = record === "" ? [] : [record];
  const { cause } = walked;
  const isEverybody = walked.result === "pass";
  if (isBroken(walked)) tellBroken(cause, looked, asked);
  else if (isEverybody) tellEverybody(cause, looked, asked);
  else if (walked.result === "neutral") {
    const better = withTerms(record.replace(/\s[?]all\b/i, ""), ["~all"]);
    say(asked, "spf.no-end", { evidence, changes: [replace(asked, record, better)] });
  }
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
  const others = spfWarnings(walked.steps).filter((text) => !isEverybody || !text.includes("every machine"));
  for (const advice of others) say(asked, "spf.unwise", { evidence, changes: [act("words", { text: advice })] });
}

const nearLimit = spfLimits.lookups - 1;

const replace = ({ tools }: Asked<DomainTools>, old: string, better: string): Change =>
  publish(txt(tools.question.domain, better), [old]);

/** What decided is that the record cannot be used. */
function tellBroken(cause: SpfCause, looked: Looked, asked: Asked<DomainTools>): void {
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
      return say(asked, "spf.several-records", {
        about: cause.domain,
        values,
        evidence: cause.records,
        changes: isOwn ? changes : others,
      });
    }
    case "syntax": {
      const problem = cause.faults.map((fault) => `"${fault.term}": ${fault.problem}`).join("; ");
      const words = act("words", { text: `Correct the TXT record of ${cause.domain}: ${problem}` });
      const changes = cause.domain === domain ? [words] : [act("spf-ask-owner", { where: cause.domain })];
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
  const ours = [act("spf-remove-term", { term, where }), replace(asked, record, without(record, term))];
  const changes = where === domain ? ours : [act("spf-ask-owner", { where })];
  say(asked, ids[cause.kind], { values, evidence: [record], changes });
}

function tellMissing(similar: string | undefined, { receives }: Looked, asked: Asked<DomainTools>): void {
  const { domain, senders } = asked.tools.question;
  if (similar !== undefined) {
    const terms = similar.replaceAll('"', "").replace(/^\s*(?:v\s*=?\s*)?spf[12]?\d*[\s:;,]*/i, "");
    const better = `v=spf1 ${terms}`.trim();
    return say(asked, "spf.not-a-record", { evidence: [similar], changes: [publish(txt(domain, better), [similar])] });
  }
  const terms = senders.length > 0 ? senders.map(termFor) : receives ? ["mx"] : [];
  say(asked, "spf.missing", { changes: [publish(txt(domain, ["v=spf1", ...terms, "-all"].join(" ")))] });
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

const isLast = (term: string): boolean => /^(?:[+\-~?]?all$|redirect=)/i.test(term);

/** Before what ends the record. */
function withTerms(record: string, added: readonly string[]): string {
  const terms = record.split(" ").filter((term) => term !== "");
  const at = terms.findIndex(isLast);
  return (at === -1 ? [...terms, ...added] : terms.toSpliced(at, 0, ...added)).join(" ");
}

const without = (record: string, term: string): string =>
  record
    .split(" ")
    .filter((one) => one !== "" && one !== term)
    .join(" ");
