import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DotStuffer } from "./client-content.ts";

function stuffed(...chunks: string[]): string {
  const stuffer = new DotStuffer();
  const pieces = chunks.flatMap((chunk) => stuffer.stuff(Buffer.from(chunk)));
  return Buffer.concat([...pieces, stuffer.end()]).toString();
}

/** RFC 5321 §4.5.2, the server's half, in the plainest words. */
function unstuffed(text: string): string {
  const lines = text.split("\r\n");
  assert.deepEqual(lines.splice(-2), [".", ""], "ends with the final dot");
  assert.ok(!lines.includes("."), "no dot alone before the end");
  return lines.map((line) => `${line.startsWith(".") ? line.slice(1) : line}\r\n`).join("");
}

test("dots at the start of lines are doubled, others are not", () => {
  assert.equal(stuffed("a\r\n.b\r\n..\r\nc.d.\r\n"), "a\r\n..b\r\n...\r\nc.d.\r\n.\r\n");
  assert.equal(stuffed(".\r\n"), "..\r\n.\r\n", "the first line too");
  assert.equal(stuffed("\r\n.\r\n.\r\n"), "\r\n..\r\n..\r\n.\r\n", "neighbours");
});

test("a dot at the start of a line is found behind many others", () => {
  const dots = ".".repeat(20);
  assert.equal(stuffed(`a${dots}\r\n.b${dots}\r\n.\r\n`), `a${dots}\r\n..b${dots}\r\n..\r\n.\r\n`);
  for (let length = 5; length < 12; length += 1) {
    const some = ".".repeat(length);
    assert.equal(stuffed(`a${some}\r\n.b`), `a${some}\r\n..b\r\n.\r\n`);
  }
  assert.equal(stuffed(`a\n.\r.${dots}`), `a\n.\r.${dots}\r\n.\r\n`, "no line begins but after CRLF");
});

test("a last line without CRLF gets one; empty content is the dot alone", () => {
  assert.equal(stuffed("a"), "a\r\n.\r\n");
  assert.equal(stuffed("a\r"), "a\r\r\n.\r\n");
  assert.equal(stuffed(), ".\r\n");
  assert.equal(stuffed(""), ".\r\n");
});

test("the same however the content is split", () => {
  const content = ".a\r\n.\r\n..b\r\n\r\n.c\r.\n.d\r\n.";
  const whole = stuffed(content);
  assert.equal(stuffed(...content.split("")), whole, "one byte at a time");
  for (let at = 0; at <= content.length; at += 1) {
    assert.equal(stuffed(content.slice(0, at), content.slice(at)), whole, `split at ${at}`);
  }
});

test("what goes out comes back", () => {
  const line = fc.stringMatching(/^[.ab]{0,4}$|^[.a]{8,20}$/);
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, step) => {
      const content = lines.map((text) => `${text}\r\n`).join("");
      const chunks = content.match(new RegExp(`[^]{1,${step}}`, "g")) ?? [];
      assert.equal(unstuffed(stuffed(...chunks)), content);
    }),
  );
});

test("content without such lines is not copied", () => {
  const chunk = Buffer.from("plain\r\ntext\r\n");
  const [piece, ...others] = new DotStuffer().stuff(chunk);
  assert.deepEqual(others, []);
  assert.equal(piece?.buffer, chunk.buffer);
});
