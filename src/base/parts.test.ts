import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesIn, gathered } from "./parts.ts";

test("small neighbours are joined, in order; large parts stay as they are, without a copy", () => {
  const sizes = [1, 2, 16_384, 3, 20_000, 30_000, 4, 5];
  const parts = sizes.map((size, i) => Buffer.alloc(size, 97 + i));
  const together = gathered(parts);
  assert.deepEqual(
    together.map(({ length }) => length),
    [3, 16_384, 3, 20_000, 30_000, 9],
  );
  assert.deepEqual(Buffer.concat(together), Buffer.concat(parts));
  assert.equal(together[1], parts[2]);
  assert.equal(bytesIn(parts), bytesIn(together));
  assert.deepEqual(gathered([]), []);
});
