// What every driver promises of addresses that mail is not sent to (src/judge/suppression/suppression-store.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { strikeLimits } from "../../src/judge/suppression/strikes.ts";
import {
  type Strike,
  type Suppression,
  type SuppressionStore,
  suppressionSlice,
} from "../../src/judge/suppression/suppression-store.ts";

export interface SuppressionDriver {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<SuppressionStore & AsyncDisposable>;
}

const day = 86_400_000;
const now = 100 * day;
const [firstMs, secondMs] = strikeLimits.goneMs;

const strike = (address: string, change: Partial<Strike> = {}): Strike => ({
  address,
  sender: "",
  cause: "no-such-mailbox",
  because: "There is no such mailbox; \u00e4\u0000\u6f22.",
  at: now,
  ...change,
});

const complaint = (address: string, sender: string): Strike => strike(address, { sender, cause: "complaint" });

const names = (found: readonly Suppression[]): string[] =>
  found.map(({ address, sender }) => `${address} ${sender}`.trim());

export function suppressionStoreContract({ name, open }: SuppressionDriver): void {
  const it = (promise: string, check: (store: SuppressionStore) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: suppressions`, () => {
    it("knows nothing at first", async (store) => {
      assert.deepEqual(await store.suppressionsOf(["a@x", "b@x"]), []);
      assert.deepEqual(await store.suppressionsAfter(0, 10), { suppressions: [], upTo: 0 });
      assert.deepEqual(await store.liftSuppressions([{ address: "a@x" }]), []);
      assert.equal(await store.pruneSuppressions(now, 10), 0);
    });

    it("stops an address for all, and for one sender", async (store) => {
      await store.strike([strike("a@x"), complaint("a@x", "me@ours"), strike("b@x")]);
      const found = await store.suppressionsOf(["a@x", "c@x"]);
      assert.deepEqual(names(found).sort(), ["a@x", "a@x me@ours"]);
      const { at: _, ...told } = strike("a@x");
      const all = found.find(({ sender }) => sender === "");
      assert.deepEqual(all, { ...told, since: now, until: now + firstMs, times: 1 });
    });

    it("does not count what was on its way, and stops for longer each further time", async (store) => {
      await store.strike([strike("a@x")]);
      await store.strike([strike("a@x", { at: now + firstMs - 1, because: "again" })]);
      assert.equal((await store.suppressionsOf(["a@x"]))[0]?.times, 1);
      const later = now + firstMs + day;
      await store.strike([strike("a@x", { at: later }), strike("a@x", { at: later })]);
      const [second] = await store.suppressionsOf(["a@x"]);
      assert.deepEqual([second?.times, second?.since, second?.until], [2, later, later + secondMs]);
    });

    it("loses nothing of what several nodes learn at the same moment", async (store) => {
      const rounds = Array.from({ length: 12 }, (_, i) => [strike("a@x"), strike(`${i}@x`), strike("z@x")]);
      await Promise.all(rounds.map((strikes, i) => store.strike(i % 2 ? strikes : strikes.toReversed())));
      const { suppressions } = await store.suppressionsAfter(0, 100);
      assert.equal(suppressions.length, 14);
      assert.ok(suppressions.every(({ times }) => times === 1));
    });

    it("tells what changed, in order, page by page", async (store) => {
      await store.strike(["c@x", "a@x", "b@x"].map((address) => strike(address)));
      const first = await store.suppressionsAfter(0, 2);
      assert.equal(first.suppressions.length, 2);
      const rest = await store.suppressionsAfter(first.upTo, 2);
      assert.deepEqual(names([...first.suppressions, ...rest.suppressions]).sort(), ["a@x", "b@x", "c@x"]);
      await store.strike([strike("a@x", { at: now + 2 * firstMs })]);
      const news = await store.suppressionsAfter(rest.upTo, 2);
      assert.deepEqual(names(news.suppressions), ["a@x"]);
      assert.deepEqual(await store.suppressionsAfter(news.upTo, 2), { suppressions: [], upTo: news.upTo });
    });

    it("lifts for one sender, or for all", async (store) => {
      await store.strike([strike("a@x"), complaint("a@x", "me@ours"), complaint("a@x", "you@ours"), strike("b@x")]);
      assert.deepEqual(names(await store.liftSuppressions([{ address: "a@x", sender: "me@ours" }])), ["a@x me@ours"]);
      assert.deepEqual(names(await store.liftSuppressions([{ address: "a@x", sender: "" }])), ["a@x"]);
      assert.deepEqual(names(await store.liftSuppressions([{ address: "a@x" }, { address: "b@x" }])), [
        "a@x you@ours",
        "b@x",
      ]);
      assert.deepEqual(await store.suppressionsOf(["a@x", "b@x"]), []);
    });

    it("lifts what has ended, where only that is meant", async (store) => {
      await store.strike([strike("a@x"), strike("b@x", { at: now + 1 })]);
      const keys = ["a@x", "b@x"].map((address) => ({ address, sender: "", ended: now + firstMs }));
      assert.deepEqual(names(await store.liftSuppressions(keys)), ["a@x"]);
      assert.deepEqual(names(await store.suppressionsOf(["a@x", "b@x"])), ["b@x"]);
    });

    it("prunes what ended, and beyond the most those that end first", async (store) => {
      const many = Array.from({ length: suppressionSlice + 20 }, (_, i) => strike(`${i}@x`, { at: now + i }));
      await store.strike([...many, complaint("long@x", "me@ours")]);
      let removed = 0;
      for (let gone; (gone = await store.pruneSuppressions(now, 11)) > 0; removed += gone)
        assert.ok(gone <= suppressionSlice);
      assert.equal(removed, suppressionSlice + 10);
      assert.equal((await store.suppressionsOf(["long@x", `${many.length - 1}@x`])).length, 2);
      await store.pruneSuppressions(now + firstMs + many.length, 11);
      assert.deepEqual(names((await store.suppressionsAfter(0, 100)).suppressions), ["long@x me@ours"]);
    });
  });
}
