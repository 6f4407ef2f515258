// How much an account has sent in a sliding window of time.
import type { Instant, World } from "../../base/world.ts";

export interface SendingWindow {
  readonly of: "messages" | "recipients";
  readonly ms: number;
}

export interface SendingSum {
  /** Of the last window. */
  readonly total: number;
  /** When it will be less than `limit`, if nothing is added. */
  readonly belowAt: Instant;
}

/** Adds to the sum of a window; answers the sum, `amount` included. Of all threads of a server. */
export type CountSent = (sent: Sent) => SendingSum | Promise<SendingSum>;

export interface Sent {
  readonly account: string;
  readonly window: SendingWindow;
  /** 0 only looks. */
  readonly amount: number;
  /** 1 or more. */
  readonly limit: number;
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

export function sendingCounts({ now }: Pick<World, "now">): (sent: Sent) => SendingSum {
  const known = new Map<string, Step[]>();
  return ({ account, window: { of, ms }, amount, limit }) => {
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
    let left = total;
    const gone = total < limit ? undefined : steps.find(({ amount }) => (left -= amount) < limit);
    return { total, belowAt: gone === undefined ? now() : (gone.at + stepsPerWindow + 1) * stepMs };
  };
}
