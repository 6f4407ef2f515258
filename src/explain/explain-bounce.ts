// A bounce read and explained: which recipients, why, and what to do for each.
import { type BounceReport, readBounce, type ReportedRecipient } from "./bounce/bounce.ts";
import { explain, type ExplainOptions } from "./explain.ts";
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
 * bounded part of large messages. A person's mail has kind `other` and no recipients.
 */
export function explainBounce(message: Uint8Array, options: ExplainOptions = {}): ExplainedBounce {
  const report = readBounce(message);
  const cause = causeOfKind[report.kind];
  const recipients = report.recipients.map((recipient): ExplainedRecipient => {
    const ended = recipient.action === "delivered" || recipient.action === "relayed" ? "delivered" : cause;
    const explanation = explain(recipient, { ...options, ...(ended && { cause: ended }) });
    if (report.kind !== "delay" || !saysNothing.has(explanation.cause)) return { ...recipient, explanation };
    return { ...recipient, explanation: explain(recipient, { ...options, cause: "still-trying" }) };
  });
  return { ...report, recipients };
}
