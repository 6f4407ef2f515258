// Keeping messages: many in one statement, each with its deliveries and events.
import type { Instant } from "../../base/world.ts";
import { domainOf, type ReversePath } from "../../mail/address.ts";
import type { Recipient } from "../../mail/envelope.ts";
import type { Delivery, Lease, NewMessage } from "../../queue/store.ts";
import type { Runner, Statement } from "./database.ts";
import { eventColumns, eventParameters, eventTables } from "./history.ts";
import { bigints, byteas, integers, texts } from "./parameters.ts";
import { wishesOf } from "./rows.ts";

/** A message whose body is in memory, or in the database already, in so many chunks. */
export interface PreparedMessage extends Omit<NewMessage, "body"> {
  readonly body: Uint8Array | { readonly chunks: number };
  readonly lease?: Lease | undefined;
}

const insert: Statement = {
  name: "keep",
  text: `WITH messages AS (
    INSERT INTO message (queue_id, expires_at, facts, recipients, chunks, body)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::integer[], $6::bytea[])),
  recipients AS MATERIALIZED (
    SELECT nextval('delivery_delivery_id_seq') AS delivery_id, r.* FROM unnest($7::text[], $8::text[], $9::text[],
      $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bigint[]) WITH ORDINALITY
      AS r(queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, lease_by, lease_until, number)
    ORDER BY r.number),
  deliveries AS (
    INSERT INTO delivery
      (delivery_id, queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, lease_by, lease_until)
    SELECT delivery_id, queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, lease_by, lease_until
    FROM recipients),
  ${eventTables(16)}
  SELECT delivery_id FROM recipients ORDER BY number`,
};

/** Deliveries of each message, in order. */
export async function insertMessages(runner: Runner, messages: readonly PreparedMessage[]): Promise<Delivery[][]> {
  const recipients = messages.flatMap(recipientRows);
  const rows = await runner.run<{ delivery_id: number }>(insert, [
    texts(messages.map(({ message }) => message.queueId)),
    bigints(messages.map(({ expiresAt }) => expiresAt)),
    texts(messages.map(({ message }) => JSON.stringify(message))),
    integers(messages.map(({ recipients }) => recipients.length)),
    integers(messages.map(({ body }) => (body instanceof Uint8Array ? 0 : body.chunks))),
    byteas(messages.map(({ body }) => (body instanceof Uint8Array ? body : null))),
    texts(recipients.map(({ queueId }) => queueId)),
    texts(recipients.map(({ reversePath }) => reversePath)),
    texts(recipients.map(({ recipient }) => recipient.address)),
    texts(recipients.map(({ recipient }) => domainOf(recipient.address))),
    texts(recipients.map(({ reversePath }) => (reversePath === "" ? "" : domainOf(reversePath)))),
    texts(recipients.map(({ recipient }) => wishesOf(recipient))),
    bigints(recipients.map(({ dueAt }) => dueAt)),
    texts(recipients.map(({ lease }) => lease?.by)),
    bigints(recipients.map(({ lease }) => lease?.until)),
    ...eventParameters(eventColumns(messages.flatMap(({ events }) => events))),
  ]);
  const ids = rows.map(({ delivery_id }) => delivery_id);
  let next = 0;
  return messages.map(({ message, recipients, expiresAt }) =>
    recipients.map((recipient): Delivery => {
      const fresh = { attempts: 0, delayNoticeSent: false, bounceOrdered: false };
      return { deliveryId: ids[next++]!, message, recipient, expiresAt, ...fresh };
    }),
  );
}

interface RecipientRow {
  readonly queueId: string;
  readonly recipient: Recipient;
  readonly reversePath: ReversePath;
  readonly dueAt: Instant;
  readonly lease?: Lease | undefined;
}

function recipientRows({ message, recipients, lease }: PreparedMessage): RecipientRow[] {
  const { queueId, reversePath, receivedAt } = message;
  return recipients.map((recipient) => ({ queueId, reversePath, recipient, dueAt: receivedAt, lease }));
}
