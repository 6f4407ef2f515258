// Settling deliveries: states and events of many attempts in one statement; and the removal of what is done.
import type { Event } from "../../journal/event.ts";
import type { QueueId } from "../../mail/message.ts";
import type { Settlement } from "../../queue/store.ts";
import type { Runner, Statement } from "./database.ts";
import { eventColumns, eventParameters, eventTables } from "./history.ts";
import { bigints, booleans, integers, texts } from "./parameters.ts";

/** One call of settle(), without its notices. */
export interface Settling {
  readonly settlements: readonly Settlement[];
  readonly events: readonly Event[];
}

export interface Settled {
  /** Numbers of the calls of which something was there to settle; events of others were not written. */
  readonly written: ReadonlySet<number>;
  /** Messages that are no longer queued. */
  readonly gone: readonly QueueId[];
  /** Messages of several recipients that may have lost their last delivery: `removeEmptied` after the commit. */
  readonly emptied: readonly QueueId[];
}

/** An event about one recipient is written if that delivery was there and settled; all others, if any of the call was. */
const isTrue = `EXISTS (SELECT 1 FROM settled s JOIN about a ON a.number = e.number
  WHERE s.call = a.call AND (a.recipient IS NULL OR s.address = a.recipient))`;

const settle: Statement = {
  name: "settle",
  // a deferral counts only for the holder of the lease; a bounce ordered meanwhile stays due; an attempt that was not
  // made says nothing new
  text: `WITH said AS (
    SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::boolean[], $5::bigint[], $6::text[], $7::boolean[],
      $8::boolean[]) AS s(call, delivery_id, by, done, due_at, because, attempted, delay_notice_sent)),
  done AS (
    DELETE FROM delivery d USING said s WHERE d.delivery_id = s.delivery_id AND s.done
    RETURNING s.call, d.address, d.queue_id),
  deferred AS (
    UPDATE delivery d SET lease_by = NULL, lease_until = NULL,
      due_at = CASE WHEN d.bounce_ordered THEN d.due_at ELSE s.due_at END,
      ready = d.bounce_ordered,
      attempts = d.attempts + s.attempted::integer,
      deferred = d.deferred OR s.attempted,
      last_failure = CASE WHEN s.attempted THEN s.because ELSE d.last_failure END,
      delay_notice_sent = s.delay_notice_sent
    FROM said s WHERE d.delivery_id = s.delivery_id AND NOT s.done AND d.lease_by = s.by
    RETURNING s.call, d.address),
  settled AS (SELECT call, address, queue_id FROM done UNION ALL SELECT call, address, NULL FROM deferred),
  removed AS (
    DELETE FROM message m USING done WHERE m.queue_id = done.queue_id AND m.recipients = 1
    RETURNING m.queue_id, m.chunks),
  removed_chunks AS (
    DELETE FROM body_chunk c USING removed r WHERE c.queue_id = r.queue_id AND r.chunks > 0),
  about AS (SELECT * FROM unnest($9::integer[], $10::text[]) WITH ORDINALITY AS a(call, recipient, number)),
  ${eventTables(11, isTrue)}
  SELECT s.call, s.queue_id, r.queue_id IS NOT NULL AS removed FROM settled s LEFT JOIN removed r USING (queue_id)`,
};

interface SettledRow {
  readonly call: number;
  /** Null: deferred. */
  readonly queue_id: QueueId | null;
  readonly removed: boolean;
}

export async function settleDeliveries(runner: Runner, calls: readonly Settling[]): Promise<Settled> {
  const said = calls.flatMap(({ settlements }, call) => settlements.map((settlement) => ({ call, ...settlement })));
  const next = said.map(({ next }) => (next.kind === "deferred" ? next : undefined));
  const events = calls.flatMap(({ events }, call) => events.map((event) => ({ call, event })));
  const rows = await runner.run<SettledRow>(settle, [
    integers(said.map(({ call }) => call)),
    bigints(said.map(({ deliveryId }) => deliveryId)),
    texts(said.map(({ by }) => by)),
    booleans(next.map((deferral) => deferral === undefined)),
    bigints(next.map((deferral) => deferral?.dueAt)),
    texts(next.map((deferral) => deferral && JSON.stringify(deferral.because))),
    booleans(next.map((deferral) => deferral?.attempted)),
    booleans(next.map((deferral) => deferral?.delayNoticeSent)),
    integers(events.map(({ call }) => call)),
    texts(events.map(({ event }) => ("to" in event && typeof event.to === "string" ? event.to : null))),
    ...eventParameters(eventColumns(events.map(({ event }) => event))),
  ]);
  const left = (removed: boolean): QueueId[] =>
    rows.flatMap((row) => (row.queue_id !== null && row.removed === removed ? row.queue_id : []));
  return { written: new Set(rows.map(({ call }) => call)), gone: left(true), emptied: [...new Set(left(false))] };
}

const removeMessages: Statement = {
  name: "remove_emptied",
  text: `WITH removed AS (
    DELETE FROM message m WHERE queue_id = ANY($1::text[])
      AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.queue_id = m.queue_id)
    RETURNING queue_id, chunks),
  removed_chunks AS (DELETE FROM body_chunk c USING removed r WHERE c.queue_id = r.queue_id AND r.chunks > 0)
  SELECT queue_id FROM removed`,
};

/**
 * Removes those messages that have no delivery left. In a transaction of its own: only so does the later of two nodes
 * that settle the last two deliveries of a message at the same moment see that none is left.
 */
export async function removeEmptied(runner: Runner, queueIds: readonly QueueId[]): Promise<QueueId[]> {
  if (queueIds.length === 0) return [];
  const rows = await runner.run<{ queue_id: QueueId }>(removeMessages, [texts(queueIds)]);
  return rows.map(({ queue_id }) => queue_id);
}

/** What a process that died between the two transactions has left. */
const sweepMessages: Statement = {
  name: "sweep_emptied",
  text: `WITH removed AS (
    DELETE FROM message m WHERE recipients > 1 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.queue_id = m.queue_id)
    RETURNING queue_id, chunks)
  DELETE FROM body_chunk c USING removed r WHERE c.queue_id = r.queue_id AND r.chunks > 0`,
};

export async function sweepEmptied(runner: Runner): Promise<void> {
  await runner.run(sweepMessages);
}
