// Rows of the PostgreSQL driver, as values and back.
import type { Address } from "../../mail/address.ts";
import type { Recipient } from "../../mail/envelope.ts";
import type { Failure } from "../../mail/failure.ts";
import type { Message } from "../../mail/message.ts";
import type { Delivery, DeliveryState, QueuedDelivery } from "../../queue/store.ts";

export interface MessageRow {
  readonly facts: string;
  readonly expires_at: number;
}

export interface DeliveryRow {
  readonly delivery_id: number;
  readonly address: Address;
  readonly wishes: string | null;
  readonly due_at: number;
  readonly attempts: number;
  readonly bounce_ordered: boolean;
  readonly delay_notice_sent: boolean;
  readonly last_failure: string | null;
}

/** A hold of a delivery in flight shows, and takes effect, when its attempt has ended. */
export const stateColumn = `CASE WHEN d.lease_until IS NOT NULL THEN 'claimed' WHEN d.held THEN 'held'
  WHEN d.deferred THEN 'deferred' ELSE 'due' END`;

export const deliveryColumns = `d.delivery_id, d.address, d.wishes, d.due_at, d.attempts, d.bounce_ordered,
  d.delay_notice_sent, d.last_failure`;

type Wishes = Omit<Recipient, "address">;

export const toDelivery = (row: DeliveryRow, message: Message, expiresAt: number): Delivery => ({
  deliveryId: row.delivery_id,
  message,
  recipient: { address: row.address, ...(row.wishes !== null && (JSON.parse(row.wishes) as Wishes)) },
  attempts: row.attempts,
  expiresAt,
  ...(row.last_failure !== null && { lastFailure: JSON.parse(row.last_failure) as Failure }),
  delayNoticeSent: row.delay_notice_sent,
  bounceOrdered: row.bounce_ordered,
});

/** Deliveries of one message share its facts. */
export function toDeliveries(rows: readonly (DeliveryRow & MessageRow)[]): Delivery[] {
  const messages = new Map<string, Message>();
  return rows.map((row) => {
    const message = messages.get(row.facts) ?? (JSON.parse(row.facts) as Message);
    messages.set(row.facts, message);
    return toDelivery(row, message, row.expires_at);
  });
}

export const toQueuedDelivery = (row: DeliveryRow & MessageRow & { state: DeliveryState }): QueuedDelivery => ({
  ...toDelivery(row, JSON.parse(row.facts) as Message, row.expires_at),
  state: row.state,
  dueAt: row.due_at,
});

/** JSON of what else is known of a recipient (DSN wishes, a reverse-path of its own); null: nothing, as of most. */
export function wishesOf({ notify, orcpt, reversePath }: Recipient): string | null {
  if (notify === undefined && orcpt === undefined && reversePath === undefined) return null;
  return JSON.stringify({ notify, orcpt, reversePath });
}
