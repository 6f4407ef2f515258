import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { AddressIndex } from "./address-index.ts";

test("it knows what was added, nothing else, and what was taken out no more, however much it grows", () => {
  const world = fakeWorld();
  const index = new AddressIndex(() => world.random());
  const key = (n: number): string => `user${n}@example${n % 97}.org `;
  const count = 100_000;
  assert.equal(index.mayHave(key(0)), false);
  for (let n = 0; n < count; n += 1) index.add(key(n));
  for (let n = 0; n < count; n += 2) index.remove(key(n));
  index.remove("never there");
  for (let n = 0; n < count; n += 4) index.add(key(n)); // a slot that was left, or another
  for (let n = 0; n < count; n += 1) assert.equal(index.mayHave(key(n)), n % 2 === 1 || n % 4 === 0, key(n));
  for (let n = count; n < 2 * count; n += 1) assert.equal(index.mayHave(key(n)), false, key(n));
});
