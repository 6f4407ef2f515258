// The operator's actions, a slice of the queue at a time.
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { Address } from "../../mail/address.ts";
import type { QueueId } from "../../mail/message.ts";
import type { DeliveryState, QueueAction } from "../../queue/store.ts";
import type { Connections, Statement } from "./database.ts";
import { recordEvents } from "./history.ts";
import { bigints } from "./parameters.ts";
import { stateColumn } from "./rows.ts";

/** Which deliveries an action changes; others stay as they are, without an event. */
const changeable: Record<QueueAction, string> = {
  retry: "d.lease_until IS NULL AND NOT d.held AND d.due_at > $2",
  hold: "NOT d.held",
  release: "d.held",
  drop: "TRUE",
  bounce: "d.held OR NOT d.bounce_ordered",
};

const changes: Record<QueueAction, string> = {
  retry: "UPDATE delivery d SET due_at = $2, deferred = false, ready = true FROM picked p",
  hold: "UPDATE delivery d SET held = true FROM picked p",
  release: "UPDATE delivery d SET held = false FROM picked p",
  drop: "DELETE FROM delivery d USING picked p",
  bounce: `UPDATE delivery d SET bounce_ordered = true, held = false, deferred = false, ready = true,
    due_at = least(d.due_at, $2) FROM picked p`,
};

/** In one order, so that two operators do not wait for each other. */
const statementFor = (action: QueueAction): Statement => ({
  name: `change_${action}`,
  text: `WITH picked AS (
    SELECT d.delivery_id FROM delivery d WHERE d.delivery_id = ANY($1::bigint[]) AND (${changeable[action]})
      AND $2::bigint IS NOT NULL AND ${stateColumn} = coalesce($3, ${stateColumn})
    ORDER BY d.delivery_id FOR UPDATE),
  changed AS (${changes[action]} WHERE d.delivery_id = p.delivery_id RETURNING d.delivery_id, d.queue_id, d.address)
  SELECT * FROM changed ORDER BY delivery_id`,
});

export interface Order {
  readonly deliveryIds: readonly number[];
  readonly action: QueueAction;
  readonly now: Instant;
  /** Only those still in this state. */
  readonly state?: DeliveryState | undefined;
}

interface Changed {
  readonly queue_id: QueueId;
  readonly address: Address;
}

/** Answers the messages of those that changed, one for each delivery. */
export function changeDeliveries(connections: Connections, order: Order): Promise<QueueId[]> {
  const { deliveryIds, action, now, state } = order;
  return connections.transaction(async (runner) => {
    const rows = await runner.run<Changed>(statementFor(action), [bigints(deliveryIds), now, state ?? null]);
    const events = rows.map((row): Event => ({
      kind: "operator",
      at: now,
      queueId: row.queue_id,
      to: row.address,
      action,
    }));
    await recordEvents(runner, events);
    return rows.map(({ queue_id }) => queue_id);
  });
}
