// What is refused before the library sees it, with words; and what is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { headerLimits, LineTooLong, needsBody, signatureLimits, surveyHeader, withShortLines } from "./limits.ts";

const from = "From: a@example.org\r\n";
const survey = (text: string) => surveyHeader(Buffer.from(text, "latin1"));

const hostile: readonly [what: string, header: string, problem: RegExp][] = [
  ["a long section", `X: ${"a".repeat(headerLimits.bytes)}\r\n`, /header section is longer than/],
  ["many fields", "A: b\r\n".repeat(1_001), /more than 1000 fields/],
  ["many folded lines in one field", `X: a${"\r\n a".repeat(2_000)}\r\n`, /"x" has more than 2000 lines/],
  ["many folded lines in all", `X: a${"\r\n a".repeat(1_500)}\r\n`.repeat(7), /more than 10000 lines/],
  ["a long Received", `Received: ${"a ".repeat(10_000)}\r\n`, /"received" is longer than 16384 bytes/],
  ["a long field", `To: ${"a ".repeat(70_000)}\r\n`, /"to" is longer than/],
  ["a long signature", `DKIM-Signature: ${"a".repeat(20_000)}\r\n`, /"dkim-signature" is longer/],
  ["spaces in a signature", `DKIM-Signature: a${" ".repeat(101)}b\r\n`, /more than 100 spaces in a row/],
  ["many ARC fields", "ARC-Seal: i=1\r\n".repeat(151), /more than 50 ARC sets/],
  ["many From fields", from.repeat(11), /more than 10 From fields/],
  ["a long line that is no field", `${"x ".repeat(600)}\r\n${from}`, /the first line is longer/],
];
for (const [what, header, problem] of hostile)
  test(`${what}: signatures are not looked at`, () => {
    const found = survey(header);
    assert.match(found.problem ?? "", problem);
    assert.equal(needsBody(found), false);
  });

test("usual mail keeps all limits", () => {
  const to = `To: ${Array.from({ length: 1_900 }, (_, i) => `user${i}@example.org`).join(",\r\n ")}\r\n`;
  const found = survey(`Received: from x by y\r\n\tfor z\r\n${from}${to}DKIM-Signature: v=1;\r\n b=x\r\n\r\n`);
  assert.deepEqual(found, { from, fromFields: 1, hasDkim: true, hasArc: false });
  assert.equal(needsBody(found), true);
});

test("a From field that costs too much is not read at all", () => {
  assert.equal(survey(`From: ${"a@b,".repeat(5_000)}\r\n`).from, undefined);
});

test("the longest line of a body is counted over its pieces", async () => {
  const most = signatureLimits.bodyLineBytes;
  const read = async (...pieces: number[]): Promise<number> => {
    const body = async function* () {
      for (const size of pieces) yield Buffer.alloc(size, "a");
      yield Buffer.from(`\r\n${"b".repeat(most)}\n`);
    };
    let bytes = 0;
    for await (const piece of withShortLines(body())) bytes += piece.length;
    return bytes;
  };
  assert.equal(await read(most - 1), 2 * most + 2);
  await assert.rejects(read(most / 2, most / 2, 1), LineTooLong);
});
