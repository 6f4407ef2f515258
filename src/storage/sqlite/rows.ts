// Rows of the SQLite driver, as values and back.
import type { Address } from "../../mail/address.ts";
import type { Recipient } from "../../mail/envelope.ts";
import type { Failure } from "../../mail/failure.ts";
import type { Message, QueueId } from "../../mail/message.ts";
import type { Delivery, DeliveryState, QueuedDelivery } from "../../queue/store.ts";

/** Columns of `message` without the body. */
export interface MessageRow {
  readonly queue_id: QueueId;
  readonly received_at: number;
  readonly reverse_path: Message["reversePath"];
  readonly body_type: Message["bodyType"];
  readonly smtp_utf8: number;
  readonly ret: "full" | "hdrs" | null;
  readonly envid: string | null;
  readonly size_bytes: number;
  readonly eight_bit: number;
  readonly header_message_id: string | null;
  readonly expires_at: number;
}

export interface DeliveryRow {
  readonly delivery_id: number;
  readonly address: Address;
  readonly wishes: string | null;
  readonly due_at: number;
  readonly attempts: number;
  readonly bounce_ordered: number;
  readonly delay_notice_sent: number;
  readonly last_failure: string | null;
  readonly state: DeliveryState;
}

export const messageColumns = `m.queue_id, m.received_at, m.reverse_path, m.body_type, m.smtp_utf8, m.ret, m.envid,
  m.size_bytes, m.eight_bit, m.header_message_id, m.expires_at`;

/** A hold of a delivery in flight shows, and takes effect, when its attempt has ended. */
export const stateColumn = `CASE WHEN d.lease_until IS NOT NULL THEN 'claimed' WHEN d.held THEN 'held'
  WHEN d.deferred THEN 'deferred' ELSE 'due' END`;

export const deliveryColumns = `d.delivery_id, d.address, d.wishes, d.due_at, d.attempts, d.bounce_ordered,
  d.delay_notice_sent, d.last_failure, ${stateColumn} AS state`;

export const toMessage = (row: MessageRow): Message => ({
  queueId: row.queue_id,
  receivedAt: row.received_at,
  reversePath: row.reverse_path,
  bodyType: row.body_type,
  smtpUtf8: row.smtp_utf8 === 1,
  ...(row.ret !== null && { ret: row.ret }),
  ...(row.envid !== null && { envid: row.envid }),
  sizeBytes: row.size_bytes,
  eightBit: row.eight_bit === 1,
  ...(row.header_message_id !== null && { messageId: row.header_message_id }),
});

type Wishes = Omit<Recipient, "address">;

export const toDelivery = (row: DeliveryRow, message: Message, expiresAt: number): Delivery => ({
  deliveryId: row.delivery_id,
  message,
  recipient: { address: row.address, ...(row.wishes !== null && (JSON.parse(row.wishes) as Wishes)) },
  attempts: row.attempts,
  expiresAt,
  ...(row.last_failure !== null && { lastFailure: JSON.parse(row.last_failure) as Failure }),
  delayNoticeSent: row.delay_notice_sent === 1,
  bounceOrdered: row.bounce_ordered === 1,
});

export const toQueuedDelivery = (row: DeliveryRow & MessageRow): QueuedDelivery => ({
  ...toDelivery(row, toMessage(row), row.expires_at),
  state: row.state,
  dueAt: row.due_at,
});

/** JSON of what else is known of a recipient (DSN wishes, a reverse-path of its own); null: nothing, as of most. */
export function wishesOf({ notify, orcpt, reversePath }: Recipient): string | null {
  if (notify === undefined && orcpt === undefined && reversePath === undefined) return null;
  return JSON.stringify({ notify, orcpt, reversePath });
}
