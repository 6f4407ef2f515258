import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiLine, inPlace, oneLine, shortLine } from "./printable.ts";

const hostile = " a\r\n250 ok\u0000\u009b31m\u202eb\u2028c\u2067d\u200fe\u061cf\u00e4 ";

test("one line: nothing that acts on a terminal, and the rest as it is", () => {
  assert.equal(oneLine(hostile), "a 250 ok 31m b c d e f\u00e4");
  assert.equal(oneLine("mx.example.org [192.0.2.1]"), "mx.example.org [192.0.2.1]");
  assert.equal(oneLine("x".repeat(600)), `${"x".repeat(499)}…`);
  assert.equal(oneLine("\ud800"), "\ufffd");
});

test("a short line is no longer than it may be, with its mark, and no character is cut in two", () => {
  assert.equal(shortLine("abcdefghij", 10, " [...]"), "abcdefghij");
  assert.equal(shortLine("abcdefghijk", 10, " [...]"), "abcd [...]");
  assert.equal(shortLine("abc defghijk", 10, " [...]"), "abc [...]");
  assert.equal(shortLine(`abc${"\u{1f600}".repeat(9)}`, 10, " [...]"), "abc [...]");
});

test("in place: as long as before", () => {
  assert.equal(inPlace("  \u202ea\tb\u0007 \u00e4"), "  ?a?b? \u00e4");
  assert.equal(inPlace(hostile).length, hostile.length);
});

test("an ASCII line has a question mark for each other character", () => {
  assert.equal(asciiLine("a\r\nb\u00e4 c", 20), "a??b? c");
  assert.equal(asciiLine("x".repeat(11), 10), "xxxxxxx...");
  assert.equal(asciiLine("x".repeat(10), 10), "x".repeat(10));
});
