// Counts that processes share, of the memory driver, which has no second process.
import type { Instant } from "../../base/world.ts";
import {
  batchesKnownMs,
  type CountAnswer,
  type CountExchange,
  countSlice,
  type CountStore,
  type SharedCount,
} from "../../judge/rates/count-store.ts";
import { counted } from "../../judge/rates/shared-count.ts";

export class MemoryCounts implements CountStore {
  /** In the order of their changes. */
  readonly #counts = new Map<string, { readonly count: SharedCount; readonly number: number }>();
  readonly #batches = new Map<string, { readonly batch: number; readonly at: Instant }>();
  #lastNumber = 0;

  async exchangeCounts({ by, batch, changes, now, since, limit }: CountExchange): Promise<CountAnswer> {
    if (changes.length > 0 && (this.#batches.get(by)?.batch ?? 0) < batch) {
      this.#batches.set(by, { batch, at: now });
      for (const change of changes) {
        const count = counted(this.#counts.get(change.key)?.count, change, now);
        this.#counts.delete(change.key);
        this.#counts.set(change.key, { count, number: ++this.#lastNumber });
      }
    }
    const news = [...this.#counts.values()].filter(({ number }) => number > since).slice(0, limit);
    return { counts: news.map(({ count }) => count), upTo: news.at(-1)?.number ?? since };
  }

  async pruneCounts(ended: Instant, most: number): Promise<number> {
    for (const [by, { at }] of this.#batches) if (at < ended - batchesKnownMs) this.#batches.delete(by);
    const soonest = [...this.#counts.values()].map(({ count }) => count).sort((a, b) => a.until - b.until);
    const beyond = soonest.length - most;
    const gone = soonest.filter(({ until }, i) => i < beyond || until < ended).slice(0, countSlice);
    for (const { key } of gone) this.#counts.delete(key);
    return gone.length;
  }
}
