// Deliveries of the memory driver: plain records, and the rules for them.
import type { Instant } from "../base/world.ts";
import { domainOf } from "../mail/address.ts";
import { laneOf } from "./lane.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/failure.ts";
import type { Message } from "../mail/message.ts";
import type {
  ClaimRequest,
  Delivery,
  DeliveryState,
  Lease,
  QueueAction,
  QueuedDelivery,
  QueueFilter,
  Settlement,
} from "../queue/store.ts";

export interface Kept {
  readonly deliveryId: number;
  readonly message: Message;
  readonly recipient: Recipient;
  readonly expiresAt: Instant;
  readonly dueAt: Instant;
  readonly attempts: number;
  readonly deferred: boolean;
  readonly held: boolean;
  readonly bounceOrdered: boolean;
  readonly delayNoticeSent: boolean;
  readonly lastFailure?: Failure;
  readonly lease?: Lease | undefined;
}

export const newDelivery = { attempts: 0, deferred: false, held: false, bounceOrdered: false, delayNoticeSent: false };

export const toDelivery = (kept: Kept): Delivery => ({
  deliveryId: kept.deliveryId,
  message: kept.message,
  recipient: kept.recipient,
  attempts: kept.attempts,
  expiresAt: kept.expiresAt,
  ...(kept.lastFailure && { lastFailure: kept.lastFailure }),
  delayNoticeSent: kept.delayNoticeSent,
  bounceOrdered: kept.bounceOrdered,
});

/** A hold of a delivery in flight shows, and takes effect, when its attempt has ended. */
export function stateOf({ lease, held, deferred }: Kept): DeliveryState {
  if (lease !== undefined) return "claimed";
  if (held) return "held";
  return deferred ? "deferred" : "due";
}

export const toQueuedDelivery = (kept: Kept): QueuedDelivery => ({
  ...toDelivery(kept),
  state: stateOf(kept),
  dueAt: kept.dueAt,
});

export const isClaimable = ({ lease, held, dueAt, recipient }: Kept, { now, exceptDomains }: ClaimRequest): boolean =>
  (lease === undefined || lease.until <= now) &&
  !held &&
  dueAt <= now &&
  !exceptDomains.includes(domainOf(recipient.address));

/** The oldest due of each lane, then the second of each, and so on. */
export function inTurns(due: readonly Kept[]): Kept[] {
  const byAge = due.toSorted((a, b) => a.dueAt - b.dueAt);
  const lanes = Map.groupBy(byAge, ({ message, recipient }) => laneOf(message.reversePath, recipient.address));
  const turns = [...lanes.values()].flatMap((lane) => lane.map((kept, turn) => ({ kept, turn })));
  return turns.sort((a, b) => a.turn - b.turn || a.kept.dueAt - b.kept.dueAt).map(({ kept }) => kept);
}

export const fits = (kept: Kept, { queueId, from, to, domain, state }: QueueFilter): boolean =>
  (queueId === undefined || kept.message.queueId === queueId) &&
  (from === undefined || kept.message.reversePath === from) &&
  (to === undefined || kept.recipient.address === to) &&
  (domain === undefined || domainOf(kept.recipient.address) === domain) &&
  (state === undefined || stateOf(kept) === state);

/** A bounce ordered meanwhile stays due; an attempt that was not made says nothing new, unless it was postponed. */
export function postponed(kept: Kept, next: Settlement["next"] & { kind: "deferred" }): Kept {
  const { because, delayNoticeSent } = next;
  const dueAt = kept.bounceOrdered ? kept.dueAt : next.dueAt;
  const attempts = kept.attempts + (next.attempted ? 1 : 0);
  const news = (next.attempted || next.postponed) && { deferred: true, lastFailure: because };
  return { ...kept, lease: undefined, dueAt, delayNoticeSent, attempts, ...news };
}

/** Undefined: the action does not change it. `drop` answers the delivery as it was. */
export function changed(kept: Kept, action: QueueAction, now: Instant): Kept | undefined {
  switch (action) {
    case "retry": {
      const waits = kept.lease === undefined && !kept.held && kept.dueAt > now;
      return waits ? { ...kept, dueAt: now, deferred: false } : undefined;
    }
    case "hold":
      return kept.held ? undefined : { ...kept, held: true };
    case "release":
      return kept.held ? { ...kept, held: false } : undefined;
    case "drop":
      return kept;
    case "bounce": {
      if (kept.bounceOrdered && !kept.held) return undefined;
      return { ...kept, bounceOrdered: true, held: false, deferred: false, dueAt: Math.min(kept.dueAt, now) };
    }
  }
}
