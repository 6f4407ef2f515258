// Which keys may be known: 53 bits of a hash of each, in one array, so that a million cost 16 to 32 MB and a look costs
// next to nothing. It errs once in some billion looks, on the side of yes.
import { hash } from "../../base/hash.ts";

const firstSlots = 1_024;

/** No hash is as small. */
const removed = -1;

export class AddressIndex {
  readonly #seeds: readonly [number, number];
  /** 0: free. */
  #slots = new Float64Array(firstSlots);
  #used = 0;

  /** `random`: strangers choose the addresses, and must not know where they stand. */
  constructor(random: () => number) {
    this.#seeds = [Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32)];
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  mayHave(key: string): boolean {
    const value = this.#valueOf(key);
    return this.#slots[this.#slotOf(value)] === value;
  }

  add(key: string): void {
    if ((this.#used + 1) * 2 > this.#slots.length) this.#grow();
    this.#put(this.#valueOf(key));
  }

  remove(key: string): void {
    const value = this.#valueOf(key);
    const slot = this.#slotOf(value);
    if (this.#slots[slot] === value) this.#slots[slot] = removed;
  }

  #put(value: number): void {
    const slot = this.#slotOf(value);
    if (this.#slots[slot] === value) return;
    this.#slots[slot] = value;
    this.#used += 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2);
    this.#used = 0;
    for (const value of before) if (value > 0) this.#put(value);
  }

  /** Where it is, or would be. */
  #slotOf(value: number): number {
    const mask = this.#slots.length - 1;
    let slot = (value % 2 ** 32) & mask;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== value) slot = (slot + 1) & mask;
    return slot;
  }

  #valueOf(key: string): number {
    const [low, high] = this.#seeds;
    return (hash(key, high) % 2 ** 21) * 2 ** 32 + hash(key, low) + 1;
  }
}
