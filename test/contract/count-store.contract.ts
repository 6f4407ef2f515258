// What every driver promises of counts that processes share (src/judge/rates/count-store.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  batchesKnownMs,
  type CountAnswer,
  type CountChange,
  type CountExchange,
  countSlice,
  type CountStore,
} from "../../src/judge/rates/count-store.ts";

export interface CountDriver {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<CountStore & AsyncDisposable>;
}

const now = 1_700_000_000_000;

const debt = (key: string, ms: number): CountChange => ({ key, movedMs: ms, mostMs: 60_000, least: now + ms });
const sum = (key: string, end: number, amount: number): CountChange => ({
  key,
  movedMs: 0,
  mostMs: 0,
  least: end,
  sums: { [end]: amount },
});

export function countStoreContract({ name, open }: CountDriver): void {
  const it = (promise: string, check: (store: CountStore) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };
  const exchange = (store: CountStore, asked: Partial<CountExchange>): Promise<CountAnswer> =>
    store.exchangeCounts({ by: "one", batch: 1, changes: [], now, since: 0, limit: 1_000, ...asked });
  const all = async (store: CountStore): Promise<CountAnswer["counts"]> => {
    const { counts } = await exchange(store, { by: "reader", limit: 1_000_000 });
    return counts.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  };

  describe(`${name}: counts`, () => {
    it("knows nothing at first", async (store) => {
      assert.deepEqual(await exchange(store, {}), { counts: [], upTo: 0 });
      assert.equal(await store.pruneCounts(now, 0), 0);
    });

    it("adds up what several processes counted, and tells each what is new since it last asked", async (store) => {
      const first = await exchange(store, { changes: [debt("a", 4_000), sum("é ann", now + 9_000, 2)] });
      assert.deepEqual(first.counts, [
        { key: "a", until: now + 4_000 },
        { key: "é ann", until: now + 9_000, sums: { [now + 9_000]: 2 } },
      ]);
      const changes = [sum("é ann", now + 10_000, 5), debt("b", 1_000)];
      const second = await exchange(store, { by: "two", changes, since: first.upTo });
      const both = { key: "é ann", until: now + 10_000, sums: { [now + 9_000]: 2, [now + 10_000]: 5 } };
      assert.deepEqual(second.counts, [both, { key: "b", until: now + 1_000 }], "its own are among them");
      const third = await exchange(store, { batch: 2, changes: [debt("a", 500)], since: first.upTo });
      assert.deepEqual(third.counts, [both, { key: "b", until: now + 1_000 }, { key: "a", until: now + 4_500 }]);
      assert.deepEqual(await exchange(store, { since: third.upTo }), { counts: [], upTo: third.upTo });
    });

    it("takes a batch once, however often it is handed over", async (store) => {
      const changes = [debt("a", 1_000), sum("s", now + 9_000, 1)];
      const first = await exchange(store, { batch: 7, changes });
      assert.deepEqual(await exchange(store, { batch: 7, changes }), first);
      await exchange(store, { batch: 6, changes });
      await exchange(store, { batch: 8, changes });
      await exchange(store, { by: "two", batch: 7, changes });
      assert.deepEqual(await all(store), [
        { key: "a", until: now + 3_000 },
        { key: "s", until: now + 9_000, sums: { [now + 9_000]: 3 } },
      ]);
    });

    it("loses nothing of what several processes count at the same moment", async (store) => {
      const rounds = Array.from({ length: 12 }, (_, i) => [debt("a", 1_000), debt(`only ${i}`, 50), debt("z", 1_000)]);
      const asked = rounds.map((changes, i) => ({ by: `p${i}`, changes: i % 2 ? changes : changes.toReversed() }));
      const answers = await Promise.all(asked.map((one) => exchange(store, one)));
      const found = new Map((await all(store)).map(({ key, until }) => [key, until - now]));
      assert.deepEqual([found.size, found.get("a"), found.get("z"), found.get("only 3")], [14, 12_000, 12_000, 50]);
      // whoever was answered first hears of the rest later
      const missed = await exchange(store, { since: Math.min(...answers.map(({ upTo }) => upTo)) });
      assert.equal(missed.counts.find(({ key }) => key === "a")?.until, now + 12_000);
    });

    it("answers in parts, which leave nothing out", async (store) => {
      await exchange(store, { changes: Array.from({ length: 25 }, (_, i) => debt(`k${i}`, 1_000 + i)) });
      const keys: string[] = [];
      for (let since = 0, isRest = true; isRest;) {
        const { counts, upTo } = await exchange(store, { by: "two", since, limit: 10 });
        keys.push(...counts.map(({ key }) => key));
        [since, isRest] = [upTo, counts.length === 10];
      }
      assert.deepEqual(
        keys,
        Array.from({ length: 25 }, (_, i) => `k${i}`),
      );
    });

    it("begins anew after the end of a count, and tells of what is paid", async (store) => {
      const { upTo } = await exchange(store, { changes: [debt("a", 1_000), debt("b", 1_000)] });
      const paid = { key: "b", movedMs: -1_000, mostMs: 0, least: now };
      const later = { ...debt("a", 0), movedMs: 300, least: now + 2_300 };
      const { counts } = await exchange(store, { batch: 2, now: now + 2_000, changes: [later, paid], since: upTo });
      assert.deepEqual(counts, [
        { key: "a", until: now + 2_300 },
        { key: "b", until: now },
      ]);
    });

    it("removes what ended, and beyond the most what ends first; what comes then is news all the same", async (store) => {
      const many = Array.from({ length: countSlice + 20 }, (_, i) => debt(`k${String(i).padStart(5, "0")}`, 1 + i));
      const { upTo } = await exchange(store, { changes: many, limit: 10_000 });
      let removed = 0;
      for (let gone; (gone = await store.pruneCounts(now, 10)) > 0; removed += gone) assert.ok(gone <= countSlice);
      assert.equal(removed, countSlice + 10);
      const left = await all(store);
      assert.deepEqual([left.length, left.at(-1)?.key], [10, many.at(-1)!.key]);
      assert.equal(await store.pruneCounts(now + 10_000_000, 10), 10);
      const { counts } = await exchange(store, { by: "two", changes: [debt("new", 1)], since: upTo });
      assert.equal(counts.length, 1);
    });

    it("forgets batches of processes that are long gone, and no others", async (store) => {
      const changes = [debt("a", 100)];
      await exchange(store, { by: "gone", changes });
      await exchange(store, { by: "there", now: now + batchesKnownMs, changes });
      await store.pruneCounts(now + batchesKnownMs + 1, 1_000);
      await exchange(store, { by: "there", now: now + batchesKnownMs, changes: [debt("b", 100)] });
      await exchange(store, { by: "gone", changes: [debt("c", 100)] });
      assert.deepEqual(
        (await all(store)).map(({ key }) => key),
        ["c"],
      );
    });
  });
}
