// What a bounce is read into. Plain data.
import type { FailureReport } from "../explanation.ts";

export interface BounceReport {
  /**
   * `failure`: at least one recipient has failed. `delay`: still tried. `delivered`: a receipt of success. `complaint`: a
   * feedback report, or a wish to get no more. `auto-reply`: a program answers for a person. `other`: none of these;
   * its recipients are those of a report that a person has forwarded, if it is such a mail.
   */
  readonly kind: "failure" | "delay" | "delivered" | "complaint" | "auto-reply" | "other";
  /** Each address once. */
  readonly recipients: readonly ReportedRecipient[];
  readonly original: OriginalMessage;
  /** Reporting-MTA, or the system's name. */
  readonly reportedBy?: string;
  /** "rfc3464", "rfc5965", "qmail", "exim", …: what it was read as, for people. */
  readonly format: string;
}

/** RFC 3464 §2.3.3 */
export type ReportedAction = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

export interface ReportedRecipient extends FailureReport {
  /** The final recipient; "" where the report names none. */
  readonly address: string;
  /** What the sender wrote, before aliases. */
  readonly originalAddress?: string;
  readonly action?: ReportedAction;
}

/** What is told of the message that the report is about. */
export interface OriginalMessage {
  /** With its angle brackets. */
  readonly messageId?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  readonly date?: string;
  readonly envelopeId?: string;
  readonly returnPath?: string;
  /** RFC 5965 §3.1: abuse, fraud, opt-out, auth-failure, … */
  readonly feedbackType?: string;
}
