// Events in the database: written by the writer thread, found by the reader thread.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery } from "../../journal/history.ts";
import type { QueueId } from "../../mail/message.ts";
import { keyOf, keysOf } from "../event-keys.ts";

/** Asked for each row that is forgotten. */
export const historyQueries = {
  firstOfMessage: "SELECT event_id, keys FROM event WHERE queue_id = ? ORDER BY event_id LIMIT 1",
} as const;

export type HistoryWriting = ReturnType<typeof historyWriting>;

export function historyWriting(db: DatabaseSync) {
  const insert = db.prepare("INSERT INTO event (at, queue_id, detail) VALUES (?, ?, ?)");
  const insertMessageKey = db.prepare("INSERT OR IGNORE INTO message_key (key, queue_id) VALUES (?, ?)");
  const insertRefusalKey = db.prepare("INSERT INTO refusal_key (key, event_id) VALUES (?, ?)");
  const select = db.prepare("SELECT event_id, queue_id, detail, keys FROM event WHERE event_id = ?");
  const remove = db.prepare("DELETE FROM event WHERE event_id = ?");
  const firstOfMessage = db.prepare(historyQueries.firstOfMessage);
  const inherit = db.prepare("UPDATE event SET keys = ? WHERE event_id = ?");
  const removeMessageKey = db.prepare("DELETE FROM message_key WHERE key = ? AND queue_id = ?");
  const removeRefusalKey = db.prepare("DELETE FROM refusal_key WHERE key = ? AND event_id = ?");

  function recordStory(queueId: QueueId, events: readonly Event[]): void {
    if (events.length === 0) return;
    insert.run(events.at(-1)!.at, queueId, JSON.stringify(events.length === 1 ? events[0] : events));
    for (const key of new Set(events.flatMap(keysOf))) insertMessageKey.run(key, queueId);
  }

  /** A message is found by all its keys until its last row goes: the next row gets those of one that goes. */
  function passOn(queueId: string, keys: ReadonlySet<string>): void {
    const next = firstOfMessage.get(queueId) as Pick<EventRow, "event_id" | "keys"> | undefined;
    if (next === undefined) for (const key of keys) removeMessageKey.run(key, queueId);
    else inherit.run(JSON.stringify([...new Set([...keys, ...inheritedBy(next)])]), next.event_id);
  }

  return {
    /** Events of one message, oldest first, in one row. */
    recordStory,

    record(events: readonly Event[]): void {
      for (const event of events) {
        if (event.kind !== "refused") {
          recordStory(event.queueId, [event]);
          continue;
        }
        const { lastInsertRowid } = insert.run(event.at, null, JSON.stringify(event));
        for (const key of keysOf(event)) insertRefusalKey.run(key, lastInsertRowid);
      }
    },

    /** Answers how many were still there. */
    forget(eventIds: readonly number[]): number {
      let forgotten = 0;
      for (const id of eventIds) {
        const row = select.get(id) as EventRow | undefined; // read here: one that went before may have passed it its keys
        if (row === undefined) continue;
        forgotten += 1;
        remove.run(row.event_id);
        if (row.queue_id === null) for (const key of keysIn(row)) removeRefusalKey.run(key, row.event_id);
        else passOn(row.queue_id, keysIn(row));
      }
      return forgotten;
    },
  };
}

/** Rows of one moment may come in any order, and clocks are set back. */
const outOfOrderMs = 3_600_000;

interface EventRow {
  readonly event_id: number;
  readonly queue_id: string | null;
  readonly detail: string;
  /** JSON: of rows of the same message that went before. */
  readonly keys: string | null;
}

const inheritedBy = ({ keys }: Pick<EventRow, "keys">): string[] =>
  keys === null ? [] : (JSON.parse(keys) as string[]);

const keysIn = (row: EventRow): Set<string> => new Set([...toEvents(row).flatMap(keysOf), ...inheritedBy(row)]);

const toEvents = ({ detail }: EventRow): Event[] => [JSON.parse(detail) as Event | Event[]].flat();

export function historyReading(db: DatabaseSync) {
  const ofMessage = db.prepare(
    "SELECT event_id, queue_id, detail, keys FROM event WHERE queue_id = ? ORDER BY event_id",
  );
  const messagesOf = db.prepare("SELECT queue_id FROM message_key WHERE key = ? ORDER BY queue_id DESC LIMIT ?");
  const refusalsOf = db.prepare(`SELECT event_id, queue_id, detail, keys FROM refusal_key JOIN event USING (event_id)
    WHERE key = ? ORDER BY event_id DESC LIMIT ?`);
  const inOrder = db.prepare(`SELECT event_id, at,
    queue_id IS NOT NULL AND EXISTS (SELECT 1 FROM message m WHERE m.queue_id = event.queue_id) AS queued
    FROM event ORDER BY event_id`);

  const story = (queueId: string): Event[] => (ofMessage.all(queueId) as unknown as EventRow[]).flatMap(toEvents);

  return {
    find(query: HistoryQuery, messages: number): Event[] {
      if ("queueId" in query) return story(query.queueId);
      const key = keyOf(query);
      const queueIds = messagesOf.all(key, messages) as { queue_id: string }[];
      const refusals = refusalsOf.all(key, messages) as unknown as EventRow[];
      const stories = [...queueIds.map(({ queue_id }) => story(queue_id)), ...refusals.map(toEvents)];
      return stories
        .sort(([a], [b]) => (a?.at ?? 0) - (b?.at ?? 0))
        .slice(-messages)
        .flat();
    },

    /** Rows that `prune` may forget, oldest first. They are nearly in the order of time. */
    prunable(before: Instant, limit: number): number[] {
      const found: number[] = [];
      for (const { event_id, at, queued } of inOrder.iterate() as Iterable<Record<string, number>>) {
        if (found.length === limit || at! > before + outOfOrderMs) break;
        if (at! < before && queued === 0) found.push(event_id!);
      }
      return found;
    },
  };
}
