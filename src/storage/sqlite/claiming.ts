// Claiming due deliveries under a lease.
import type { DatabaseSync } from "node:sqlite";
import type { ClaimRequest, Delivery } from "../../queue/store.ts";
import type { ClaimFronts } from "./claim-front.ts";
import { deliveryColumns, type DeliveryRow, messageColumns, type MessageRow, toDelivery, toMessage } from "./rows.ts";

/** The oldest due first; a lease that has ended makes due again. Positional parameters: this is the hot path. */
export const claimQueries = {
  waiting: `SELECT message_id, due_at FROM delivery INDEXED BY delivery_waiting
    WHERE lease_until IS NULL AND held = 0 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  waitingExcept: `SELECT message_id, due_at FROM delivery INDEXED BY delivery_waiting
    WHERE lease_until IS NULL AND held = 0 AND due_at BETWEEN ? AND ? AND domain NOT IN (SELECT value FROM json_each(?))
    ORDER BY due_at LIMIT ?`,
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

export function claiming(db: DatabaseSync, fronts: ClaimFronts) {
  const waiting = db.prepare(claimQueries.waiting);
  const waitingExcept = db.prepare(claimQueries.waitingExcept);
  const expired = db.prepare(claimQueries.expired);
  const ofMessage = db.prepare(claimQueries.ofMessage);
  const selectMessage = db.prepare(claimQueries.message);
  const lease = db.prepare("UPDATE delivery SET lease_by = ?, lease_until = ? WHERE delivery_id = ?");

  function waitingFor({ now, limit }: ClaimRequest, exceptDomains: ReadonlySet<string>): Candidate[] {
    if (exceptDomains.size === 0) return waiting.all(now, limit) as unknown as Candidate[];
    const terms = [fronts.start(exceptDomains), now, JSON.stringify([...exceptDomains]), limit] as const;
    const found = waitingExcept.all(...terms) as unknown as Candidate[];
    fronts.learn(exceptDomains, found[0]?.due_at ?? now);
    return found;
  }

  /** Messages with a due delivery, the oldest due first. */
  function dueMessages(request: ClaimRequest, exceptDomains: ReadonlySet<string>): Set<number> {
    const { now, limit } = request;
    const ended = expired.all(now, now, JSON.stringify([...exceptDomains]), limit) as unknown as Candidate[];
    const candidates = [...ended, ...waitingFor(request, exceptDomains)].sort((a, b) => a.due_at - b.due_at);
    return new Set(candidates.map(({ message_id }) => message_id));
  }

  return {
    claim(request: ClaimRequest): Delivery[] {
      const { by, now, leaseMs, limit } = request;
      const exceptDomains = new Set(request.exceptDomains);
      const claimed: Delivery[] = [];
      for (const messageId of dueMessages(request, exceptDomains)) {
        if (claimed.length >= limit) break;
        const due = ofMessage.all(messageId, now, now) as unknown as (DeliveryRow & { domain: string })[];
        const rows = due.filter(({ domain }) => !exceptDomains.has(domain)).slice(0, limit - claimed.length);
        const facts = selectMessage.get(messageId) as unknown as MessageRow;
        const message = toMessage(facts);
        for (const row of rows) {
          lease.run(by, now + leaseMs, row.delivery_id);
          claimed.push(toDelivery(row, message, facts.expires_at));
        }
      }
      return claimed;
    },
  };
}
