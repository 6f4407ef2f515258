import assert from "node:assert/strict";
import { test } from "node:test";
import { waitText } from "./duration.ts";

test("a wait is rounded up, in the unit that people would use", () => {
  const asked = [0, 1, 1_001, 59_000, 59_001, 60_000, 60_001, 90 * 60_000, 90 * 60_000 + 1, 24 * 3_600_000];
  const told = ["0 seconds", "1 second", "2 seconds", "59 seconds", "1 minute", "1 minute", "2 minutes", "90 minutes"];
  assert.deepEqual(asked.map(waitText), [...told, "2 hours", "24 hours"]);
});
