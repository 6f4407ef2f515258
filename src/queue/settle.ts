// What an outcome means for the delivery: done, or again later; which event it is, and whom to tell what.
import type { World } from "../base/world.ts";
import type { Event } from "../journal/event.ts";
import type { Failure } from "../mail/failure.ts";
import type { NoticeAction, Outcome } from "../mail/outcome.ts";
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
  const about = {
    at: parts.world.now(),
    queueId: delivery.message.queueId,
    to: delivery.recipient.address,
    attempt: delivery.attempts + 1,
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
        event: { kind: "bounced", ...about, because: outcome.because },
        tell: "failed",
      };
    case "deferred": {
      if (parts.stopped)
        return { delivery, outcome, settlement: { ...done, next: unattempted(delivery, outcome, parts) } };
      if (parts.world.now() >= delivery.expiresAt) return decide(delivery, expire(delivery, outcome), parts);
      const dueAt = nextAttemptAt(parts.world, parts.retry, {
        attempts: delivery.attempts + 1,
        expiresAt: delivery.expiresAt,
      });
      const noticeIsDue =
        !delivery.delayNoticeSent && isDelayNoticeDue(parts.world, parts.retry, delivery.message.receivedAt);
      const next = {
        kind: "deferred",
        dueAt,
        because: outcome.because,
        delayNoticeSent: delivery.delayNoticeSent || noticeIsDue,
        attempted: true,
      } as const;
      const event: Event = { kind: "deferred", ...about, because: outcome.because, retryAt: dueAt };
      return {
        delivery,
        outcome,
        settlement: { deliveryId, by: parts.by, next },
        event,
        ...(noticeIsDue && { tell: "delayed" }),
      };
    }
  }
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

/** RFC 5321 §4.5.4.1: the time to give up has come. */
function expire({ message, expiresAt }: Delivery, { because, steps }: Outcome & { kind: "deferred" }): Outcome {
  const expired: Failure = { kind: "expired", afterMs: expiresAt - message.receivedAt, last: because };
  return { kind: "bounced", because: expired, steps };
}
