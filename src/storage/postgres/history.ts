// Events in the database: written with keep and settle, found by their keys, forgotten in time.
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery } from "../../journal/history.ts";
import { keyOf, keysOf } from "../event-keys.ts";
import type { Connections, Parameter, Runner, Statement } from "./database.ts";
import { bigints, integers, texts } from "./parameters.ts";

const keyLimit = 500; // characters of a key: an entry of an index has 2,700 bytes at most

/** What PostgreSQL takes as text has no NUL. */
const stored = (key: string): string => key.replaceAll("\0", "").slice(0, keyLimit);

/** One column each; `keys` are of the event whose number, from 1 on, stands beside them. */
export interface EventColumns {
  readonly at: Instant[];
  readonly queueId: (string | null)[];
  readonly detail: string[];
  readonly keyOf: number[];
  readonly key: string[];
}

export function eventColumns(events: readonly Event[]): EventColumns {
  const columns: EventColumns = { at: [], queueId: [], detail: [], keyOf: [], key: [] };
  for (const event of events) {
    columns.at.push(event.at);
    columns.queueId.push(event.kind === "refused" ? null : event.queueId);
    columns.detail.push(JSON.stringify(event));
    for (const key of keysOf(event)) {
      columns.keyOf.push(columns.at.length);
      columns.key.push(stored(key));
    }
  }
  return columns;
}

export const eventParameters = ({ at, queueId, detail, keyOf, key }: EventColumns): Parameter[] => [
  bigints(at),
  texts(queueId),
  texts(detail),
  integers(keyOf),
  texts(key),
];

/** Tables of a statement's WITH that write events from five parameters, the first of which is number `from`. */
export const eventTables = (from: number, which = "TRUE"): string => `
  told AS MATERIALIZED (
    SELECT nextval('event_event_id_seq') AS event_id, e.*
    FROM unnest($${from}::bigint[], $${from + 1}::text[], $${from + 2}::text[])
      WITH ORDINALITY AS e(at, queue_id, detail, number) WHERE ${which} ORDER BY e.number),
  told_events AS (INSERT INTO event (event_id, at, queue_id, detail) SELECT event_id, at, queue_id, detail FROM told),
  told_keys AS (
    SELECT k.key, t.queue_id, CASE WHEN t.queue_id IS NULL THEN t.event_id END AS event_id
    FROM unnest($${from + 3}::integer[], $${from + 4}::text[]) AS k(number, key) JOIN told t USING (number)),
  told_message_keys AS (INSERT INTO message_key (key, queue_id)
    SELECT key, queue_id FROM told_keys WHERE queue_id IS NOT NULL ON CONFLICT DO NOTHING),
  told_refusal_keys AS (INSERT INTO refusal_key (key, event_id)
    SELECT key, event_id FROM told_keys WHERE queue_id IS NULL)`;

const record: Statement = { name: "record", text: `WITH ${eventTables(1)} SELECT` };

export async function recordEvents(runner: Runner, events: readonly Event[]): Promise<void> {
  if (events.length > 0) await runner.run(record, eventParameters(eventColumns(events)));
}

const ofMessages: Statement = {
  name: "events_of_messages",
  text: "SELECT queue_id, detail FROM event WHERE queue_id = ANY($1::text[]) ORDER BY event_id",
};
const messagesOfKey: Statement = {
  name: "messages_of_key",
  text: "SELECT queue_id FROM message_key WHERE key = $1 ORDER BY queue_id DESC LIMIT $2",
};
const refusalsOfKey: Statement = {
  name: "refusals_of_key",
  text: `SELECT e.detail FROM (SELECT event_id FROM refusal_key WHERE key = $1 ORDER BY event_id DESC LIMIT $2) k
    JOIN event e USING (event_id) ORDER BY event_id`,
};

const toEvent = ({ detail }: { readonly detail: string }): Event => JSON.parse(detail) as Event;

async function stories(runner: Runner, queueIds: readonly string[]): Promise<Event[][]> {
  const rows = await runner.run<{ queue_id: string; detail: string }>(ofMessages, [texts(queueIds)]);
  return [...Map.groupBy(rows, ({ queue_id }) => queue_id).values()].map((story) => story.map(toEvent));
}

/** Events of at most `messages` messages, the newest; a refusal is a story of its own. */
export async function findEvents(runner: Runner, query: HistoryQuery, messages: number): Promise<Event[]> {
  if ("queueId" in query) return (await stories(runner, [query.queueId])).flat();
  const key = stored(keyOf(query));
  const found = await runner.run<{ queue_id: string }>(messagesOfKey, [key, messages]);
  const refusals = await runner.run<{ detail: string }>(refusalsOfKey, [key, messages]);
  const told = await stories(
    runner,
    found.map(({ queue_id }) => queue_id),
  );
  return [...told, ...refusals.map((row) => [toEvent(row)])]
    .sort(([a], [b]) => a!.at - b!.at)
    .slice(-messages)
    .flat();
}

const forget: Statement = {
  name: "forget",
  text: `DELETE FROM event WHERE event_id = ANY(ARRAY(
      SELECT event_id FROM event e WHERE at < $1 AND
        (queue_id IS NULL OR NOT EXISTS (SELECT 1 FROM message m WHERE m.queue_id = e.queue_id))
      ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING event_id, queue_id, detail`,
};
const forgetMessageKeys: Statement = {
  name: "forget_message_keys",
  text: `DELETE FROM message_key k WHERE queue_id = ANY($1::text[])
    AND NOT EXISTS (SELECT 1 FROM event e WHERE e.queue_id = k.queue_id)`,
};
const forgetRefusalKeys: Statement = {
  name: "forget_refusal_keys",
  text: `DELETE FROM refusal_key r USING unnest($1::text[], $2::bigint[]) AS k(key, event_id)
    WHERE r.key = k.key AND r.event_id = k.event_id`,
};

interface EventRow {
  readonly event_id: number;
  readonly queue_id: string | null;
  readonly detail: string;
}

/** Answers how many events it forgot. A message is found by all its keys until its last event goes. */
export function forgetEvents(connections: Connections, before: Instant, limit: number): Promise<number> {
  return connections.transaction(async (runner) => {
    const rows = await runner.run<EventRow>(forget, [before, limit]);
    const queueIds = new Set(rows.flatMap(({ queue_id }) => queue_id ?? []));
    if (queueIds.size > 0) await runner.run(forgetMessageKeys, [texts([...queueIds])]);
    const keys = rows
      .filter(({ queue_id }) => queue_id === null)
      .flatMap((row) => keysOf(toEvent(row)).map((key) => ({ key: stored(key), eventId: row.event_id })));
    if (keys.length > 0)
      await runner.run(forgetRefusalKeys, [
        texts(keys.map(({ key }) => key)),
        bigints(keys.map(({ eventId }) => eventId)),
      ]);
    return rows.length;
  });
}
