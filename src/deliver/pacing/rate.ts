// Messages in time: how many went lately, and when the next may go.
import type { Instant } from "../../base/world.ts";
import { pacingLimits } from "./limits.ts";

const minuteMs = 60_000;

/** Counts messages of the last minute, in two buckets. */
export class Meter {
  #minute = 0;
  #count = 0;
  #before = 0;

  count(now: Instant): void {
    this.#turn(now);
    this.#count += 1;
  }

  /** Of the last sixty seconds, about. */
  perMinute(now: Instant): number {
    this.#turn(now);
    return this.#count + this.#before * (1 - (now % minuteMs) / minuteMs);
  }

  #turn(now: Instant): void {
    const minute = Math.floor(now / minuteMs);
    if (minute === this.#minute) return;
    this.#before = minute === this.#minute + 1 ? this.#count : 0;
    this.#count = 0;
    this.#minute = minute;
  }
}

/** So many messages per minute, a few of them at once; the rate may change at any time. */
export class TokenBucket {
  /** Undefined: full. */
  #tokens: number | undefined;
  #filledAt: Instant = 0;

  take(now: Instant, perMinute: number): boolean {
    this.#fill(now, perMinute);
    if (this.#tokens! < 1) return false;
    this.#tokens! -= 1;
    return true;
  }

  /** When `take` will succeed. */
  nextAt(now: Instant, perMinute: number): Instant {
    this.#fill(now, perMinute);
    return now + Math.ceil((Math.max(0, 1 - this.#tokens!) * minuteMs) / perMinute);
  }

  /** The rate is what limits. */
  get isLow(): boolean {
    return (this.#tokens ?? Infinity) < 1;
  }

  empty(now: Instant): void {
    this.#tokens = 0;
    this.#filledAt = now;
  }

  #fill(now: Instant, perMinute: number): void {
    const most = Math.max(1, (perMinute * pacingLimits.burstMs) / minuteMs);
    const filled = this.#tokens === undefined ? most : this.#tokens + ((now - this.#filledAt) * perMinute) / minuteMs;
    this.#tokens = Math.min(most, filled);
    this.#filledAt = now;
  }
}
