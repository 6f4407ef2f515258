import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyFiles } from "./body-files.ts";

test("few write at once, the others in turn, also behind one that fails", async () => {
  const files = new BodyFiles("/nowhere");
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const ended = gates.map(({ promise }, i) =>
    files.inTurn(() => {
      begun.push(i);
      return promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  gates[1]!.reject(new Error("no room"));
  await assert.rejects(ended[1]!, /no room/);
  gates[0]!.resolve();
  await ended[0];
  assert.deepEqual(begun, [0, 1, 2, 3]);
  for (const { resolve } of gates) resolve();
  await Promise.all(ended.toSpliced(1, 1));
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5]);
});
