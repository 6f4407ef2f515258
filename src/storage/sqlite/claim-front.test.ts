import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaimFronts } from "./claim-front.ts";

const ab = new Set(["a", "b"]);

test("what was learned of some domains holds whenever these, or more, are excepted", () => {
  const fronts = new ClaimFronts();
  fronts.learn(ab, 100);
  assert.equal(fronts.start(ab), 100);
  assert.equal(fronts.start(new Set(["a", "b", "c"])), 100);
  assert.equal(fronts.start(new Set(["a"])), 0, "deliveries to b may wait before 100");
  assert.equal(fronts.start(new Set()), 0);
});

test("the furthest of several fronts counts", () => {
  const fronts = new ClaimFronts();
  fronts.learn(new Set(["a"]), 50);
  fronts.learn(ab, 100);
  assert.equal(fronts.start(ab), 100);
  assert.equal(fronts.start(new Set(["a"])), 50);
});

test("a delivery that begins to wait moves every front back to it", () => {
  const fronts = new ClaimFronts();
  fronts.learn(ab, 100);
  fronts.arrived(150);
  assert.equal(fronts.start(ab), 100);
  fronts.arrived(40);
  assert.equal(fronts.start(ab), 40);
});

test("the number of fronts is bounded", () => {
  const fronts = new ClaimFronts();
  for (let i = 0; i < 20; i++) fronts.learn(new Set([`domain${i}`]), 100);
  assert.equal(fronts.start(new Set(["domain0"])), 0);
  assert.equal(fronts.start(new Set(["domain19"])), 100);
});
