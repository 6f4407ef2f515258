// What was counted since it was last asked for, one change for each key.
import type { CountChange } from "./count-store.ts";
import { joined } from "./shared-count.ts";

/** Keys that wait to be asked for; of more, nothing is noted. */
const mostKeys = 20_000;

/** Names that strangers type have no end; and PostgreSQL has no U+0000. */
const sharable = /^[^\0]{1,400}$/;

export class CountJournal {
  /** There is something, after there was nothing. */
  onNews: () => void = () => {};
  #changes = new Map<string, CountChange>();

  note(change: CountChange): void {
    const { key } = change;
    const known = this.#changes.get(key);
    if (known === undefined && (this.#changes.size >= mostKeys || !sharable.test(key))) return;
    this.#changes.set(key, joined(known, change));
    if (this.#changes.size === 1 && known === undefined) this.onNews();
  }

  get(key: string): CountChange | undefined {
    return this.#changes.get(key);
  }

  /** All; nothing is left. */
  take(): CountChange[] {
    const taken = [...this.#changes.values()];
    this.#changes = new Map();
    return taken;
  }
}
