// Claiming due deliveries under a lease.
import type { DatabaseSync } from "node:sqlite";
import type { ClaimRequest, Delivery } from "../../queue/store.ts";
import type { Lanes } from "./lanes.ts";
import { deliveryColumns, type DeliveryRow, messageColumns, type MessageRow, toDelivery, toMessage } from "./rows.ts";

/** A lease that has ended makes due again. Positional parameters: this is the hot path. */
export const claimQueries = {
  ofLane: `SELECT message_id, due_at FROM delivery INDEXED BY delivery_waiting
    WHERE lane = ? AND lease_until IS NULL AND held = 0 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  expired: `SELECT message_id, due_at FROM delivery INDEXED BY delivery_leased
    WHERE lease_until IS NOT NULL AND lease_until <= ? AND held = 0 AND due_at <= ?
    AND domain NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?`,
  ofMessage: `SELECT ${deliveryColumns}, d.domain FROM delivery d INDEXED BY delivery_of_message
    WHERE d.message_id = ? AND (d.lease_until IS NULL OR d.lease_until <= ?) AND d.held = 0 AND d.due_at <= ?
    ORDER BY d.delivery_id`,
  message: `SELECT ${messageColumns} FROM message m WHERE m.message_id = ?`,
} as const;

interface Candidate {
  readonly message_id: number;
  readonly due_at: number;
}

export function claiming(db: DatabaseSync, lanes: Lanes) {
  const ofLane = db.prepare(claimQueries.ofLane);
  const expired = db.prepare(claimQueries.expired);
  const ofMessage = db.prepare(claimQueries.ofMessage);
  const selectMessage = db.prepare(claimQueries.message);
  const lease = db.prepare("UPDATE delivery SET lease_by = ?, lease_until = ? WHERE delivery_id = ?");

  /** The oldest of each lane, each lane as many; a lane that has less leaves its turn to the others. */
  function inTurns(due: readonly string[], now: number, limit: number): Candidate[] {
    const found: Candidate[] = [];
    due.forEach((lane, i) => {
      const turn = Math.ceil((limit - found.length) / (due.length - i));
      if (turn > 0) found.push(...(ofLane.all(lane, now, turn) as unknown as Candidate[]));
    });
    return found;
  }

  return {
    claim(request: ClaimRequest): Delivery[] {
      const { by, now, leaseMs, limit } = request;
      const except = JSON.stringify(request.exceptDomains);
      const due = lanes.due(now, except, limit);
      const candidates = [
        ...(expired.all(now, now, except, limit) as unknown as Candidate[]),
        ...inTurns(due, now, limit),
      ].sort((a, b) => a.due_at - b.due_at);
      const exceptDomains = new Set(request.exceptDomains);
      const claimed: Delivery[] = [];
      for (const messageId of new Set(candidates.map(({ message_id }) => message_id))) {
        if (claimed.length >= limit) break;
        const rows = ofMessage.all(messageId, now, now) as unknown as (DeliveryRow & { domain: string })[];
        const facts = selectMessage.get(messageId) as unknown as MessageRow;
        const message = toMessage(facts);
        for (const row of rows.filter(({ domain }) => !exceptDomains.has(domain)).slice(0, limit - claimed.length)) {
          lease.run(by, now + leaseMs, row.delivery_id);
          claimed.push(toDelivery(row, message, facts.expires_at));
        }
      }
      for (const lane of due) lanes.setRight(lane);
      return claimed;
    },
  };
}
