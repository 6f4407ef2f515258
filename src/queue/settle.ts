// What an outcome means for the delivery: done, or again later; which event it is, and whom to tell what.
import type { Instant, World } from "../base/world.ts";
import { causeOf } from "../explain/failure.ts";
import type { Event } from "../journal/event.ts";
import type { Failure } from "../mail/failure.ts";
import type { NoticeAction, Outcome, Postponement } from "../mail/outcome.ts";
import { isDelayNoticeDue, nextAttemptAt, type RetrySettings } from "./retry.ts";
import type { Delivery, Settlement } from "./store.ts";

export interface Decision {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly settlement: Settlement;
  /** Absent: nothing happened that anyone should hear of. */
  readonly event?: Event;
  /** The sender's wishes (NOTIFY) are not looked at yet. */
  readonly tell?: NoticeAction;
}

export interface SettleParts {
  readonly world: World;
  readonly retry: RetrySettings;
  /** Who settles: the worker's name. */
  readonly by: string;
}

/** `stopped`: the attempt was cut short by us, so a deferral is not the peer's doing and does not count. */
export function decide(
  delivery: Delivery,
  outcome: Outcome,
  parts: SettleParts & { readonly stopped: boolean },
): Decision {
  const { deliveryId } = delivery;
  const postponed = outcome.kind === "deferred" ? outcome.postponed : undefined;
  const about = {
    at: parts.world.now(),
    queueId: delivery.message.queueId,
    to: delivery.recipient.address,
    attempt: delivery.attempts + (postponed === undefined ? 1 : 0),
    steps: outcome.steps,
  };
  const done: Settlement = { deliveryId, by: parts.by, next: { kind: "done" } };
  switch (outcome.kind) {
    case "delivered": {
      const { host, reply, tls, final, dsnHandedOn } = outcome;
      const event: Event = { kind: "delivered", ...about, host, reply, ...(tls && { tls }) };
      // RFC 3461 §5.2.2: a next hop that speaks DSN tells the sender itself
      const tell = final ? "delivered" : dsnHandedOn ? undefined : "relayed";
      return { delivery, outcome, settlement: done, event, ...(tell && { tell }) };
    }
    case "bounced":
      return {
        delivery,
        outcome,
        settlement: done,
        event: { kind: "bounced", ...about, ...reason(outcome.because, delivery) },
        tell: "failed",
      };
    case "deferred": {
      const mayExpire = postponed?.mayExpire ?? true;
      if (parts.stopped)
        return { delivery, outcome, settlement: { ...done, next: unattempted(delivery, outcome, parts) } };
      if (!mayExpire || parts.world.now() < delivery.expiresAt) return defer(delivery, outcome, { ...parts, about });
      const expired = expire(delivery, outcome);
      const event: Event = { kind: "bounced", ...about, ...reason(expired.because, delivery) };
      return { delivery, outcome: expired, settlement: done, event, tell: "failed" };
    }
  }
}

const reason = (because: Failure, { recipient }: Delivery) => ({ because, cause: causeOf(because, recipient.address) });

/** What all events of an outcome say. */
type About = Omit<Event & { kind: "bounced" }, "kind" | "because" | "cause">;

/** Again later. */
function defer(
  delivery: Delivery,
  outcome: Outcome & { kind: "deferred" },
  { world, retry, by, about }: SettleParts & { readonly about: About },
): Decision {
  const { deliveryId, delayNoticeSent } = delivery;
  const { because, postponed } = outcome;
  const dueAt =
    postponed === undefined
      ? nextAttemptAt(world, retry, { ...delivery, attempts: delivery.attempts + 1 })
      : postponedUntil(world, delivery, postponed);
  const noticeIsDue = !delayNoticeSent && isDelayNoticeDue(world, retry, delivery.message.receivedAt);
  const next = {
    kind: "deferred",
    dueAt,
    because,
    delayNoticeSent: delayNoticeSent || noticeIsDue,
    attempted: postponed === undefined,
    ...(postponed && { postponed: true as const }),
  } as const;
  // a wait for the same reason is no news, however often it is looked at
  const isNews = postponed === undefined || delivery.lastFailure?.kind !== because.kind;
  const event: Event = {
    kind: "deferred",
    ...about,
    ...reason(because, delivery),
    ...(postponed && { untried: true }),
    retryAt: dueAt,
  };
  return {
    delivery,
    outcome,
    settlement: { deliveryId, by, next },
    ...(isNews && { event }),
    ...(noticeIsDue && { tell: "delayed" }),
  };
}

const unattempted = (
  { delayNoticeSent }: Delivery,
  { because }: Outcome & { kind: "deferred" },
  { world }: SettleParts,
): Settlement["next"] => ({
  kind: "deferred",
  dueAt: world.now(),
  because,
  delayNoticeSent,
  attempted: false,
});

/** As the waits between attempts grow with age, so do those between looks; up to the last of them by default. */
const longestSpreadMs = 4 * 3_600_000;
const spreadPerAge = 1 / 4;

/**
 * What has waited for long is looked at less often, so that a large queue for a dead destination costs little. It is
 * never due after `expiresAt`, as long as that is to come.
 */
function postponedUntil(world: World, { message, expiresAt }: Delivery, { until, spreadMs }: Postponement): Instant {
  const now = world.now();
  const spread = Math.max(spreadMs, Math.min((now - message.receivedAt) * spreadPerAge, longestSpreadMs));
  const at = Math.ceil(Math.max(now + 1, until)) + Math.round(spread * world.random());
  return expiresAt > now ? Math.min(at, expiresAt) : at;
}

/** RFC 5321 §4.5.4.1: the time to give up has come. */
function expire(
  { message, expiresAt }: Delivery,
  { because, steps }: Outcome & { kind: "deferred" },
): Outcome & { kind: "bounced" } {
  const expired: Failure = { kind: "expired", afterMs: expiresAt - message.receivedAt, last: because };
  return { kind: "bounced", because: expired, steps };
}
