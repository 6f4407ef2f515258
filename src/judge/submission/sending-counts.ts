// How much an account has sent in a sliding window of time.
import type { Instant, World } from "../../base/world.ts";

export interface SendingWindow {
  readonly of: "messages" | "recipients";
  readonly ms: number;
}

export interface SendingSum {
  readonly total: number;
  /** When the total will be less than `limit` (1 or more), if nothing is added. */
  belowAt(limit: number): Instant;
}

/** Today within one thread; a store that all threads and nodes share can stand in its place. */
export interface SendingCounts {
  /** The sum of the last window, after `amount` was added; 0 only looks. */
  count(account: string, window: SendingWindow, amount: number): SendingSum;
}

/** A window moves on in such steps: it is that much longer than it says. */
const stepsPerWindow = 24;
/** Windows of accounts; those that were used longest ago are forgotten, at some 10 MB in all. */
const mostWindows = 30_000;

interface Step {
  /** Steps since 1970. */
  readonly at: number;
  amount: number;
}

export function sendingCounts({ now }: Pick<World, "now">): SendingCounts {
  const known = new Map<string, Step[]>();
  return {
    count(account, { of, ms }, amount) {
      const stepMs = ms / stepsPerWindow;
      const key = `${of} ${ms} ${account}`;
      const current = Math.floor(now() / stepMs);
      const steps = (known.get(key) ?? []).filter(({ at }) => at >= current - stepsPerWindow);
      const last = steps.at(-1);
      if (last?.at === current) last.amount += amount;
      else if (amount > 0) steps.push({ at: current, amount });
      known.delete(key); // moves to the end: that used longest ago stands first
      if (steps.length > 0) known.set(key, steps);
      if (known.size > mostWindows) known.delete(known.keys().next().value!);
      const total = steps.reduce((sum, { amount }) => sum + amount, 0);
      return {
        total,
        belowAt(limit) {
          let left = total;
          const gone = steps.find(({ amount }) => (left -= amount) < limit);
          return gone === undefined || total < limit ? now() : (gone.at + stepsPerWindow + 1) * stepMs;
        },
      };
    },
  };
}
