// The operator's actions, and the end of leases at start-up.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import type { Address } from "../../mail/address.ts";
import type { QueueId } from "../../mail/message.ts";
import type { DeliveryState, QueueAction } from "../../queue/store.ts";
import type { ClaimFronts } from "./claim-front.ts";
import type { HistoryWriting } from "./history.ts";
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
  readonly fronts: ClaimFronts;
}

export function changing(db: DatabaseSync, { remove, history, fronts }: Parts) {
  const endLeases = db.prepare(
    "UPDATE delivery SET lease_by = NULL, lease_until = NULL WHERE lease_until IS NOT NULL AND lease_by <> ?",
  );

  return {
    /** How many changed, and what is no longer queued. */
    change({ deliveryIds, action, now, state }: Order): { changed: number; gone: Gone[] } {
      fronts.forget();
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
        history.record([{ kind: "operator", at: now, queueId: row.queue_id, to: row.address, action }]);
        changed++;
      }
      return { changed, gone };
    },

    /** Ends the leases of all workers but `by`; answers how many. */
    endLeases(by: string): number {
      fronts.forget();
      return Number(endLeases.run(by).changes);
    },
  };
}
