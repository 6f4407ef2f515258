// The whole account of an SPF check: the steps, the verdict, and what to change.
import type { SpfResult, SpfVerdict } from "../../mail/verdict.ts";
import { oneLine } from "../../mail/printable.ts";
import { spfAdvice } from "./spf-advice.ts";
import { countLookups } from "./spf-lookups.ts";
import { walkSpf } from "./spf-walk.ts";
import type { SpfReason } from "./reasons.ts";
import { loopText, type SpfCause, type Walk } from "./spf-walked.ts";
import { check, type Step } from "./step.ts";

/**
 * `walk`: fresh, with the resolver that the verdicts were found with, so that few questions are asked anew. The first
 * verdict is the one that counts.
 */
export async function explainSpf(walk: Omit<Walk, "counts">, [verdict, helo]: readonly SpfVerdict[]): Promise<Step[]> {
  if (verdict === undefined) return [];
  const { domain, explanation } = verdict;
  const fresh: Walk = { ...walk, counts: { lookups: 0, voids: 0 } };
  const walked = await walkSpf(fresh, domain);
  const agrees = walked.result === verdict.result;
  const doubt = `This account comes to ${walked.result}, the check itself to ${verdict.result}: its matches are not certain`;
  const lookups = walked.cause.kind === "lookups" ? await countLookups(fresh, domain) : undefined;
  const advised = { client: walk.client.toString(), domain, walked, ...(lookups !== undefined && { lookups }) };
  return [
    ...(agrees ? walked.steps : [...walked.steps.map(uncertain), check("retelling", doubt, "warning")]),
    ...(explanation === undefined
      ? []
      : [check("explanation", `Its words to those it refuses: "${oneLine(explanation)}"`)]),
    ...(helo === undefined ? [] : [check("HELO", `Aside, for HELO: ${helo.result}: ${oneLine(helo.because)}`)]),
    resultStep(verdict, agrees ? walked.cause : undefined),
    ...(agrees ? spfAdvice(advised) : []),
  ];
}

/** Without what is not known for certain. */
function uncertain(step: Step): Step {
  const { tone: _, steps, ...rest } = step;
  const inner = steps === undefined ? {} : { steps: steps.map(uncertain) };
  if (rest.kind !== "mechanism") return { ...rest, ...inner };
  const { matched: _matched, ...mechanism } = rest;
  return { ...mechanism, text: oneLine(mechanism.term), ...inner };
}

function resultStep({ result, domain, because, scope }: SpfVerdict, cause: SpfCause | undefined): Step {
  const whose = scope === "helo" ? ` (asked for the HELO name ${oneLine(domain)}, because MAIL FROM is empty)` : "";
  const why = cause === undefined ? oneLine(because) : causeText(cause);
  return {
    kind: "result",
    result,
    reason: cause === undefined ? "not-explained" : reasonOf(cause),
    text: `${result}: ${why}${whose}. ${meaning[result]}`,
    tone: result === "pass" ? "good" : result === "none" || result === "neutral" ? "warning" : "bad",
  };
}

const meaning: Readonly<Record<SpfResult, string>> = {
  pass: "The domain lets this address send its mail",
  fail: "The domain says that this address must not send its mail: many receivers refuse it",
  softfail: "The domain doubts that this address may send its mail: receivers tend to mark it as spam",
  neutral: "The domain says neither yes nor no",
  none: "The domain says nothing about who may send its mail",
  temperror: "DNS could not be asked: receivers defer the mail or take it unchecked",
  permerror: "The record cannot be used as it is: receivers treat the domain as one without protection, or refuse",
};

function reasonOf(cause: SpfCause): SpfReason {
  switch (cause.kind) {
    case "matched":
      return cause.mechanism.qualifier === "+" ? "listed" : cause.mechanism.name === "all" ? "not-listed" : "excluded";
    case "nothing-matched":
      return "not-listed";
    case "no-record":
      return cause.exists ? "no-record" : "no-such-domain";
    case "not-a-domain":
    case "several-records":
    case "syntax":
    case "bad-target":
    case "loop":
    case "lookups":
    case "voids":
    case "mx-hosts":
    case "dns":
      return reasons[cause.kind];
  }
}

const reasons = {
  "not-a-domain": "not-a-domain",
  "several-records": "two-records",
  syntax: "syntax-error",
  "bad-target": "no-record-at-target",
  loop: "includes-itself",
  lookups: "too-many-lookups",
  voids: "too-many-void-lookups",
  "mx-hosts": "too-many-mx-hosts",
  dns: "dns-failed",
} as const;

function causeText(cause: SpfCause): string {
  switch (cause.kind) {
    case "matched":
      return `"${oneLine(cause.mechanism.term)}" matches in the record of ${oneLine(cause.domain)}`;
    case "nothing-matched":
      return `no term matches in the record of ${oneLine(cause.domain)}`;
    case "not-a-domain":
      return `"${oneLine(cause.domain)}" is no full domain name`;
    case "no-record":
      return cause.exists
        ? `${oneLine(cause.domain)} has no SPF record`
        : `${oneLine(cause.domain)} does not exist in DNS`;
    case "several-records":
      return `${oneLine(cause.domain)} has ${cause.records.length} SPF records`;
    case "syntax":
      return `${cause.faults.map(({ term }) => `"${oneLine(term)}"`).join(" and ")} in the record of ${oneLine(cause.domain)} ${cause.faults.length === 1 ? "is" : "are"} wrong`;
    case "loop":
      return loopText(cause.way);
    case "bad-target":
      return `"${oneLine(cause.term)}" leads to ${oneLine(cause.target)}, which has no SPF record`;
    case "lookups":
      return "too many DNS lookups";
    case "voids":
      return "too many DNS lookups that find nothing";
    case "mx-hosts":
      return `"${oneLine(cause.term)}" leads to too many MX hosts`;
    case "dns":
      return `DNS failed for ${oneLine(cause.name)}`;
  }
}
