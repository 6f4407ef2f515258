// What is kept, for how long, and how much of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { Memory, memoryLimits } from "./memory.ts";

test("answers are kept for a time, failures of a moment are not, and no more than so many", async () => {
  const world = fakeWorld();
  const memory = new Memory<string>(world, (found) => found !== "failed");
  let asked = 0;
  const get = (key: string, answer = "found"): Promise<string> =>
    memory.get(key, async () => {
      asked += 1;
      return answer;
    });

  assert.deepEqual(await Promise.all([get("a"), get("a", "other")]), ["found", "found"]);
  assert.equal(asked, 1, "asked once for both");
  await world.advance(memoryLimits.keptMs - 1);
  await get("a");
  assert.equal(asked, 1);
  await world.advance(1);
  await get("a");
  assert.equal(asked, 2, "after its time it is asked again");

  await get("b", "failed");
  assert.equal(await get("b"), "found", "a failure is not kept");

  await get("x".repeat(memoryLimits.keyChars + 1));
  await get("x".repeat(memoryLimits.keyChars + 1));
  assert.equal(asked, 6, "a long question is not kept");

  for (let i = 0; i < memoryLimits.entries; i += 1) await get(`entry ${i}`);
  asked = 0;
  await get(`entry ${memoryLimits.entries - 1}`);
  await get("b");
  assert.equal(asked, 1, "the oldest has gone");
});
