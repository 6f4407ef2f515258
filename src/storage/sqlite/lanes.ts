// Lanes with waiting deliveries, and when the first of each may fall due. A lane's time may be too early, never too late:
// the claim that looks at it sets it right.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { Address, ReversePath } from "../../mail/address.ts";
import { domainOf } from "../../mail/address.ts";
import { laneOf } from "../lane.ts";

export const laneQueries = {
  /** Positional: the instant, busy domains as JSON, how many. */
  due: `SELECT lane FROM lane INDEXED BY lane_by_time
    WHERE next_due <= ? AND domain NOT IN (SELECT value FROM json_each(?)) ORDER BY next_due LIMIT ?`,
  first: `SELECT due_at FROM delivery INDEXED BY delivery_waiting
    WHERE lane = ? AND lease_until IS NULL AND held = 0 ORDER BY due_at LIMIT 1`,
} as const;

export type Lanes = ReturnType<typeof lanes>;

export function lanes(db: DatabaseSync) {
  const due = db.prepare(laneQueries.due);
  const first = db.prepare(laneQueries.first);
  const wait = db.prepare(`INSERT INTO lane (lane, domain, next_due) VALUES (?, ?, ?)
    ON CONFLICT (lane) DO UPDATE SET next_due = min(next_due, excluded.next_due)`);
  const move = db.prepare("UPDATE lane SET next_due = ? WHERE lane = ?");
  const remove = db.prepare("DELETE FROM lane WHERE lane = ?");

  return {
    /** A delivery begins to wait. */
    waits(from: ReversePath, to: Address, dueAt: Instant): void {
      wait.run(laneOf(from, to), domainOf(to), dueAt);
    },

    /** Lanes that may have something due, the longest due first. */
    due(now: Instant, exceptDomains: string, limit: number): string[] {
      return (due.all(now, exceptDomains, limit) as { lane: string }[]).map(({ lane }) => lane);
    },

    /** Looks when the first of a lane falls due, after some were taken. */
    setRight(lane: string): void {
      const dueAt = first.get(lane)?.["due_at"];
      if (dueAt === undefined) remove.run(lane);
      else move.run(dueAt, lane);
    },
  };
}
