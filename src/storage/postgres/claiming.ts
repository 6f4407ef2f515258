// Claiming due deliveries under a lease. Lanes (a recipient's and a sender's domain) take turns: each round visits the
// lanes that have something ready, from where the last claim ended, by one look into an index per lane; so neither a
// million deferred deliveries nor a lane's long backlog costs a claim anything.
import type { ClaimRequest, Delivery } from "../../queue/store.ts";
import type { Runner, Statement } from "./database.ts";
import { texts } from "./parameters.ts";
import { type DeliveryRow, deliveryColumns, type MessageRow, toDeliveries } from "./rows.ts";

/** Of the connection for claims: the server must not read a backlog to sort it, whatever it believes of its length. */
export const claimSettings = { enable_seqscan: "off", enable_sort: "off", enable_bitmapscan: "off" } as const;

/** Deliveries that one claim makes ready, for each that it may take: so that lanes get among those that wait for turns. */
const ripened = 4;

const isReady = "d.ready AND d.lease_until IS NULL AND NOT d.held";

/** Leases that are over end, and what has fallen due is ready. */
export const ripen: Statement = {
  name: "ripen",
  text: `WITH ended AS (
    UPDATE delivery SET lease_by = NULL, lease_until = NULL WHERE delivery_id = ANY(ARRAY(
      SELECT delivery_id FROM delivery WHERE lease_until <= $1 ORDER BY lease_until LIMIT $2
      FOR UPDATE SKIP LOCKED)))
  UPDATE delivery SET ready = true WHERE delivery_id = ANY(ARRAY(
    SELECT delivery_id FROM delivery WHERE NOT ready AND lease_until IS NULL AND NOT held AND due_at <= $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};

/** No domain is above it: to skip all lanes of one domain at once. */
const lastName = "U&'\\+10FFFF'";

/**
 * $1 worker, $2 now, $3 end of the lease, $4 limit, $5 excepted domains, $6 and $7 the lane after which to begin.
 * A round gives each of its lanes the same number of turns.
 */
export const claimRound: Statement = {
  name: "claim_round",
  text: `WITH RECURSIVE visited AS (
    SELECT $6::text COLLATE "C" AS domain, $7::text COLLATE "C" AS sender_domain, true AS excepted, 0 AS lanes
  UNION ALL
    SELECT l.domain, l.sender_domain, e.excepted, v.lanes + (NOT e.excepted)::integer
    FROM visited v
    CROSS JOIN LATERAL (
      SELECT d.domain, d.sender_domain FROM delivery d WHERE ${isReady}
        AND (d.domain, d.sender_domain) >
          (v.domain, CASE WHEN v.excepted AND v.domain = ANY($5::text[]) THEN ${lastName} ELSE v.sender_domain END)
      ORDER BY d.domain, d.sender_domain LIMIT 1) l
    CROSS JOIN LATERAL (SELECT l.domain = ANY($5::text[]) AS excepted) e
    WHERE v.lanes < $4::integer),
  summary AS (
    SELECT count(*) FILTER (WHERE NOT excepted) AS lanes, max(lanes) >= $4::integer AS more FROM visited),
  last_lane AS (SELECT domain, sender_domain FROM visited ORDER BY domain DESC, sender_domain DESC LIMIT 1),
  heads AS (
    SELECT h.queue_id, h.due_at, h.turn FROM visited v CROSS JOIN LATERAL (
      SELECT x.queue_id, x.due_at, row_number() OVER (ORDER BY x.due_at, x.delivery_id) AS turn FROM (
        SELECT d.queue_id, d.due_at, d.delivery_id FROM delivery d WHERE ${isReady}
          AND d.domain = v.domain AND d.sender_domain = v.sender_domain AND d.due_at <= $2
        ORDER BY d.due_at LIMIT (SELECT ceil($4::numeric / greatest(lanes, 1))::bigint FROM summary)
        FOR UPDATE SKIP LOCKED) x) h
    WHERE NOT v.excepted),
  chosen AS (SELECT queue_id, min(turn) AS turn, min(due_at) AS first_due_at FROM heads GROUP BY queue_id),
  whole AS (
    SELECT d.delivery_id, c.turn, c.first_due_at FROM chosen c JOIN delivery d USING (queue_id)
    WHERE d.lease_until IS NULL AND NOT d.held AND d.due_at <= $2 AND d.domain <> ALL($5::text[])
    ORDER BY c.turn, c.first_due_at, d.queue_id, d.delivery_id LIMIT $4 FOR UPDATE OF d SKIP LOCKED),
  claimed AS (
    UPDATE delivery d SET lease_by = $1, lease_until = $3, ready = true FROM whole w WHERE d.delivery_id = w.delivery_id
    RETURNING ${deliveryColumns}, d.queue_id, w.turn, w.first_due_at)
  SELECT s.more, l.domain AS last_domain, l.sender_domain AS last_sender_domain,
    (SELECT coalesce(max(turn), 0) FROM heads) >= ceil($4::numeric / greatest(s.lanes, 1)) AS "isCut",
    d.*, m.facts, m.expires_at
  FROM summary s CROSS JOIN last_lane l LEFT JOIN (claimed d JOIN message m USING (queue_id)) ON true
  ORDER BY d.turn, d.first_due_at, d.queue_id, d.delivery_id`,
};

interface RoundRow extends DeliveryRow, MessageRow {
  /** Lanes are left that were not visited. */
  readonly more: boolean;
  readonly last_domain: string;
  readonly last_sender_domain: string;
  /** Some lane may have more. */
  readonly isCut: boolean;
}

/** Below every lane. */
const start = ["", ""] as const;

/** Claims for one worker; remembers where the next turn begins. */
export class Claims {
  #after: readonly [domain: string, senderDomain: string] = start;

  async claim(runner: Runner, request: ClaimRequest): Promise<Delivery[]> {
    await runner.run(ripen, [request.now, request.limit * ripened]);
    const claimed: Delivery[] = [];
    /** Whether a tour of all lanes, from the start on, leaves anything to find. */
    let tour: { isDone: boolean } | undefined;
    while (claimed.length < request.limit) {
      if (this.#after === start) tour = { isDone: true };
      const rows = await this.#round(runner, request, request.limit - claimed.length);
      const [{ more, isCut, last_domain, last_sender_domain }] = rows as [RoundRow];
      const found = rows.filter(({ delivery_id }) => delivery_id !== null);
      claimed.push(...toDeliveries(found));
      if (tour !== undefined && isCut && found.length > 0) tour.isDone = false;
      this.#after = more ? [last_domain, last_sender_domain] : start;
      if (!more && tour?.isDone) break;
    }
    return claimed;
  }

  #round(runner: Runner, { by, now, leaseMs, exceptDomains }: ClaimRequest, limit: number): Promise<RoundRow[]> {
    return runner.run<RoundRow>(claimRound, [by, now, now + leaseMs, limit, texts(exceptDomains), ...this.#after]);
  }
}
