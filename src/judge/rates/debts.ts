// What clients and others owe: how far each is ahead of what it may do, in time. A token bucket kept as one number, the
// instant at which all is paid (the generic cell rate algorithm). The memory has a fixed size, and all threads share it.
import { randomInt } from "node:crypto";
import type { Instant, World } from "../../base/world.ts";
import type { CountJournal } from "./count-journal.ts";

/** To be passed to other threads. */
export interface SharedDebts {
  /** Slots of 64 bits: 20 that tell whose it is, 44 for the instant, in quarters of a ms since 1970 (until 2109). */
  readonly slots: SharedArrayBuffer;
  /** Of the hashes: nobody outside knows who shares his slots. */
  readonly seeds: readonly [number, number];
}

export const debtLimits = {
  /** 1 MB in all, however many names there are. */
  slots: 2 ** 17,
  /** A key may be in any of so many; where all are taken, the one with the least debt is forgotten. */
  ways: 8,
} as const;

export const sharedDebts = (): SharedDebts => ({
  slots: new SharedArrayBuffer(debtLimits.slots * BigUint64Array.BYTES_PER_ELEMENT),
  seeds: [randomInt(2 ** 32), randomInt(2 ** 32)],
});

export class Debts {
  readonly #slots: BigUint64Array;
  readonly #seeds: SharedDebts["seeds"];
  readonly #world: Pick<World, "now">;
  readonly #journal: CountJournal | undefined;

  /** What changes is noted in the `journal`, for the other processes of the store. */
  constructor(world: Pick<World, "now">, { slots, seeds }: SharedDebts = sharedDebts(), journal?: CountJournal) {
    this.#world = world;
    this.#slots = new BigUint64Array(slots);
    this.#seeds = seeds;
    this.#journal = journal;
  }

  /** In ms; 0: nothing. */
  of(key: string): number {
    return this.#change(key, (debtMs) => debtMs).after;
  }

  /** Makes the debt larger, up to `mostMs`, or smaller. */
  add(key: string, ms: number, mostMs = Infinity): number {
    const changed = this.#change(key, (debtMs) => Math.min(Math.max(0, debtMs + ms), Math.max(debtMs, mostMs)));
    this.#note(key, changed, mostMs);
    return changed.after;
  }

  /** Makes it at least so large. */
  raise(key: string, ms: number): number {
    const { at, before, after } = this.#change(key, (debtMs) => Math.max(debtMs, ms));
    if (before !== after) this.#journal?.note({ key, movedMs: 0, mostMs: 0, least: at + ms });
    return after;
  }

  /** Adds `ms`, if no more than `mostMs` are owed then. Else nothing changes: answers how long to wait. */
  take(key: string, ms: number, mostMs: number): number {
    let waitMs = 0;
    const changed = this.#change(key, (debtMs) => {
      waitMs = Math.max(0, debtMs + ms - mostMs);
      return waitMs > 0 ? debtMs : debtMs + ms;
    });
    this.#note(key, changed, mostMs);
    return waitMs;
  }

  now(): Instant {
    return this.#world.now();
  }

  /** When all will be paid; now: nothing is owed. */
  until(key: string): Instant {
    return this.#world.now() + this.of(key);
  }

  /** Others paid or owe what leads from the one instant to the other: it is no news for them. */
  correct(key: string, from: Instant, to: Instant): void {
    const now = this.#world.now();
    const ms = Math.max(to, now) - Math.max(from, now);
    if (Math.abs(ms) >= leastCorrectionMs) this.#change(key, (debtMs) => Math.max(0, debtMs + ms));
  }

  #note(key: string, { at, before, after }: Changed, mostMs: number): void {
    const movedMs = after - before;
    if (movedMs === 0) return;
    this.#journal?.note({ key, movedMs, mostMs: movedMs > 0 ? mostMs : 0, least: at + Math.max(0, movedMs) });
  }

  /** `next` may be called more than once. */
  #change(key: string, next: (debtMs: number) => number): Changed {
    const [placeSeed, markSeed] = this.#seeds;
    const first = (hash(key, placeSeed) % (debtLimits.slots / debtLimits.ways)) * debtLimits.ways;
    const mark = BigInt(hash(key, markSeed) >>> (32 - markBits));
    for (;;) {
      const at = this.#world.now();
      const { place, slot, isOurs } = this.#find(first, mark);
      const before = isOurs ? Math.max(0, instantOf(slot) - at) : 0;
      const after = next(before);
      if (after === before) return { at, before, after };
      const changed = (mark << instantBits) | BigInt(Math.round((at + after) * unitsPerMs));
      if (Atomics.compareExchange(this.#slots, place, slot, changed) === slot) return { at, before, after };
    }
  }

  /** The slot of the mark, or the one that it may have. */
  #find(first: number, mark: bigint): { place: number; slot: bigint; isOurs: boolean } {
    let place = first;
    let slot = this.#slotAt(first);
    let least = Infinity;
    for (let at = first; at < first + debtLimits.ways; at += 1) {
      const other = this.#slotAt(at);
      if (other >> instantBits === mark) return { place: at, slot: other, isOurs: true };
      const instant = instantOf(other);
      if (instant < least) [place, slot, least] = [at, other, instant];
    }
    return { place, slot, isOurs: false };
  }

  #slotAt(place: number): bigint {
    return Atomics.load(this.#slots, place);
  }
}

interface Changed {
  readonly at: Instant;
  /** In ms, at that instant. */
  readonly before: number;
  readonly after: number;
}

/** The store keeps whole milliseconds. */
const leastCorrectionMs = 1;

const markBits = 20;
const instantBits = 44n;
const unitsPerMs = 4;
const latestInstant = (1n << instantBits) - 1n;

const instantOf = (slot: bigint): number => Number(slot & latestInstant) / unitsPerMs;

/** FNV-1a, with its bits mixed once more. */
function hash(text: string, seed: number): number {
  let value = seed | 0;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
  return (value ^ (value >>> 15)) >>> 0;
}
