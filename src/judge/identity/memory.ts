// Answers that are given again for a short time: a sender of many messages is asked about once. What is being found out is
// waited for together.
import type { Instant, World } from "../../base/world.ts";

export const memoryLimits = {
  /** DNS answers are kept as long or longer. */
  keptMs: 60_000,
  entries: 2_000,
  /** A longer question is not kept. */
  keyChars: 1_000,
} as const;

interface Entry<T> {
  readonly found: Promise<T>;
  readonly until: Instant;
}

export class Memory<T> {
  readonly #world: World;
  readonly #isSettled: (found: T) => boolean;
  readonly #entries = new Map<string, Entry<T>>(); // the oldest first

  /** `isSettled`: it is true for some time, and not the failure of a moment. */
  constructor(world: World, isSettled: (found: T) => boolean) {
    this.#world = world;
    this.#isSettled = isSettled;
  }

  /** `find` never rejects. */
  get(key: string, find: () => Promise<T>): Promise<T> {
    if (key.length > memoryLimits.keyChars) return find();
    const known = this.#entries.get(key);
    const now = this.#world.now();
    if (known !== undefined && now < known.until) return known.found;
    const entry = { found: find(), until: now + memoryLimits.keptMs };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > memoryLimits.entries) this.#entries.delete(this.#entries.keys().next().value!);
    void this.#forget(key, entry);
    return entry.found;
  }

  async #forget(key: string, entry: Entry<T>): Promise<void> {
    const found = await entry.found;
    if (!this.#isSettled(found) && this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}
