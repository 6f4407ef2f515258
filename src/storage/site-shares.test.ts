// How nodes share the connections to a site: exactly, and fairly.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { shareOf, type SiteShare } from "./site-shares.ts";

/** Nodes that ask one after the other for one site. */
function site(limit = 10) {
  const shares = new Map<string, SiteShare>();
  return (node: string, wanted: number, now = 1_000): number => {
    const share = shareOf(node, [...shares.values()], { wanted, limit, now, until: now + 1_000 });
    if (share === undefined) shares.delete(node);
    else shares.set(node, share);
    return share?.granted ?? 0;
  };
}

describe("shares of a site", () => {
  test("who has more than a fair part gives way to those who wait; they get it when it is free for certain", () => {
    const ask = site();
    assert.equal(ask("one", 10, 1_000), 10);
    assert.equal(ask("two", 10, 1_000), 0);
    assert.equal(ask("one", 10, 1_500), 5);
    assert.equal(ask("two", 10, 1_600), 0, "the first was told that it may hold ten until 2,000");
    assert.equal(ask("one", 10, 1_700), 5);
    assert.equal(ask("two", 10, 1_999), 0, "that the first asked again makes it no longer");
    assert.equal(ask("two", 10, 2_000), 5);
    assert.equal(ask("one", 10, 2_100), 5);
    assert.equal(ask("two", 10, 2_200), 5);
  });

  test("what others do not want is not kept free for them", () => {
    const ask = site();
    assert.equal(ask("one", 10, 1_000), 10);
    assert.equal(ask("two", 2, 1_000), 0);
    assert.equal(ask("one", 10, 1_000), 5);
    assert.equal(ask("two", 2, 2_000), 2);
    assert.equal(ask("one", 10, 2_000), 8);
  });

  test("what a node gives back by itself is free at once", () => {
    const ask = site();
    assert.equal(ask("one", 10), 10);
    assert.equal(ask("one", 4), 4);
    assert.equal(ask("two", 10), 6);
    assert.equal(ask("one", 0), 0);
    assert.equal(ask("two", 10), 10);
  });

  test("nodes take turns with fewer connections than nodes", () => {
    for (const limit of [1, 2]) {
      const ask = site(limit);
      const turns = { one: 0, two: 0, three: 0 };
      for (let now = 1_000; now < 31_000; now += 500)
        for (const node of ["one", "two", "three"] as const) turns[node] += ask(node, 1, now);
      for (const count of Object.values(turns)) assert.ok(count >= 8, JSON.stringify(turns));
    }
  });

  test("whatever is asked, the limit holds of all that was promised", () => {
    const limit = 7;
    const ask = site(limit);
    const promised: { node: string; granted: number; until: number; at: number }[] = [];
    let seed = 1;
    const draw = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let now = 1_000; now < 60_000; now += draw(300)) {
      const node = `node ${draw(4)}`;
      const wanted = draw(9);
      const granted = ask(node, wanted, now);
      // by its own wish it holds no more than that; else it may hold what it was promised before
      for (const one of promised) if (one.node === node) one.granted = Math.min(one.granted, wanted);
      promised.push({ node, granted, until: now + 1_000, at: now });
      const live = promised.filter(({ until }) => until > now);
      const held = Map.groupBy(live, ({ node }) => node)
        .values()
        .reduce((sum, ones) => sum + Math.max(...ones.map(({ granted }) => granted)), 0);
      assert.ok(held <= limit, `${held} at ${now}`);
    }
  });
});
