// Those who wait for one thing: their lanes take turns, so that a big sender does not starve a small one.

interface Waiting {
  readonly place: { readonly lane: string };
}

export class Turns<T extends Waiting> {
  /** In each the oldest first; the lane whose turn it is stands first. */
  readonly #lanes = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whose turn it is. */
  get next(): T | undefined {
    const [lane] = this.#lanes.values();
    if (lane === undefined) return undefined;
    const [oldest] = lane;
    return oldest;
  }

  add(waiter: T): void {
    const { lane } = waiter.place;
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? new Set()).add(waiter));
    this.#size += 1;
  }

  /** It waits no longer, and its lane has had its turn. */
  delete(waiter: T): void {
    const { lane } = waiter.place;
    const waiters = this.#lanes.get(lane);
    if (!waiters?.delete(waiter)) return;
    this.#size -= 1;
    this.#lanes.delete(lane);
    if (waiters.size > 0) this.#lanes.set(lane, waiters);
  }
}
