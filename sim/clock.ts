// Simulated time: it stands still while code runs, and jumps from one planned event to the next.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Instant, World } from "../src/base/world.ts";
import type { Dice } from "./dice.ts";

/** How far a clock may be off, either way. */
export const longestSkewMs = 500;

/** A process of a simulated machine. When it is killed, all that it had planned is gone; when frozen, it comes late. */
export class Process {
  readonly name: string;
  /** What its clock shows beyond the true time. */
  readonly skewMs: number;
  isAlive = true;
  frozenUntil: Instant = 0;
  /** From the store. */
  cutOffUntil: Instant = 0;
  /** Events to come. */
  planned = 0;

  constructor(name: string, skewMs = 0) {
    this.name = name;
    this.skewMs = skewMs;
  }
}

export interface Planned {
  readonly at: Instant;
  readonly order: number;
  readonly owner: Process | undefined;
  /** Undefined: it was cancelled, or has happened. */
  run: (() => void) | undefined;
}

const current = new AsyncLocalStorage<Process | undefined>();

/** The process whose code runs now. */
export const currentProcess = (): Process | undefined => current.getStore();

/** Comes when all promises that can go on have gone on; cheaper than a turn of the event loop. */
const afterPromises = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export class Clock {
  #now: Instant;
  #order = 0;
  readonly #heap: Planned[] = [];
  #hash = 0;
  #events = 0;
  /** Calls of the real world that are under way. */
  #held = 0;
  #released = Promise.withResolvers<void>();

  constructor(now: Instant) {
    this.#now = now;
  }

  get now(): Instant {
    return this.#now;
  }

  /** Happened so far. */
  get events(): number {
    return this.#events;
  }

  /** Of all that happened, and when: the same seed gives the same. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value ^ Math.floor(value / 2 ** 32), 0x01000193) ^ (this.#hash >>> 13);
  }

  /** In `ms`; belongs to the process whose code runs now. */
  plan(ms: number, run: () => void): Planned {
    return this.planFor(currentProcess(), ms, run);
  }

  /** Undefined: nobody's, it happens in any case. */
  planFor(owner: Process | undefined, ms: number, run: () => void): Planned {
    this.#order += 1;
    const planned = { at: this.#now + Math.max(0, ms), order: this.#order, owner, run };
    if (owner) owner.planned += 1;
    this.#push(planned);
    return planned;
  }

  cancel(planned: Planned): void {
    if (planned.run === undefined) return;
    planned.run = undefined;
    if (planned.owner) planned.owner.planned -= 1;
  }

  /** Time stands still until `work` of the real world (a disk, a thread) is through. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work;
    } finally {
      this.#held -= 1;
      if (this.#held === 0) {
        this.#released.resolve();
        this.#released = Promise.withResolvers();
      }
    }
  }

  /** One event after the other, each with all that follows from it at once, until `isEnd` or nothing is planned. */
  async run(isEnd: () => boolean): Promise<void> {
    while (!isEnd()) {
      const next = this.#pop();
      if (next === undefined) return;
      const { owner, run } = next;
      if (run === undefined || owner?.isAlive === false) continue;
      if (owner && owner.frozenUntil > next.at) {
        this.#push({ ...next, at: owner.frozenUntil });
        continue;
      }
      this.#now = next.at;
      this.#events += 1;
      this.mix(next.at);
      this.cancel(next);
      current.run(owner, run);
      await afterPromises();
      while (this.#held > 0) {
        await this.#released.promise;
        await afterPromises();
      }
    }
  }

  /** The World of a process, or of nobody. */
  world(dice: Dice, owner?: Process): World {
    return {
      now: () => Math.floor(this.#now + (owner?.skewMs ?? 0)),
      random: () => dice.next(),
      sleep: (ms, signal) => this.sleep(ms, signal),
    };
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const planned = this.plan(ms, resolve);
    const wake = (): void => {
      this.cancel(planned);
      resolve();
    };
    signal?.addEventListener("abort", wake);
    await promise;
    signal?.removeEventListener("abort", wake);
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
