// When to try again, and when to give up. RFC 5321 §4.5.4.1.
import type { Instant, World } from "../base/world.ts";

export interface RetrySettings {
  /** Waits between attempts in ms; the last one repeats. */
  readonly scheduleMs: readonly number[];
  readonly giveUpAfterMs: number;
  /** 0: no delay notice. */
  readonly delayNoticeAfterMs: number;
}

/**
 * The next attempt after `attempts` finished ones. Varies by a tenth, to spread a restart's herd; never after `expiresAt`,
 * so that a last attempt is made before the message is given up.
 */
export function nextAttemptAt(
  world: World,
  { scheduleMs }: RetrySettings,
  delivery: { readonly attempts: number; readonly expiresAt: Instant },
): Instant {
  const waitMs = scheduleMs[Math.min(Math.max(delivery.attempts, 1), scheduleMs.length) - 1]!;
  const at = world.now() + Math.round(waitMs * (0.9 + 0.2 * world.random()));
  return Math.max(world.now() + 1, Math.min(at, delivery.expiresAt));
}

/** The sender should hear by now that the message still waits. */
export const isDelayNoticeDue = (world: World, settings: RetrySettings, receivedAt: Instant): boolean =>
  settings.delayNoticeAfterMs > 0 && world.now() - receivedAt >= settings.delayNoticeAfterMs;
