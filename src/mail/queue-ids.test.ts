import assert from "node:assert/strict";
import { test } from "node:test";
import type { World } from "../base/world.ts";
import { queueIds } from "./queue-ids.ts";

const worldAt = (clock: { now: number }): World => ({
  now: () => clock.now,
  random: () => 0.5,
  sleep: async () => undefined,
});

test("ids are unique and sort by arrival, also within one millisecond and when the clock steps back", () => {
  const clock = { now: 1_700_000_000_000 };
  const next = queueIds(worldAt(clock));
  const ids: string[] = [];
  for (let i = 0; i < 5_000; i += 1) ids.push(next());
  clock.now -= 60_000;
  for (let i = 0; i < 3_000; i += 1) ids.push(next());
  clock.now += 120_000;
  ids.push(next());
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(ids.toSorted(), ids);
  assert.ok(ids.every((id) => /^[0-9a-hjkmnp-tv-z]{16}$/.test(id)));
});
