// What every driver promises of what is remembered of senders (src/judge/sender-store.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pruneSlice, type SenderChange, type SenderKind, type SenderStore } from "../../src/judge/sender-store.ts";

export interface SenderDriver {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<SenderStore & AsyncDisposable>;
}

const day = 86_400_000;
const fading = { now: 100 * day, halfLifeMs: 10 * day };
const { now } = fading;

const seen = (key: string, change: Partial<SenderChange> = {}, weight = 1): SenderChange => ({
  kind: "identity",
  key,
  firstAt: now,
  expiresAt: now,
  tallies: { accepted: { weight, total: weight, lastAt: change.firstAt ?? now } },
  ...change,
});

const deferral = (key: string, expiresAt: number): SenderChange => seen(key, { kind: "deferral", expiresAt });

const id = (key: string, kind: SenderKind = "identity") => ({ kind, key });

const plenty = { identity: 1_000, host: 1_000, deferral: 1_000 };

export function senderStoreContract({ name, open }: SenderDriver): void {
  const it = (promise: string, check: (store: SenderStore) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };
  const keysOf = async (store: SenderStore, kind: SenderKind, at = now): Promise<string[]> =>
    (await store.pageSenders(kind, { now: at, limit: 1_000 })).map(({ key }) => key);

  describe(`${name}: senders`, () => {
    it("knows nothing at first", async (store) => {
      assert.deepEqual(await store.recallSenders([id("a"), id("b")], now), []);
      assert.equal(await store.forgetSender(id("a")), false);
      assert.equal(await store.pruneSenders(now, plenty), 0);
    });

    it("adds up what was seen, and lets it fade", async (store) => {
      await store.learnSenders([seen("a", { firstAt: now - 10 * day, facts: { from: "x" } }, 8)], fading);
      await store.learnSenders([seen("a"), seen("b", { kind: "host", expiresAt: now + day })], fading);
      const [a] = await store.recallSenders([id("a"), id("b")], now);
      assert.deepEqual(a?.tallies, { accepted: { weight: 5, total: 9, lastAt: now } });
      assert.deepEqual([a?.firstAt, a?.facts], [now - 10 * day, { from: "x" }]);
      assert.ok(a.expiresAt > now + 50 * day, "the more was seen, the longer it is remembered");
      const [b] = await store.recallSenders([id("b", "host")], now);
      assert.equal(b?.expiresAt, now + day);
    });

    it("loses nothing of what several nodes saw at the same moment", async (store) => {
      const rounds = Array.from({ length: 12 }, (_, i) => [seen("a"), seen(`only ${i}`), seen("z")]);
      await Promise.all(rounds.map((changes, i) => store.learnSenders(i % 2 ? changes : changes.toReversed(), fading)));
      const records = await store.recallSenders([id("a"), id("z"), id("only 3")], now);
      const totals = records.map(({ key, tallies }) => [key, tallies["accepted"]?.total] as const);
      assert.deepEqual(Object.fromEntries(totals), { a: 12, z: 12, "only 3": 1 });
    });

    it("begins anew after the end of a record", async (store) => {
      await store.learnSenders([deferral("a", now + day)], fading);
      assert.equal((await store.recallSenders([id("a", "deferral")], now + day - 1)).length, 1);
      const later = now + day;
      assert.equal((await store.recallSenders([id("a", "deferral")], later)).length, 0);
      await store.learnSenders([{ ...deferral("a", later + day), firstAt: later }], { ...fading, now: later });
      const [record] = await store.recallSenders([id("a", "deferral")], later);
      assert.deepEqual([record?.firstAt, record?.tallies["accepted"]?.total], [later, 1]);
    });

    it("keeps a pin, whatever is seen, and for ever; without it, what was seen is left", async (store) => {
      const pin = { as: "good", because: "our bank", at: now } as const;
      await store.pinSender(id("a"), pin, fading);
      await store.pinSender(id("b"), { ...pin, as: "bad" }, fading);
      await store.learnSenders([seen("a"), seen("c")], fading);
      const muchLater = now + 5_000 * day;
      assert.deepEqual((await store.recallSenders([id("a")], muchLater))[0]?.pin, pin);
      await store.pruneSenders(muchLater, { ...plenty, identity: 0 });
      assert.deepEqual(await keysOf(store, "identity", muchLater), ["a", "b"]);
      await store.pinSender(id("a"), undefined, fading);
      await store.pinSender(id("b"), undefined, fading);
      const [a] = await store.recallSenders([id("a"), id("b")], now);
      assert.deepEqual([a?.key, a?.pin, a?.tallies["accepted"]?.total], ["a", undefined, 1]);
      assert.deepEqual(await keysOf(store, "identity"), ["a"]);
    });

    it("lets a deferral in, and it still ends", async (store) => {
      await store.learnSenders([deferral("a", now + day)], fading);
      await store.pinSender(id("a", "deferral"), { as: "good", because: "", at: now }, fading);
      assert.equal((await store.recallSenders([id("a", "deferral")], now))[0]?.pin?.as, "good");
      assert.deepEqual(await keysOf(store, "deferral", now + day), []);
    });

    it("forgets", async (store) => {
      await store.learnSenders([seen("a")], fading);
      assert.equal(await store.forgetSender(id("a")), true);
      assert.deepEqual(await store.recallSenders([id("a")], now), []);
    });

    it("pages through a kind by key", async (store) => {
      await store.learnSenders(["c", "a", "b", "d"].map((key) => seen(key)).concat(deferral("x", now + day)), fading);
      const first = await store.pageSenders("identity", { now, limit: 3 });
      assert.deepEqual(
        first.map(({ key }) => key),
        ["a", "b", "c"],
      );
      const rest = await store.pageSenders("identity", { now, limit: 3, after: "c" });
      assert.deepEqual(
        rest.map(({ key }) => key),
        ["d"],
      );
    });

    it("prunes what expired, and beyond the most those who expire first, of each kind for itself", async (store) => {
      const many = Array.from({ length: pruneSlice + 20 }, (_, i) => deferral(`d${i}`, now + 1 + i));
      await store.learnSenders([...many, seen("known for long", {}, 500), seen("once"), seen("twice", {}, 2)], fading);
      const most = { ...plenty, identity: 2, deferral: 10 };
      let removed = 0;
      for (let gone; (gone = await store.pruneSenders(now, most)) > 0; removed += gone)
        assert.ok(gone <= 2 * pruneSlice);
      assert.equal(removed, pruneSlice + 10 + 1);
      assert.deepEqual(await keysOf(store, "identity"), ["known for long", "twice"]);
      assert.ok((await keysOf(store, "deferral")).includes(`d${many.length - 1}`), "the last to expire is there");
      await store.pruneSenders(now + many.length + 1, most);
      assert.deepEqual(await keysOf(store, "deferral", now), [], "all have expired");
    });
  });
}
