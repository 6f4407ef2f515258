// How much an account has sent in sliding windows of time.
import type { Instant, World } from "../../base/world.ts";

export interface SendingWindow {
  readonly of: "messages" | "recipients";
  readonly ms: number;
}

export interface SendingSum {
  /** Of the last window. */
  readonly total: number;
  /** It was at the limit already. */
  readonly isFull: boolean;
  /** It has come to four fifths of the limit; said once in the time of a window. */
  readonly isNearly: boolean;
  /** When it will be below the limit, if nothing is added. */
  readonly belowAt: Instant;
}

export interface Sent {
  readonly account: string;
  /** 0 only looks. */
  readonly amount: number;
  readonly windows: readonly { readonly window: SendingWindow; readonly limit: number }[];
}

/**
 * Adds to the sums of all windows, unless one of them is full: then to none. One step, for two would let through what comes
 * at the same moment. A sum for each window. Of all threads of a server.
 */
export type CountSent = (sent: Sent) => readonly SendingSum[] | Promise<readonly SendingSum[]>;

/** A window moves on in such steps: it is that much longer than it says. */
const stepsPerWindow = 24;
/** Windows of accounts; those that were used longest ago are forgotten, at some 10 MB in all. */
const mostWindows = 30_000;
/** Of a limit: the owner hears of it. */
const warnAt = 0.8;

interface Step {
  /** Steps since 1970. */
  readonly at: number;
  amount: number;
}

interface Counted {
  steps: Step[];
  /** No warning until then. */
  quietUntil: Instant;
}

const sumOf = ({ steps }: Counted): number => steps.reduce((sum, { amount }) => sum + amount, 0);

export function sendingCounts({ now }: Pick<World, "now">): (sent: Sent) => readonly SendingSum[] {
  const known = new Map<string, Counted>();

  const recall = (account: string, { of, ms }: SendingWindow): Counted => {
    const key = `${of} ${ms} ${account}`;
    const counted = known.get(key) ?? { steps: [], quietUntil: -Infinity };
    const oldest = Math.floor((now() * stepsPerWindow) / ms) - stepsPerWindow;
    counted.steps = counted.steps.filter(({ at }) => at >= oldest);
    known.delete(key); // moves to the end: that used longest ago stands first
    known.set(key, counted);
    if (known.size > mostWindows) known.delete(known.keys().next().value!);
    return counted;
  };

  const add = ({ steps }: Counted, { ms }: SendingWindow, amount: number): void => {
    const current = Math.floor((now() * stepsPerWindow) / ms);
    const last = steps.at(-1);
    if (last?.at === current) last.amount += amount;
    else steps.push({ at: current, amount });
  };

  return ({ account, amount, windows }) => {
    const all = windows.map(({ window, limit }) => ({ window, limit, counted: recall(account, window) }));
    const isFull = all.map(({ counted, limit }) => sumOf(counted) >= limit);
    const isAdded = amount > 0 && !isFull.includes(true);
    return all.map(({ window, limit, counted }, i): SendingSum => {
      if (isAdded) add(counted, window, amount);
      const total = sumOf(counted);
      const isNearly = isAdded && total >= warnAt * limit && now() >= counted.quietUntil;
      if (isNearly) counted.quietUntil = now() + window.ms;
      let left = total;
      const gone = total < limit ? undefined : counted.steps.find(({ amount }) => (left -= amount) < limit);
      const belowAt = gone === undefined ? now() : ((gone.at + stepsPerWindow + 1) * window.ms) / stepsPerWindow;
      return { total, isFull: isFull[i]!, isNearly, belowAt };
    });
  };
}
