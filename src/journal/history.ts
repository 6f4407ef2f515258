// The port of the history: events kept for a number of days, read by `trace`.
import type { Instant } from "../base/world.ts";
import type { Address } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";
import type { Event } from "./event.ts";

/** One of them; all events of the matching messages come, oldest first. */
export type HistoryQuery =
  | { readonly queueId: QueueId }
  /** With or without angle brackets. */
  | { readonly messageId: string }
  /** Sender, author, or recipient as named or as reached; or an account of this name. */
  | { readonly address: Address }
  /** Who logged in to send it. */
  | { readonly account: string };

export interface HistoryStore {
  /** Events outside a queue transaction (refusals). Resolves when written; order is kept. Too many refusals, or such as come when the disk is nearly full, are left out. */
  record(events: readonly Event[]): Promise<void>;
  /** Events of at most `messages` messages, the newest messages; each message's events oldest first. */
  find(query: HistoryQuery, messages: number): Promise<Event[]>;
  /** Events of one message, oldest first, as far as they are written; for the mail itself, in each thread. */
  story(queueId: QueueId): Promise<Event[]>;
  /** Forgets events older than `before` of messages that are no longer queued; at most `limit` rows; answers how many. */
  prune(before: Instant, limit: number): Promise<number>;
}
