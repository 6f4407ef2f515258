// What a failure is, before it is put into words: the words of the other side first, then its codes, then where it said no.
import type { CauseName, Confidence, Evidence, FailureReport, Permanence, ReplyStage } from "./explanation.ts";
import { type FailureLine, readFailureLine } from "./failure-line.ts";
import { type CodeFacts, replyCodeFacts, statusFacts } from "./knowledge/codes.ts";
import { causeFacts } from "./knowledge/causes.ts";
import { type Knowledge, ownKnowledge, phraseOf, ranks, type Rule } from "./knowledge/knowledge.ts";
import { isHostOf, type Provider } from "./knowledge/providers.ts";
import { normalText, type NormalText } from "./matching/normal-text.ts";
import { findPhrase, groundOf } from "./matching/phrase.ts";

export interface Diagnosis {
  readonly cause: CauseName;
  readonly permanence: Permanence;
  readonly confidence: Confidence;
  readonly evidence: Evidence;
  readonly line: FailureLine;
  readonly rule?: Rule;
  /** Whose server said it. */
  readonly provider?: Provider;
  /** Set where a telling code means something else than the words. */
  readonly contradicts?: CodeFacts;
}

/** One way to read the failure; the highest rank counts, then the longest wording, then the first rule. */
interface Reading {
  readonly cause: CauseName;
  readonly rank: number;
  readonly weight: number;
  readonly evidence: Evidence;
  readonly confidence: Confidence;
  readonly rule?: Rule;
}

/** Wordings shorter than this are found in too many places to be sure. */
const certainWeight = 10;

/** What was diagnosed lately: a site that is in trouble says the same to every message. */
const lately = new WeakMap<Knowledge, Map<string, Diagnosis>>();
const mostLately = 1_000;
/** Longer texts are rarely the same. */
const longestAlike = 500;

/** Never throws; `unclear` or `unknown` where nothing is known. */
export function diagnose(report: FailureReport, knowledge: Knowledge = ownKnowledge()): Diagnosis {
  if (report.text.length > longestAlike) return find(report, knowledge);
  const { text, code, status, stage, host, recipient, givenUp } = report;
  const key = [code, status, stage, host, domainOf(recipient), givenUp, text].join("\n");
  let known = lately.get(knowledge);
  if (known === undefined) lately.set(knowledge, (known = new Map()));
  let diagnosis = known.get(key);
  if (diagnosis === undefined) {
    diagnosis = find(report, knowledge);
    if (known.size >= mostLately) known.clear();
    known.set(key, diagnosis);
  }
  return diagnosis;
}

function find(report: FailureReport, knowledge: Knowledge): Diagnosis {
  const line = readFailureLine(report);
  const normal = normalText(line.text);
  const names = [line.host, domainOf(report.recipient)].filter((name) => name !== undefined);
  const providers = knowledge.providers.find(names, normal.text);
  const readings = [...byWords(line, normal, { knowledge, providers }), ...byCodes(line, { knowledge, providers })];
  const best = readings.reduce<Reading>(
    (best, one) => (one.rank > best.rank || (one.rank === best.rank && one.weight > best.weight) ? one : best),
    nothingKnown(line),
  );
  const { confidence, evidence, rule } = best;
  const cause = pretendedUnknown(best, line);
  const provider = [...providers].find((one) => line.host !== undefined && isHostOf(line.host, one));
  const contradicts = contradiction(best, line);
  return {
    cause,
    confidence,
    evidence,
    line,
    permanence: permanenceOf({ ...best, cause }, line, report.givenUp === true),
    ...(rule && { rule }),
    ...(provider && { provider }),
    ...(contradicts && { contradicts }),
  };
}

/** "Unknown" as the answer to a message, or with a code that speaks of a known mailbox, is what filters say. */
const pretendedUnknown = ({ cause, rank }: Reading, { stage, status = "" }: FailureLine): CauseName =>
  cause === "no-such-mailbox" &&
  rank === ranks.words &&
  stage !== "rcpt" &&
  (stage === "data" || /^5\.2\.[01]$/.test(status))
    ? "recipient-filter"
    : cause;

const domainOf = (address?: string): string | undefined =>
  address?.includes("@") ? address.slice(address.lastIndexOf("@") + 1).toLowerCase() : undefined;

interface Known {
  readonly knowledge: Knowledge;
  readonly providers: ReadonlySet<Provider>;
}

function byWords(line: FailureLine, normal: NormalText, { knowledge, providers }: Known): Reading[] {
  const readings: Reading[] = [];
  const ground = groundOf(normal.text);
  for (const id of knowledge.index.candidates(normal.text)) {
    const ranked = knowledge.phrases[id]!;
    const { says, rule, rank } = ranked;
    if (readings.length > 0 && rank < readings[0]!.rank) break;
    if (!applies(rule, line, providers)) continue;
    const found = findPhrase(
      phraseOf(ranked),
      ground,
      (start) => rule.provider !== undefined || !isInUrl(normal, start),
    );
    if (found === undefined) continue;
    readings.push({
      cause: rule.cause,
      rank,
      weight: found.weight + conditionsOf(rule) / 10,
      evidence: { text: original(line.text, normal, found), rule: `${rule.name}: ${says}` },
      confidence: rule.weak ? "guess" : found.weight >= certainWeight ? "certain" : "likely",
      rule,
    });
  }
  return readings;
}

/** Of two rules that find the same words, the one that asks for more fits better. */
const conditionsOf = ({ codes, enhanced, stages, transient }: Rule): number =>
  [codes, enhanced, stages, transient].filter((condition) => condition !== undefined).length;

function applies(rule: Rule, line: FailureLine, providers: ReadonlySet<Provider>): boolean {
  if (rule.provider !== undefined && !providers.has(rule.provider)) return false;
  if (rule.codes && (line.code === undefined || !rule.codes.includes(line.code))) return false;
  if (rule.stages && (line.stage === undefined || !rule.stages.includes(line.stage))) return false;
  if (rule.enhanced && !rule.enhanced.some((pattern) => fitsStatus(pattern, line.status))) return false;
  return rule.transient === undefined || rule.transient === isTransient(line);
}

/** `7.26` or `7.*` against `5.7.26`. */
function fitsStatus(pattern: string, status = ""): boolean {
  const detail = status.slice(2);
  return pattern.endsWith(".*") ? detail.startsWith(pattern.slice(0, -1)) : detail === pattern;
}

const isTransient = ({ code, status }: FailureLine): boolean =>
  code === undefined ? status?.startsWith("4") === true : code >= 400 && code < 500;

function isInUrl({ urls }: NormalText, at: number): boolean {
  for (let i = 0; i < urls.length; i += 2) if (at >= urls[i]! && at < urls[i + 1]!) return true;
  return false;
}

const original = (text: string, { origins }: NormalText, { start, end }: { start: number; end: number }): string =>
  text.slice(origins[start], (origins[end - 1] ?? text.length) + 1);

function byCodes(line: FailureLine, { knowledge, providers }: Known): Reading[] {
  const readings: Reading[] = [];
  const rule = knowledge.byCode.find((one) => applies(one, line, providers));
  const said = [line.code, line.status].filter((part) => part !== undefined).join(" ");
  if (rule !== undefined)
    readings.push({
      cause: rule.cause,
      rank: rule.weak ? ranks.weakWords : rule.provider ? ranks.providerCode : ranks.tellingCode,
      weight: 0,
      evidence: { text: said, rule: rule.name },
      confidence: "likely",
      rule,
    });
  for (const facts of [statusFacts(line.status), replyCodeFacts(line.code, line.stage)]) {
    if (facts?.cause === undefined) continue;
    readings.push({
      cause: facts.cause,
      rank: facts.telling ? ranks.tellingCode : ranks.vagueCode,
      weight: 0,
      evidence: { text: facts.code, rule: facts.source },
      confidence: facts.telling ? "likely" : "guess",
    });
  }
  return readings;
}

function nothingKnown({ text, code, status }: FailureLine): Reading {
  const isSilent = text.trim() === "" && code === undefined && status === undefined;
  const evidence = { text: "", rule: isSilent ? "nothing is said" : "no rule and no code fits" };
  return { cause: isSilent ? "unknown" : "unclear", rank: 0, weight: 0, evidence, confidence: "guess" };
}

function contradiction({ cause, rank }: Reading, { status }: FailureLine): CodeFacts | undefined {
  const facts = statusFacts(status);
  return rank >= ranks.words && facts?.telling && facts.cause !== cause ? facts : undefined;
}

/** What DNS says with a code of class 4 may be its own trouble: that is no reason to strike an address off. */
const isOfDns: ReadonlySet<CauseName> = new Set(["no-such-domain", "domain-takes-no-mail"]);

/** Codes of class 4 are tried again, unless the system that tells of them has given up. */
function permanenceOf({ cause, rule }: Reading, line: FailureLine, givenUp: boolean): Permanence {
  if (rule?.permanence !== undefined) return givenUp && rule.permanence === "temporary" ? "over" : rule.permanence;
  const { address, passes } = causeFacts(cause);
  const isCoded = line.code !== undefined || line.status !== undefined;
  const mayPass = isCoded ? isTransient(line) : passes;
  if (mayPass && !givenUp) return "temporary";
  return address && !(mayPass && isOfDns.has(cause)) ? "permanent" : "over";
}

export type { FailureLine, ReplyStage };
