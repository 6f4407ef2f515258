// The one of a process that talks with the store about counts: a moment after something new was counted, it hands over
// what there is, in one batch, and gets what other processes counted. Nobody waits for it.
import type { World } from "../../base/world.ts";
import type { CountChange, CountExchange, CountStore, SharedCount } from "./count-store.ts";

export const sharingLimits = {
  everyMs: 1_000, // so long a limit may be overrun by what others let through
  together: 500, // changes of one kind in a batch
  answered: 5_000, // counts in one answer
  pruneMs: 60_000,
  most: 100_000, // counts in the store
  paidMs: 60_000, // what has ended is kept for so long, for those who have to hear of it
} as const;

/** Whoever counts in memory. */
export interface Counting {
  /** Its own, as its keys tell. */
  owns(key: string): boolean;
  /** There is something to take. */
  onNews: () => void;
  /** What is new; at most so many. */
  take(most: number): readonly CountChange[] | Promise<readonly CountChange[]>;
  /** What the store has, with all that was taken. */
  settle(count: SharedCount): void;
  /** What was taken is in the store, and all that it says of it was settled. */
  taken?(): void;
}

export interface SharingParts {
  readonly store: CountStore;
  readonly world: Pick<World, "now" | "sleep">;
  /** The process: a new name at each start. */
  readonly by: string;
  readonly countings: readonly Counting[];
  /** The store cannot be read or written: each process counts for itself. Once in each stretch of trouble. */
  readonly onFault: (error: unknown) => void;
}

export class CountSharing implements AsyncDisposable {
  readonly #parts: SharingParts;
  readonly #stop = new AbortController();
  /** What the store has not confirmed: it may have it. */
  #batch: Pick<CountExchange, "batch" | "changes"> = { batch: 0, changes: [] };
  #upTo = 0;
  #hasNews = false;
  #sharing: Promise<void> | undefined;
  #prunedAt: number;
  #hasFailed = false;

  constructor(parts: SharingParts) {
    this.#parts = parts;
    this.#prunedAt = parts.world.now();
    for (const counting of parts.countings) counting.onNews = () => this.#wake();
  }

  /** What others, and processes before this one, have counted. Never rejects. */
  async restore(): Promise<void> {
    await this.#try();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#sharing;
    if (this.#hasNews || this.#batch.changes.length > 0) await this.#try();
  }

  #wake(): void {
    this.#hasNews = true;
    this.#sharing ??= this.#share();
  }

  async #share(): Promise<void> {
    const { world } = this.#parts;
    while (this.#hasNews && !this.#stop.signal.aborted) {
      await world.sleep(sharingLimits.everyMs, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.#try();
    }
    this.#sharing = undefined;
  }

  async #try(): Promise<void> {
    try {
      await this.#exchange();
      await this.#prune();
      this.#hasFailed = false;
    } catch (error) {
      this.#wake();
      if (!this.#hasFailed) this.#parts.onFault(error);
      this.#hasFailed = true;
    }
  }

  /** A batch of which no answer came is handed over again, under its number: the store takes it once. */
  async #exchange(): Promise<void> {
    const { store, world, by, countings } = this.#parts;
    if (this.#batch.changes.length === 0) await this.#gather();
    const { answered: limit } = sharingLimits;
    for (let count: number = limit; count === limit;) {
      const asked = { by, ...this.#batch, now: world.now(), since: this.#upTo, limit };
      const { counts, upTo } = await store.exchangeCounts(asked);
      for (const one of counts) countings.find((counting) => counting.owns(one.key))?.settle(one);
      this.#upTo = upTo;
      count = counts.length;
    }
    for (const counting of countings) counting.taken?.();
    this.#batch = { batch: this.#batch.batch, changes: [] };
  }

  async #gather(): Promise<void> {
    const { together } = sharingLimits;
    this.#hasNews = false;
    const changes = await Promise.all(this.#parts.countings.map(async (counting) => counting.take(together)));
    this.#batch = { batch: this.#batch.batch + 1, changes: changes.flat() };
  }

  async #prune(): Promise<void> {
    const { store, world } = this.#parts;
    const now = world.now();
    if (now - this.#prunedAt < sharingLimits.pruneMs) return;
    this.#prunedAt = now;
    while ((await store.pruneCounts(now - sharingLimits.paidMs, sharingLimits.most)) > 0)
      if (this.#stop.signal.aborted) return;
  }
}
