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

/** Other recipients of the message know its return address, whatever became of them: they could have written the report. */
export const isShared = ({ received }: Story): boolean => received.to.length > 1;

export interface Named<T> {
  /** Each recipient of the message once. */
  readonly of: ReadonlyMap<Address, T>;
  /** It speaks of somebody of whom nothing is known. */
  readonly isPartial: boolean;
}

/** Which of the message's recipients a report speaks of: by address, else the only one that there ever was. */
export function namedIn<T extends ReportedRecipient>(story: Story, recipients: readonly T[]): Named<T> {
  const byName = new Map(story.reached.map((one) => [one.toLowerCase(), one]));
  const named = new Map<Address, T>();
  const others: T[] = [];
  for (const recipient of recipients) {
    const { address, originalAddress = "" } = recipient;
    const to = byName.get(address.toLowerCase()) ?? byName.get(originalAddress.toLowerCase());
    if (to === undefined) others.push(recipient);
    else if (!named.has(to)) named.set(to, recipient);
  }
  const [other] = others;
  if (other === undefined || isShared(story)) return { of: named, isPartial: other !== undefined };
  const only = story.received.to[0]!;
  return { of: named.size > 0 ? named : new Map([[only, other]]), isPartial: false };
}

/** Of whom the same came before. */
export const toldOf = ({ events }: Story, kind: "bounced-later" | "complained"): ReadonlySet<Address> =>
  new Set(events.flatMap((event) => (event.kind === kind ? event.to : [])));
