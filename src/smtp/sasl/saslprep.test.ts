import assert from "node:assert/strict";
import { test } from "node:test";
import { saslPrep } from "./saslprep.ts";

test("names and passwords that look alike are alike, and controls are none", () => {
  for (const [written, prepared] of [
    ["I\u00adX", "IX"], // these are of RFC 4013 §3
    ["user", "user"],
    ["USER", "USER"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
    ["\u0007", undefined],
    ["\u05e9\u05dc\u05d5\u05dd1", "\u05e9\u05dc\u05d5\u05dd1"], // RFC 8265 §4.2
    ["cafe\u0301", "caf\u00e9"],
    ["a\u00a0b\u3000c", "a b c"],
    ["\u{1f511} key", "\u{1f511} key"],
    ["", undefined],
    ["\u00ad", undefined],
    ["a\nb", undefined],
    ["a\u202eb", undefined],
    ["a\ud800", undefined],
    ["a\ufffdb", undefined],
    ["\ue000", undefined],
  ] as const)
    assert.equal(saslPrep(written), prepared, JSON.stringify(written));
});
