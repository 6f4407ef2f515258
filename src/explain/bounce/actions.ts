// What became of the message for each recipient: what the fields say of it, and the words where the fields do not. RFC 3464 §2.3.3
import type { BounceReport, ReportedRecipient } from "./report.ts";
import { speaksOf } from "./words.ts";

/** What a report says of all its recipients. */
export interface Tone {
  readonly isDelay: boolean;
  readonly hasGivenUp: boolean;
  readonly isBounceSubject: boolean;
}

export function toneOf(subject: string, text: string): Tone {
  const all = `${subject}\n${text}`;
  return {
    isDelay: speaksOf("delay", all),
    hasGivenUp: speaksOf("gaveUp", all),
    isBounceSubject: speaksOf("bounceSubject", subject),
  };
}

/** An action is not always there, and not always true: "delayed" by a system that says it has given up. */
export function withAction(recipient: ReportedRecipient, toneOfAll: () => Tone): ReportedRecipient {
  const { status = "" } = recipient;
  if (recipient.action === "failed") return { ...recipient, givenUp: true };
  if (recipient.action !== undefined && recipient.action !== "delayed") return recipient;
  const { isDelay, hasGivenUp, isBounceSubject } = toneOfAll();
  const mayBeTried = isDelay && !hasGivenUp && !status.startsWith("5");
  const guessed = status.startsWith("2") ? "delivered" : mayBeTried ? "delayed" : "failed";
  const told = recipient.action ?? guessed;
  const isOver = told === "delayed" && hasGivenUp && (status.startsWith("5") || (isBounceSubject && !isDelay));
  const action = isOver ? "failed" : told;
  return { ...recipient, action, ...(action === "failed" && { givenUp: true }) };
}

/** What is worst counts. */
export function kindOf(recipients: readonly ReportedRecipient[]): BounceReport["kind"] {
  if (recipients.some(({ action }) => action === "failed")) return "failure";
  return recipients.some(({ action }) => action === "delayed") ? "delay" : "delivered";
}
