// Settling deliveries: states, events and notices of one attempt; and the removal of what is done.
import type { DatabaseSync } from "node:sqlite";
import type { Event } from "../../journal/event.ts";
import type { Address, ReversePath } from "../../mail/address.ts";
import type { QueueId } from "../../mail/message.ts";
import type { Settlement } from "../../queue/store.ts";
import { eventsToWrite } from "../settled-events.ts";
import type { HistoryWriting } from "./history.ts";
import { type Keeping, newDeliveries, type PreparedMessage } from "./keeping.ts";
import type { Lanes } from "./lanes.ts";

export type Removal = ReturnType<typeof removal>;

/** A message that is no longer queued; its body file, if it has one, is to be removed after the commit. */
export interface Gone {
  readonly queueId: QueueId;
  readonly file?: string;
}

export interface Settled {
  /** What is no longer queued. */
  readonly gone: Gone[];
  /** False: none of the deliveries was there, so neither events nor notices were written. */
  readonly written: boolean;
}

/** Takes deliveries out, and a message with its last one. */
export function removal(db: DatabaseSync) {
  // two plain statements cost less than one with RETURNING
  const messageOf = db.prepare("SELECT message_id FROM delivery WHERE delivery_id = ?");
  const removeDelivery = db.prepare("DELETE FROM delivery WHERE delivery_id = ?");
  const settled = db.prepare(`SELECT queue_id, body_file FROM message WHERE message_id = ?1
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_id = ?1)`);
  const removeMessage = db.prepare("DELETE FROM message WHERE message_id = ?");

  /** A delivery that is gone stays gone. */
  return (deliveryId: number): Gone | undefined => {
    const messageId = messageOf.get(deliveryId)?.["message_id"];
    if (messageId === undefined) return undefined;
    removeDelivery.run(deliveryId);
    const row = settled.get(messageId) as { queue_id: QueueId; body_file: string | null } | undefined;
    if (row === undefined) return undefined;
    removeMessage.run(messageId);
    return { queueId: row.queue_id, ...(row.body_file !== null && { file: row.body_file }) };
  };
}

interface Parts {
  readonly remove: Removal;
  readonly keep: Keeping;
  readonly history: HistoryWriting;
  readonly lanes: Lanes;
}

export type Settling = ReturnType<typeof settling>;

export function settling(db: DatabaseSync, { remove, keep, history, lanes }: Parts) {
  // a bounce ordered meanwhile stays due; an attempt that was not made says nothing new, unless it was postponed
  const defer = db.prepare(`UPDATE delivery SET lease_by = NULL, lease_until = NULL,
    due_at = CASE WHEN bounce_ordered THEN due_at ELSE :dueAt END,
    attempts = attempts + :attempted,
    deferred = deferred OR :news,
    last_failure = CASE WHEN :news THEN :because ELSE last_failure END,
    delay_notice_sent = :delayNoticeSent
    WHERE delivery_id = :deliveryId AND lease_by = :by RETURNING due_at, address, (SELECT reverse_path FROM message m WHERE m.message_id = delivery.message_id) AS reverse_path`);

  const addressOf = db.prepare("SELECT address FROM delivery WHERE delivery_id = ?");

  function postpone(deliveryId: number, by: string, next: Settlement["next"] & { kind: "deferred" }): void {
    const row = defer.get({
      deliveryId,
      by,
      dueAt: next.dueAt,
      because: JSON.stringify(next.because),
      attempted: next.attempted ? 1 : 0,
      news: next.attempted || next.postponed ? 1 : 0,
      delayNoticeSent: next.delayNoticeSent ? 1 : 0,
    });
    if (row !== undefined)
      lanes.waits(row["reverse_path"] as ReversePath, row["address"] as Address, Number(row["due_at"]));
  }

  return {
    /** What is done goes first, so that a full disk has room for the rest. */
    settle(settlements: readonly Settlement[], events: readonly Event[], notices: readonly PreparedMessage[]): Settled {
      const gone: Gone[] = [];
      const present = settlements.flatMap(({ deliveryId }) => (addressOf.get(deliveryId)?.["address"] as string) ?? []);
      if (present.length === 0) return { gone, written: false };
      for (const { deliveryId, by, next } of settlements)
        switch (next.kind) {
          case "done": {
            const message = remove(deliveryId);
            if (message !== undefined) gone.push(message);
            break;
          }
          case "deferred":
            postpone(deliveryId, by, next);
            break;
        }
      for (const notice of notices) {
        keep(notice.message, newDeliveries(notice), notice.body);
        history.record(notice.events);
      }
      history.record(eventsToWrite(events, present, settlements.length));
      return { gone, written: true };
    },
  };
}
