// Inserting messages with their deliveries: those that the spool holds for longer than a moment, and notices.
import type { DatabaseSync } from "node:sqlite";
import { domainOf } from "../../mail/address.ts";
import type { Message } from "../../mail/message.ts";
import type { NewMessage } from "../../queue/store.ts";
import { type Kept, newDelivery } from "../deliveries.ts";
import { laneOf } from "../lane.ts";
import type { Lanes } from "./lanes.ts";
import { wishesOf } from "./rows.ts";

/** A small body's bytes, or the file of a large one below bodies/, which is on the disk already. */
export type StoredBody = { readonly bytes: Uint8Array } | { readonly file: string };

/** On its way to the writer thread. */
export interface PreparedMessage extends Omit<NewMessage, "body"> {
  readonly body: StoredBody;
  /** The first of its deliveries gets this number. */
  readonly firstDeliveryId: number;
}

/** The deliveries of a message that was kept just now. */
export const newDeliveries = (prepared: Omit<PreparedMessage, "body" | "events">, lease?: Kept["lease"]): Kept[] =>
  prepared.recipients.map((recipient, i) => ({
    ...newDelivery,
    deliveryId: prepared.firstDeliveryId + i,
    message: prepared.message,
    recipient,
    expiresAt: prepared.expiresAt,
    dueAt: prepared.message.receivedAt,
    lease,
  }));

export type Keeping = ReturnType<typeof keeping>;

export function keeping(db: DatabaseSync, lanes: Lanes) {
  const insertMessage = db.prepare(`INSERT INTO message (queue_id, received_at, reverse_path, body_type, smtp_utf8, ret,
    envid, size_bytes, eight_bit, header_message_id, expires_at, body_file, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (delivery_id, message_id, address, domain, lane, wishes, due_at, attempts, deferred,
      delay_notice_sent, last_failure, lease_by, lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );

  return (message: Message, deliveries: readonly Kept[], body: StoredBody): void => {
    const { lastInsertRowid: messageId } = insertMessage.run(
      message.queueId,
      message.receivedAt,
      message.reversePath,
      message.bodyType,
      message.smtpUtf8 ? 1 : 0,
      message.ret ?? null,
      message.envid ?? null,
      message.sizeBytes,
      message.eightBit ? 1 : 0,
      message.messageId ?? null,
      deliveries[0]!.expiresAt,
      "file" in body ? body.file : null,
      "file" in body ? null : body.bytes,
    );
    for (const { deliveryId, recipient, dueAt, lease, ...state } of deliveries) {
      const { address } = recipient;
      const lane = laneOf(message.reversePath, address);
      const who = [address, domainOf(address), lane, wishesOf(recipient)] as const;
      const failure = state.lastFailure === undefined ? null : JSON.stringify(state.lastFailure);
      const tried = [state.attempts, Number(state.deferred), Number(state.delayNoticeSent), failure] as const;
      insertDelivery.run(deliveryId, messageId, ...who, dueAt, ...tried, lease?.by ?? null, lease?.until ?? null);
      if (lease === undefined) lanes.waits(message.reversePath, address, dueAt);
    }
  };
}
