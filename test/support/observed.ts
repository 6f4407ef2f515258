// What a test has seen happen, in order, and a way to wait for more of it without a clock.
import { inspect } from "node:util";

/** A test that waits longer than this has failed. */
const timeLimitMs = 20_000;

export class Observed<T> {
  readonly #all: T[] = [];
  readonly #waiting = new Set<() => void>();

  get all(): readonly T[] {
    return this.#all;
  }

  add(one: T): void {
    this.#all.push(one);
    for (const look of this.#waiting) look();
  }

  /** All of them, once there are `count`. */
  async count(count: number): Promise<readonly T[]> {
    await this.#until(() => this.#all.length >= count || undefined);
    return this.#all;
  }

  /** The first that fits, past or to come. */
  async first(fits: (one: T) => boolean): Promise<T> {
    return (await this.#until(() => this.#all.filter(fits).slice(0, 1)[0])) as T;
  }

  async #until(find: () => unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const look = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`waited in vain; seen so far: ${this.#shown()}`)), timeLimitMs);
    this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  #shown(): string {
    return inspect(this.#all.slice(-10), { depth: 3, breakLength: 120, maxStringLength: 200 });
  }
}
