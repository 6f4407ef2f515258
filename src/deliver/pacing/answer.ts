// What the outcomes of one delivery tell the pacer.
import type { CauseName } from "../../explain/explanation.ts";
import { causeOf } from "../../explain/failure.ts";
import type { Recipient } from "../../mail/envelope.ts";
import { isPermanent } from "../../mail/failure.ts";
import type { Outcome } from "../../mail/outcome.ts";
import { type Signal, signalOf } from "./signal.ts";
import type { Answer } from "./site.ts";

/** The first that is among the signals counts. */
const worst: readonly Exclude<Signal, "none">[] = [
  "unreachable",
  "stop",
  "rate",
  "messages",
  "connections",
  "slow",
  "cold",
];

export function answerOf(outcomes: readonly Outcome[]): Answer {
  const heard = outcomes.map((outcome) => (outcome.kind === "delivered" ? undefined : outcome.because));
  const signals = heard.map((because) => because && signalOf(because));
  const isDelivered = heard.includes(undefined);
  const signal = worst.find((signal) => signals.includes(signal) && !(isDelivered && signal === "unreachable"));
  if (signal !== undefined) return { kind: "bad", signal, because: heard[signals.indexOf(signal)]! };
  if (isDelivered) return { kind: "good" };
  const isAnswer = heard.some((because) => because?.kind === "refused" || (because && isPermanent(because)));
  return { kind: isAnswer ? "reached" : "no-news" };
}

/** Why each recipient's delivery failed or was put off. */
export const causesOf = (recipients: readonly Recipient[], outcomes: readonly Outcome[]): CauseName[] =>
  outcomes.flatMap((outcome, i) =>
    outcome.kind === "delivered" ? [] : causeOf(outcome.because, recipients[i]!.address),
  );
