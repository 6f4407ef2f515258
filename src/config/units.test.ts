import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { duration, formatDuration, formatSize, size } from "./units.ts";

const wait = duration("0s", "5d");
const bytes = size("1KB", "2GB");

describe("durations", () => {
  test("are ms", () => {
    const written = ["250ms", "90s", "5m", "1.5h", "5d", "0s", 0, "0", "1.001s"];
    const ms = [250, 90_000, 300_000, 5_400_000, 432_000_000, 0, 0, 0, 1_001];
    assert.deepEqual(
      written.map((text) => wait.parse(text)),
      ms,
    );
  });

  test("need a number and a unit, and nothing else", () => {
    for (const text of ["", "5", 5, "m", "5 m", "5M", "5min", "-5m", "5m ", "1h30m", "1e3s", "٥m"])
      assert.equal(wait.safeParse(text).success, false, JSON.stringify(text));
  });

  test("have a range, both ends in it", () => {
    const second = duration("1s", "2s");
    assert.deepEqual(
      ["999ms", "1s", "2s", "2001ms"].map((text) => second.safeParse(text).success),
      [false, true, true, false],
    );
  });

  test("a bare 0 counts against the range, too", () => {
    assert.equal(duration("1ms", "1s").safeParse(0).success, false);
  });

  test("what is formatted is read as the same", () => {
    fc.assert(fc.property(fc.nat(432_000_000), (ms) => assert.equal(wait.parse(formatDuration(ms)), ms)));
    assert.deepEqual([0, 1, 90_000, 3_600_000, 432_000_000].map(formatDuration), ["0s", "1ms", "90s", "1h", "5d"]);
  });
});

describe("sizes", () => {
  test("are bytes; 1 KB is 1,024", () => {
    assert.deepEqual(
      ["1KB", "1.5MB", "2GB", "2048", 2048, "2048B"].map((text) => bytes.parse(text)),
      [1_024, 1_572_864, 2_147_483_648, 2_048, 2_048, 2_048],
    );
  });

  test("need a known unit, and lie in the range", () => {
    for (const text of ["", "50M", "50mb", "50 MB", -5000, 1024.5e30, "1000", "2049MB"])
      assert.equal(bytes.safeParse(text).success, false, JSON.stringify(text));
  });

  test("what is formatted is read as the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_024, max: 2 ** 31 }), (n) => assert.equal(bytes.parse(formatSize(n)), n)),
    );
    assert.deepEqual([0, 1_000, 1_024, 52_428_800].map(formatSize), ["0B", "1000B", "1KB", "50MB"]);
  });
});
