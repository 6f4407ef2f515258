// Events in the database: written by the writer thread, found by the reader thread.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery } from "../../journal/history.ts";
import type { QueueId } from "../../mail/message.ts";
import { keyOf, keysOf } from "../event-keys.ts";

/** Asked for every message that is forgotten. */
export const historyQueries = {
  ofMessage: "SELECT 1 FROM event WHERE queue_id = ? LIMIT 1",
  removeMessageKeys: "DELETE FROM message_key WHERE queue_id = ?",
} as const;

export type HistoryWriting = ReturnType<typeof historyWriting>;

export function historyWriting(db: DatabaseSync) {
  const insert = db.prepare("INSERT INTO event (at, queue_id, detail) VALUES (?, ?, ?)");
  const insertMessageKey = db.prepare("INSERT OR IGNORE INTO message_key (key, queue_id) VALUES (?, ?)");
  const insertRefusalKey = db.prepare("INSERT INTO refusal_key (key, event_id) VALUES (?, ?)");
  const select = db.prepare("SELECT event_id, queue_id, detail FROM event WHERE event_id = ?");
  const remove = db.prepare("DELETE FROM event WHERE event_id = ?");
  const hasEvents = db.prepare(historyQueries.ofMessage);
  const removeMessageKeys = db.prepare(historyQueries.removeMessageKeys);
  const removeRefusalKey = db.prepare("DELETE FROM refusal_key WHERE key = ? AND event_id = ?");

  function recordStory(queueId: QueueId, events: readonly Event[]): void {
    if (events.length === 0) return;
    insert.run(events.at(-1)!.at, queueId, JSON.stringify(events.length === 1 ? events[0] : events));
    for (const key of new Set(events.flatMap(keysOf))) insertMessageKey.run(key, queueId);
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

    /** Answers how many were still there. A message is found by all its keys until its last event goes. */
    forget(eventIds: readonly number[]): number {
      const rows = eventIds.flatMap((id) => (select.get(id) as EventRow | undefined) ?? []);
      for (const row of rows) {
        remove.run(row.event_id);
        if (row.queue_id === null)
          for (const key of toEvents(row).flatMap(keysOf)) removeRefusalKey.run(key, row.event_id);
      }
      for (const queueId of new Set(rows.map(({ queue_id }) => queue_id)))
        if (queueId !== null && hasEvents.get(queueId) === undefined) removeMessageKeys.run(queueId);
      return rows.length;
    },
  };
}

interface EventRow {
  readonly event_id: number;
  readonly queue_id: string | null;
  readonly detail: string;
}

const toEvents = ({ detail }: EventRow): Event[] => [JSON.parse(detail) as Event | Event[]].flat();

export function historyReading(db: DatabaseSync) {
  const ofMessage = db.prepare("SELECT event_id, queue_id, detail FROM event WHERE queue_id = ? ORDER BY event_id");
  const messagesOf = db.prepare("SELECT queue_id FROM message_key WHERE key = ? ORDER BY queue_id DESC LIMIT ?");
  const refusalsOf = db.prepare(`SELECT event_id, queue_id, detail FROM refusal_key JOIN event USING (event_id)
    WHERE key = ? ORDER BY event_id DESC LIMIT ?`);
  const prunable = db.prepare(`SELECT event_id FROM event INDEXED BY event_by_time
    WHERE at < ? AND (queue_id IS NULL OR NOT EXISTS (SELECT 1 FROM message m WHERE m.queue_id = event.queue_id))
    ORDER BY at LIMIT ?`);

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

    /** Events that `prune` may forget, oldest first. */
    prunable: (before: Instant, limit: number): number[] =>
      (prunable.all(before, limit) as { event_id: number }[]).map(({ event_id }) => event_id),
  };
}
