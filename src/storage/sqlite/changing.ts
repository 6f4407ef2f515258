// The operator's actions, and the end of leases at start-up.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { Address, ReversePath } from "../../mail/address.ts";
import type { QueueId } from "../../mail/message.ts";
import type { DeliveryState, QueueAction } from "../../queue/store.ts";
import type { HistoryWriting } from "./history.ts";
import type { Lanes } from "./lanes.ts";
import { stateColumn } from "./rows.ts";
import type { Gone, Removal } from "./settling.ts";

/** Which deliveries an action changes; others stay as they are, without an event. */
const changeable: Record<QueueAction, string> = {
  retry: "d.lease_until IS NULL AND NOT d.held AND d.due_at > :now",
  hold: "NOT d.held",
  release: "d.held",
  drop: "TRUE",
  bounce: "d.held OR NOT d.bounce_ordered",
};

const updates: Record<Exclude<QueueAction, "drop">, string> = {
  retry: "due_at = :now, deferred = 0",
  hold: "held = 1",
  release: "held = 0",
  bounce: "bounce_ordered = 1, held = 0, deferred = 0, due_at = min(due_at, :now)",
};

export interface Order {
  readonly deliveryIds: readonly number[];
  readonly action: QueueAction;
  readonly now: Instant;
  /** Only those still in this state. */
  readonly state?: DeliveryState;
}

interface Parts {
  readonly remove: Removal;
  readonly history: HistoryWriting;
  readonly lanes: Lanes;
}

export function changing(db: DatabaseSync, { remove, history, lanes }: Parts) {
  const endLeases = db.prepare(
    "UPDATE delivery SET lease_by = NULL, lease_until = NULL WHERE lease_until IS NOT NULL AND lease_by <> ? RETURNING lane",
  );
  const waiting = db.prepare(`SELECT d.due_at, m.reverse_path FROM delivery d JOIN message m USING (message_id)
    WHERE d.delivery_id = ? AND d.lease_until IS NULL AND NOT d.held`);
  const remember = db.prepare(`INSERT OR REPLACE INTO lane
    SELECT lane, min(domain), min(due_at) FROM delivery WHERE lane = ? AND lease_until IS NULL AND held = 0 GROUP BY lane`);

  return {
    /** How many changed, and what is no longer queued. */
    change({ deliveryIds, action, now, state }: Order): { changed: number; gone: Gone[] } {
      const select = db.prepare(`SELECT d.address, m.queue_id FROM delivery d JOIN message m USING (message_id)
        WHERE d.delivery_id = :id AND (${changeable[action]}) AND ${stateColumn} = coalesce(:state, ${stateColumn})`);
      const update =
        action === "drop" ? undefined : db.prepare(`UPDATE delivery SET ${updates[action]} WHERE delivery_id = :id`);
      select.setAllowUnknownNamedParameters(true);
      update?.setAllowUnknownNamedParameters(true);
      const gone: Gone[] = [];
      let changed = 0;
      for (const id of deliveryIds) {
        const row = select.get({ id, now, state: state ?? null }) as
          | { address: Address; queue_id: QueueId }
          | undefined;
        if (row === undefined) continue;
        update?.run({ id, now });
        const message = action === "drop" ? remove(id) : undefined;
        if (message !== undefined) gone.push(message);
        const waits = waiting.get(id) as { due_at: number; reverse_path: ReversePath } | undefined;
        if (waits !== undefined) lanes.waits(waits.reverse_path, row.address, waits.due_at);
        history.record([{ kind: "operator", at: now, queueId: row.queue_id, to: row.address, action }]);
        changed++;
      }
      return { changed, gone };
    },

    /** Ends the leases of all workers but `by`; answers how many. */
    endLeases(by: string): number {
      const ended = endLeases.all(by) as { lane: string }[];
      for (const lane of new Set(ended.map(({ lane }) => lane))) remember.run(lane);
      return ended.length;
    },
  };
}
