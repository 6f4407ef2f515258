import assert from "node:assert/strict";
import { test } from "node:test";
import { ContentReader } from "./content-reader.ts";

/** The refusal's first words, or "" — for the content in one piece, octet by octet, and split in two everywhere. */
function judge(text: string, maxBytes = 1_000, binary = false): string {
  const octets = Buffer.from(text, "latin1");
  const read = (pieces: readonly Uint8Array[]): string => {
    const reader = new ContentReader({ maxBytes, binary });
    for (const piece of pieces) reader.accepts(piece);
    reader.end();
    const { refusal } = reader;
    return refusal === undefined ? "" : `${refusal.code} ${refusal.enhanced} ${refusal.lines[0]!.split(" of ")[0]}`;
  };
  const whole = read([octets]);
  assert.equal(read([...octets].map((octet) => Uint8Array.of(octet))), whole, "octet by octet");
  for (let at = 0; at <= octets.length; at += 1)
    assert.equal(
      read([octets.subarray(0, at), octets.subarray(at)]),
      whole,
      `split at ${at} of ${JSON.stringify(text)}`,
    );
  return whole;
}

test("CRLF ends lines; anything else is refused, the first place named", () => {
  assert.equal(judge("a\r\n\r\nb\r\n"), "");
  assert.equal(judge("no line end at the end"), "");
  assert.equal(judge(""), "");
  assert.equal(judge("ab\ncd\r\n"), "550 5.6.0 bare LF at byte 3");
  assert.equal(judge("\n"), "550 5.6.0 bare LF at byte 1");
  assert.equal(judge("ab\rcd\n"), "550 5.6.0 bare CR at byte 3");
  assert.equal(judge("a\r\r\n"), "550 5.6.0 bare CR at byte 2");
  assert.equal(judge("a\r\n\r"), "550 5.6.0 bare CR at byte 4");
  assert.equal(judge("a\r\n\n"), "550 5.6.0 bare LF at byte 4");
  assert.equal(judge("a\r\0\n"), "550 5.6.0 bare CR at byte 2");
  assert.equal(judge("a\0\n"), "550 5.6.0 NUL octet at byte 2");
});

test("binary content may hold anything", () => {
  assert.equal(judge("\0\r\n\n\r", 5, true), "");
});

test("size", () => {
  assert.equal(judge("12345678\r\n", 10), "");
  assert.equal(judge("123456789\r\n", 10), "552 5.3.4 message larger than the limit");
  assert.equal(judge("1234567890123\n", 10), "552 5.3.4 message larger than the limit");
  assert.equal(judge("12\n4567890123", 10), "550 5.6.0 bare LF at byte 3");
});

test("it is endless only once it is refused and went on for long", () => {
  const reader = new ContentReader({ maxBytes: 10, binary: true });
  const piece = new Uint8Array(10 * 1024 ** 2);
  for (let count = 0; count < 10; count += 1) {
    assert.equal(reader.accepts(piece), false);
    assert.equal(reader.endless, undefined);
  }
  reader.accepts(piece);
  assert.equal(reader.endless?.code, 552);
});
