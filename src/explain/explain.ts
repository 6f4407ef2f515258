// The door to the explanations: what a failure means, whether it is over, who can act, and what to do, in the reader's language.
import { type Diagnosis, diagnose } from "./diagnose.ts";
import type { CauseName, Explanation, FailureReport, Language } from "./explanation.ts";
import { readFailureLine } from "./failure-line.ts";
import { replyCodeFacts, statusFacts } from "./knowledge/codes.ts";
import { causeFacts } from "./knowledge/causes.ts";
import type { Knowledge } from "./knowledge/knowledge.ts";
import { inWords, valuesOf } from "./wording.ts";

export interface ExplainOptions {
  /** Of summary and steps; "en" unless told. */
  readonly language?: Language;
  /** With an operator's own rules; Waybill's alone unless told. */
  readonly knowledge?: Knowledge;
}

/**
 * Explains a reply, a diagnostic or any sentence about mail that failed. Pure, never throws: where nothing is known, the
 * cause is `unclear` or `unknown` and the codes still say what they can.
 */
export function explain(failure: string | FailureReport, options: ExplainOptions = {}): Explanation {
  const report = typeof failure === "string" ? { text: failure } : failure;
  return told(diagnose(report, options.knowledge), report, { language: options.language ?? "en" });
}

/** Puts a cause into words that is known by the kind of the report: its text is not asked. */
export function explainAs(cause: CauseName, report: FailureReport, options: AsOptions): Explanation {
  const diagnosis: Diagnosis = {
    cause,
    permanence: cause === "still-trying" ? "temporary" : "over",
    confidence: "certain",
    evidence: { text: "", rule: "the kind of report" },
    line: readFailureLine(report),
  };
  return told(diagnosis, report, options);
}

export interface AsOptions {
  readonly language: Language;
  /** Of the cause's summary, in the language files. */
  readonly variant?: string;
}

/** A diagnosis in words, with all that led to it. */
function told(diagnosis: Diagnosis, { recipient }: FailureReport, options: AsOptions): Explanation {
  const { cause, permanence, confidence, evidence, rule } = diagnosis;
  const disagreement = disagreementOf(diagnosis);
  return {
    ...inWords({ cause, permanence, ...options, values: valuesOf(recipient) }),
    confidence,
    forOperator: operatorFacts(diagnosis),
    evidence,
    ...(disagreement !== undefined && { disagreement }),
    sources: [...(rule?.source === undefined ? [] : [rule.source]), ...causeFacts(cause).sources],
  };
}

function operatorFacts({ line, rule, provider }: Diagnosis): string[] {
  const status = statusFacts(line.status);
  const reply = replyCodeFacts(line.code, line.stage);
  return [
    ...(reply ? [`${reply.code}: ${reply.meaning} (${reply.source})`] : []),
    ...(status ? [`${status.code}: ${status.meaning} (${status.source})`] : []),
    ...(line.host === undefined ? [] : [`Said by ${line.host}${provider ? ` (${provider.name})` : ""}.`]),
    ...(rule?.remedy === undefined ? [] : [rule.provider ? `${rule.provider.name}: ${rule.remedy}` : rule.remedy]),
  ];
}

function disagreementOf({ contradicts, line, rule, evidence }: Diagnosis): string | undefined {
  if (contradicts)
    return `The code ${contradicts.code} stands for "${contradicts.name}", but the words "${evidence.text}" say something else. The words count.`;
  if (rule?.permanence === "temporary" && line.code !== undefined && line.code >= 500)
    return `The code ${line.code} means that trying again is of no use, but this server uses it for what passes.`;
  return undefined;
}
