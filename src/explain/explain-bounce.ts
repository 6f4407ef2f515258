// A bounce read and explained: which recipients, why, and what to do for each.
import { type BounceReport, readBounce, type ReportedRecipient } from "./bounce/bounce.ts";
import { explain, explainAs, type ExplainOptions } from "./explain.ts";
import type { CauseName, Explanation } from "./explanation.ts";

export interface ExplainedRecipient extends ReportedRecipient {
  readonly explanation: Explanation;
}

export interface ExplainedBounce extends Omit<BounceReport, "recipients"> {
  readonly recipients: readonly ExplainedRecipient[];
}

/** What these reports say of everybody in them, whatever text stands there. */
const causeOfKind: Partial<Record<BounceReport["kind"], CauseName>> = {
  delivered: "delivered",
  complaint: "complaint",
  "auto-reply": "auto-reply",
};

/** Of mail that is delayed these tell nothing: it has not been given up. */
const saysNothing: ReadonlySet<CauseName> = new Set(["unclear", "unknown", "gave-up-waiting"]);

/**
 * Reads a message of any kind as a bounce and explains it for each recipient in it. Pure, never throws, and looks at a
 * bounded part of large messages. A person's mail has kind `other`; only if it passes on a report
 * has it recipients.
 */
export function explainBounce(message: Uint8Array, options: ExplainOptions = {}): ExplainedBounce {
  const report = readBounce(message);
  const recipients = report.recipients.map((recipient): ExplainedRecipient => ({
    ...recipient,
    explanation: explainRecipient(recipient, report, options),
  }));
  return { ...report, recipients };
}

function explainRecipient(recipient: ReportedRecipient, report: BounceReport, options: ExplainOptions): Explanation {
  const { language = "en" } = options;
  const { feedbackType } = report.original;
  const arrived = recipient.action === "delivered" || recipient.action === "relayed";
  const cause = arrived ? "delivered" : causeOfKind[report.kind];
  if (cause !== undefined)
    return explainAs(cause, recipient, { language, ...(feedbackType !== undefined && { variant: feedbackType }) });
  const explanation = explain(recipient, options);
  const isUntold = report.kind === "delay" && saysNothing.has(explanation.cause);
  return isUntold ? explainAs("still-trying", recipient, { language }) : explanation;
}
