// What the queue holds: lists, counts, bodies. Runs in the reader thread.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { QueueId } from "../../mail/message.ts";
import { type DeliveryState, NotKept, type QueuedDelivery, type QueueFilter } from "../../queue/store.ts";
import type { StoredBody } from "./keeping.ts";
import { laneQueries } from "./lanes.ts";
import {
  deliveryColumns,
  type DeliveryRow,
  messageColumns,
  type MessageRow,
  stateColumn,
  toQueuedDelivery,
} from "./rows.ts";

const conditions: Record<keyof QueueFilter, string> = {
  queueId: "d.message_id = (SELECT message_id FROM message WHERE queue_id = :queueId)",
  from: "d.message_id IN (SELECT message_id FROM message WHERE reverse_path = :from)",
  to: "d.address = :to",
  domain: "d.domain = :domain",
  state: `${stateColumn} = :state`,
};

/** Only what the filter names is asked, so that each question gets the index that fits it. */
function where(filter: QueueFilter): { readonly sql: string; readonly terms: Record<string, string> } {
  const terms = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const asked = (Object.keys(terms) as (keyof QueueFilter)[]).map((name) => conditions[name]);
  return { sql: ["TRUE", ...asked].join(" AND "), terms };
}

export const listQueries = {
  deliveries: (columns: string, filter: QueueFilter): string =>
    `SELECT ${columns} FROM delivery d CROSS JOIN message m USING (message_id)
     WHERE d.delivery_id > :after AND ${where(filter).sql} ORDER BY d.delivery_id LIMIT :limit`,
  lanesByTime: "SELECT lane, next_due FROM lane INDEXED BY lane_by_time ORDER BY next_due",
  leaseEnd: `SELECT lease_until AS at FROM delivery INDEXED BY delivery_leased
    WHERE lease_until IS NOT NULL AND held = 0 ORDER BY lease_until LIMIT 1`,
} as const;

/** Of the whole queue, from indexes alone. What is left of all is deferred. */
export const countQueries = {
  all: "SELECT count(*) AS count FROM delivery INDEXED BY delivery_of_message",
  claimed: "SELECT count(*) AS count FROM delivery INDEXED BY delivery_leased WHERE lease_until IS NOT NULL",
  held: "SELECT count(*) AS count FROM delivery INDEXED BY delivery_held WHERE held = 1 AND lease_until IS NULL",
  due: `SELECT count(*) AS count FROM delivery INDEXED BY delivery_untried
    WHERE deferred = 0 AND held = 0 AND lease_until IS NULL`,
} as const;

export const bodyQueries = {
  body: "SELECT body_file, body FROM message WHERE queue_id = ?",
  withFile: "SELECT body_file FROM message WHERE body_file IN (SELECT value FROM json_each(?))",
} as const;

interface Page {
  readonly limit: number;
  /** A deliveryId. */
  readonly after: number;
}

export function listing(db: DatabaseSync) {
  const lanesByTime = db.prepare(listQueries.lanesByTime);
  const firstOfLane = db.prepare(laneQueries.first);
  const leaseEnd = db.prepare(listQueries.leaseEnd);
  const body = db.prepare(bodyQueries.body);
  const withFile = db.prepare(bodyQueries.withFile);

  const countBy = Object.entries(countQueries).map(([name, sql]) => [name, db.prepare(sql)] as const);

  function countAll(): Record<DeliveryState, number> {
    const found = countBy.map(([name, query]) => [name, Number(query.get()!["count"])]);
    const { all, due, claimed, held } = Object.fromEntries(found) as Record<keyof typeof countQueries, number>;
    return { due, claimed, held, deferred: all - due - claimed - held };
  }

  const page = (columns: string, filter: QueueFilter, { limit, after }: Page): unknown[] =>
    db.prepare(listQueries.deliveries(columns, filter)).all({ ...where(filter).terms, limit, after });

  return {
    list: (filter: QueueFilter, within: Page): QueuedDelivery[] =>
      (page(`${deliveryColumns}, ${messageColumns}`, filter, within) as (DeliveryRow & MessageRow)[]).map(
        toQueuedDelivery,
      ),

    deliveryIds: (filter: QueueFilter, within: Page): number[] =>
      (page("d.delivery_id", filter, within) as { delivery_id: number }[]).map(({ delivery_id }) => delivery_id),

    count(filter: QueueFilter): Record<DeliveryState, number> {
      const { sql, terms } = where(filter);
      if (Object.keys(terms).length === 0) return countAll();
      const rows = db
        .prepare(`SELECT ${stateColumn} AS state, count(*) AS count FROM delivery d WHERE ${sql} GROUP BY state`)
        .all(terms) as { state: DeliveryState; count: number }[];
      const counts = { due: 0, deferred: 0, claimed: 0, held: 0 };
      for (const { state, count } of rows) counts[state] = count;
      return counts;
    },

    /** A lane's time may be too early, so that some may have to be looked at. */
    nextDueAt(): Instant | undefined {
      let dueAt = Infinity;
      for (const row of lanesByTime.iterate()) {
        if (Number(row["next_due"]) >= dueAt) break;
        dueAt = Math.min(dueAt, Number(firstOfLane.get(row["lane"]!)?.["due_at"] ?? Infinity));
      }
      const first = Math.min(dueAt, Number(leaseEnd.get()?.["at"] ?? Infinity));
      return first === Infinity ? undefined : first;
    },

    body(queueId: QueueId): StoredBody {
      const row = body.get(queueId) as { body_file: string | null; body: Uint8Array } | undefined;
      if (row === undefined) throw new NotKept(`no message ${queueId} in the queue`);
      return row.body_file === null ? { bytes: row.body } : { file: row.body_file };
    },

    /** Those of the given body files that belong to a message. */
    filesInUse: (files: readonly string[]): string[] =>
      (withFile.all(JSON.stringify(files)) as { body_file: string }[]).map(({ body_file }) => body_file),
  };
}
