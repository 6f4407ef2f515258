// Inserting messages with their deliveries and events: the rows of `keep`, and of the notices in `settle`.
import type { DatabaseSync } from "node:sqlite";
import { domainOf } from "../../mail/address.ts";
import type { NewMessage } from "../../queue/store.ts";
import type { ClaimFronts } from "./claim-front.ts";
import type { HistoryWriting } from "./history.ts";
import { wishesOf } from "./rows.ts";

/** A body on its way to the writer thread: its bytes, or its file below bodies/, which is on the disk already. */
export type StoredBody = { readonly bytes: Uint8Array } | { readonly file: string };

export interface PreparedMessage extends Omit<NewMessage, "body"> {
  readonly body: StoredBody;
}

interface Parts {
  readonly history: HistoryWriting;
  readonly fronts: ClaimFronts;
}

export type Keeping = ReturnType<typeof keeping>;

export function keeping(db: DatabaseSync, { history, fronts }: Parts) {
  const insertMessage = db.prepare(`INSERT INTO message (queue_id, received_at, reverse_path, body_type, smtp_utf8, ret,
    envid, size_bytes, eight_bit, header_message_id, expires_at, body_file, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertDelivery = db.prepare(
    "INSERT INTO delivery (delivery_id, message_id, address, domain, wishes, due_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  // counted here, for SQLite would give the number of a removed row again, and a late settlement would hit another's
  let lastDeliveryId = Number(db.prepare("SELECT max(delivery_id) AS last FROM delivery").get()?.["last"] ?? 0);

  return ({ message, body, recipients, expiresAt, events }: PreparedMessage): void => {
    if (recipients.length === 0) throw new Error(`message ${message.queueId} has no recipients`); // it would stay for ever
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
      expiresAt,
      "file" in body ? body.file : null,
      "file" in body ? null : body.bytes,
    );
    for (const recipient of recipients) {
      const { address } = recipient;
      lastDeliveryId++;
      const who = [address, domainOf(address), wishesOf(recipient)] as const;
      insertDelivery.run(lastDeliveryId, messageId, ...who, message.receivedAt);
    }
    fronts.arrived(message.receivedAt);
    history.record(events);
  };
}
