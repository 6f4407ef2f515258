// What the history knows of a message that something came back about: whose it was, whom it reached, what was told already.
import type { Event } from "../journal/event.ts";
import type { HistoryStore } from "../journal/history.ts";
import type { ReportedRecipient } from "../explain/bounce/bounce.ts";
import type { Address } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";

export interface Story {
  readonly received: Extract<Event, { kind: "received" }>;
  /** Those who were handed the message; before anyone was, all. */
  readonly reached: readonly Address[];
  readonly events: readonly Event[];
}

/** Undefined: nothing is known of such a message. */
export async function storyOf(history: Pick<HistoryStore, "story">, queueId: QueueId): Promise<Story | undefined> {
  const events = await history.story(queueId);
  const received = events.find((event) => event.kind === "received");
  if (received === undefined) return undefined;
  const delivered = events.flatMap((event) => (event.kind === "delivered" ? event.to : []));
  return { received, reached: delivered.length > 0 ? [...new Set(delivered)] : received.to, events };
}

/** Which of the message's recipients a report speaks of: by address, else the only one that there is. */
export function recipientIn(
  { reached }: Story,
  { address, originalAddress = "" }: ReportedRecipient,
): Address | undefined {
  const named = new Set([address, originalAddress].map((name) => name.toLowerCase()));
  return reached.find((one) => named.has(one.toLowerCase())) ?? (reached.length === 1 ? reached[0] : undefined);
}

/** The same came before. */
export const isTold = ({ events }: Story, kind: "bounced-later" | "complained", to: Address): boolean =>
  events.some((event) => event.kind === kind && event.to === to);
