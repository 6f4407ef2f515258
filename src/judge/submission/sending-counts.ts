// How much an account has sent in sliding windows of time.
import type { Instant, World } from "../../base/world.ts";
import { CountJournal } from "../rates/count-journal.ts";
import type { CountChange, SharedCount, Sums } from "../rates/count-store.ts";
import type { Counting } from "../rates/count-sharing.ts";
import { alive, sumsOf } from "../rates/shared-count.ts";

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
 * at the same moment. A sum for each window. Of all threads of a server, and of all servers of a store a moment later.
 */
export type CountSent = (sent: Sent) => readonly SendingSum[] | Promise<readonly SendingSum[]>;

/** Counts by itself; what other processes of the store count comes from time to time. */
export interface SendingCounts {
  (sent: Sent): readonly SendingSum[];
  readonly counting: Counting;
}

/** A window moves on in such steps: it is that much longer than it says. */
const stepsPerWindow = 24;
/** Windows of accounts; those that were used longest ago are forgotten, at some 10 MB in all. */
const mostWindows = 30_000;
/** Of a limit: the owner hears of it. */
const warnAt = 0.8;

interface Counted {
  /** By the instant from which on they count no more. */
  sums: Sums;
  /** No warning until then. */
  quietUntil: Instant;
}

/** Keys of what is shared: amounts, and the instant until which the owner is not warned again. */
const amounts = "sent ";
const warnings = "warned ";

export function sendingCounts({ now }: Pick<World, "now">): SendingCounts {
  const windows = new Windows(now);
  const count = ({ account, amount, windows: asked }: Sent): readonly SendingSum[] => {
    const all = asked.map(({ window, limit }) => {
      const key = `${window.of} ${window.ms} ${account}`;
      return { window, limit, key, counted: windows.recall(key) };
    });
    const isFull = all.map(({ counted, limit }) => totalOf(counted) >= limit);
    const isAdded = amount > 0 && !isFull.includes(true);
    return all.map(({ window, limit, key, counted }, i): SendingSum => {
      if (isAdded) windows.add(key, amount, window.ms);
      const total = totalOf(counted);
      const isNearly = isAdded && total >= warnAt * limit && now() >= counted.quietUntil;
      if (isNearly) windows.warned(key, window.ms);
      return { total, isFull: isFull[i]!, isNearly, belowAt: belowAt(counted, total, { limit, now: now() }) };
    });
  };
  return Object.assign(count, { counting: windows });
}

const totalOf = ({ sums }: Counted): number => Object.values(sums).reduce((total, amount) => total + amount, 0);

function belowAt({ sums }: Counted, total: number, { limit, now }: { limit: number; now: Instant }): Instant {
  let left = total;
  if (left < limit) return now;
  const ends = Object.keys(sums).map(Number);
  return ends.sort((a, b) => a - b).find((end) => (left -= sums[end]!) < limit) ?? now;
}

class Windows implements Counting {
  readonly #now: () => Instant;
  /** That used longest ago stands first. */
  readonly #known = new Map<string, Counted>();
  readonly #journal = new CountJournal();

  constructor(now: () => Instant) {
    this.#now = now;
  }

  set onNews(tell: () => void) {
    this.#journal.onNews = tell;
  }

  recall(key: string): Counted {
    const counted = this.#known.get(key) ?? { sums: {}, quietUntil: -Infinity };
    const now = this.#now();
    if (Object.keys(counted.sums).some((end) => Number(end) <= now)) counted.sums = alive(counted.sums, now);
    this.#known.delete(key);
    this.#known.set(key, counted);
    if (this.#known.size > mostWindows) this.#known.delete(this.#known.keys().next().value!);
    return counted;
  }

  add(key: string, amount: number, windowMs: number): void {
    const stepMs = windowMs / stepsPerWindow;
    const end = (Math.floor(this.#now() / stepMs) + stepsPerWindow + 1) * stepMs;
    const counted = this.recall(key);
    counted.sums = { ...counted.sums, [end]: (counted.sums[end] ?? 0) + amount };
    this.#journal.note({ ...unmoved, key: amounts + key, least: end, sums: { [end]: amount } });
  }

  warned(key: string, windowMs: number): void {
    const counted = this.recall(key);
    counted.quietUntil = this.#now() + windowMs;
    this.#journal.note({ ...unmoved, key: warnings + key, least: counted.quietUntil });
  }

  owns(key: string): boolean {
    return key.startsWith(amounts) || key.startsWith(warnings);
  }

  /** What is beyond waits: it says of itself until when it counts. */
  take(most: number): readonly CountChange[] {
    const all = this.#journal.take();
    for (const change of all.slice(most)) this.#journal.note(change);
    return all.slice(0, most);
  }

  settle({ key, until, sums = {} }: SharedCount): void {
    const now = this.#now();
    if (until <= now) return;
    if (key.startsWith(warnings)) {
      const counted = this.recall(key.slice(warnings.length));
      counted.quietUntil = Math.max(counted.quietUntil, until);
      return;
    }
    const counted = this.recall(key.slice(amounts.length));
    counted.sums = alive(sumsOf(sums, this.#journal.get(key)?.sums) ?? {}, now);
  }
}

const unmoved = { movedMs: 0, mostMs: 0 } as const;
