// What every driver promises of what is known of destinations (src/deliver/site-store.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SiteStore } from "../../src/deliver/site-store.ts";

export interface SiteDriver {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<SiteStore & AsyncDisposable>;
}

const times = { now: 1_000, until: 2_000 };

export function siteStoreContract({ name, open }: SiteDriver): void {
  const it = (promise: string, check: (store: SiteStore) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: sites`, () => {
    it("knows nothing at first", async (store) => {
      assert.deepEqual(await store.sites(), []);
    });

    it("keeps what was learnt, and what was suspended, each for itself", async (store) => {
      await store.saveLearnt([
        { site: "a", learnt: "{1}" },
        { site: "b", learnt: "{2}" },
      ]);
      await store.suspend("b", "their cellar is under water");
      await store.suspend("c", "");
      await store.saveLearnt([{ site: "b", learnt: "{3}" }]);
      const sites = (await store.sites()).sort((a, b) => a.site.localeCompare(b.site));
      assert.deepEqual(sites, [
        { site: "a", learnt: "{1}" },
        { site: "b", learnt: "{3}", suspended: "their cellar is under water" },
        { site: "c", suspended: "" },
      ]);
    });

    it("forgets what is not worth keeping, and resumes", async (store) => {
      await store.saveLearnt([{ site: "a", learnt: "{1}" }]);
      await store.suspend("a", "for now");
      await store.saveLearnt([{ site: "a" }]);
      assert.deepEqual(await store.sites(), [{ site: "a", suspended: "for now" }]);
      await store.suspend("a", undefined);
      await store.suspend("b", undefined);
      assert.deepEqual(await store.sites(), []);
    });
  });

  describe(`${name}: shares`, () => {
    /** What a node gets that asks for site "a". */
    const asker =
      (store: SiteStore) =>
      async (by: string, wanted: number, at: Partial<typeof times & { limit: number }> = {}): Promise<number> => {
        const { limit = 10, ...when } = at;
        const [given] = await store.share(by, [{ site: "a", wanted, limit }], { ...times, ...when });
        return given!;
      };

    it("gives a node what it wants, within the limit", async (store) => {
      const requests = [
        { site: "a", wanted: 3, limit: 10 },
        { site: "b", wanted: 30, limit: 10 },
        { site: "c", wanted: 0, limit: 10 },
        { site: "d", wanted: 1, limit: 0 },
      ];
      assert.deepEqual(await store.share("one", requests, times), [3, 10, 0, 0]);
      assert.deepEqual(await store.share("one", [], times), []);
    });

    it("gives another node what is left, and no more", async (store) => {
      const ask = asker(store);
      assert.equal(await ask("one", 7), 7);
      assert.equal(await ask("two", 7), 3);
      assert.equal(await ask("three", 7), 0);
      assert.deepEqual(await store.share("three", [{ site: "b", wanted: 7, limit: 10 }], times), [7], "another site");
    });

    it("a new wish takes the place of the old one", async (store) => {
      const ask = asker(store);
      assert.equal(await ask("one", 7), 7);
      assert.equal(await ask("one", 9), 9);
      assert.equal(await ask("one", 2), 2);
      assert.equal(await ask("two", 9), 8);
      assert.equal(await ask("one", 0), 0);
      assert.equal(await ask("two", 10), 10);
    });

    it("lapses when it is not asked for again", async (store) => {
      const ask = asker(store);
      assert.equal(await ask("one", 10), 10);
      assert.equal(await ask("two", 10, { now: 1_999, until: 2_999 }), 0);
      assert.equal(await ask("two", 10, { now: 2_000, until: 3_000 }), 10);
    });

    it("never gives out more than the limit, whoever asks at the same moment", async (store) => {
      const ask = asker(store);
      await Promise.all(Array.from({ length: 12 }, (_, i) => ask(`node ${i % 4}`, 1 + (i % 5), { limit: 6 })));
      const nodes = ["node 0", "node 1", "node 2", "node 3", "node 4"];
      const given = await Promise.all(nodes.map((by) => ask(by, 6, { limit: 6, now: 5_000, until: 6_000 })));
      assert.ok(given.reduce((a, b) => a + b, 0) <= 6, given.join("+"));
      assert.ok(given.some((share) => share > 0));
    });
  });
}
