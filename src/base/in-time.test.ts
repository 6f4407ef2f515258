import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled } from "../../test/support/fake-world.ts";
import { allInTime, inTime } from "./in-time.ts";

const never = new Promise<string>(() => {});

test("an answer in time is given, and nothing waits any more", async () => {
  const world = fakeWorld();
  const limit = { limitMs: 1_000, world, late: assert.fail };
  assert.equal(await inTime(Promise.resolve("found"), limit), "found");
  await assert.rejects(inTime(Promise.reject(new Error("no")), limit), /^Error: no$/);
  assert.equal(world.sleeping, 0);
  await settled();
});

test("what is late is told of, each by itself, when the time is up and not before", async () => {
  const world = fakeWorld();
  const slow = world.sleep(999).then(() => "slow");
  const all = allInTime<string>(["known", never, slow], { limitMs: 1_000, world, late: () => "late" });
  await world.advance(999);
  assert.equal(world.sleeping, 1);
  await world.advance(1);
  assert.deepEqual(await all, ["known", "late", "slow"]);
});

test("who is told to stop waits no longer", async () => {
  const world = fakeWorld();
  const stopping = new AbortController();
  const limit = { limitMs: 1_000, world, late: () => "late", signal: stopping.signal };
  const found = inTime(never, limit);
  stopping.abort();
  assert.equal(await found, "late");
  assert.equal(await inTime(never, limit), "late", "nor does who comes later");
  assert.equal(world.sleeping, 0);
});
