import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DotReader } from "./dot-reader.ts";
import { InputBuffer } from "./input-buffer.ts";

interface Read {
  readonly content: string;
  /** What came behind the end; undefined: the end did not come. */
  readonly rest: string | undefined;
}

function readPieces(pieces: readonly Uint8Array[]): Read {
  const input = new InputBuffer();
  const reader = new DotReader();
  let content = "";
  let ended = false;
  for (const piece of pieces) {
    input.push(piece);
    while (!ended) {
      const read = reader.read(input);
      if (read === undefined) break;
      content += Buffer.from(read.content).toString("latin1");
      ({ ended } = read);
    }
  }
  return { content, rest: ended ? input.take(Infinity).toString("latin1") : undefined };
}

/** The same in one piece, octet by octet, and split in two everywhere. */
function readEveryWay(text: string): Read {
  const octets = Buffer.from(text, "latin1");
  const whole = readPieces([octets]);
  const compare = (pieces: Uint8Array[], how: string): void => {
    const split = readPieces(pieces);
    // octets that may begin the end are held back, so an unfinished message differs by these at most
    if (whole.rest !== undefined) assert.deepEqual(split, whole, how);
    else assert.equal(split.rest, undefined, how);
  };
  compare(
    [...octets].map((octet) => Uint8Array.of(octet)),
    "octet by octet",
  );
  for (let at = 1; at < octets.length; at += 1)
    compare([octets.subarray(0, at), octets.subarray(at)], `split at ${at} of ${JSON.stringify(text)}`);
  return whole;
}

test("dots are unstuffed, and a lone dot ends", () => {
  assert.deepEqual(readEveryWay("a\r\n.\r\nQUIT\r\n"), { content: "a\r\n", rest: "QUIT\r\n" });
  assert.deepEqual(readEveryWay("..\r\n.a\r\n...\r\nb.\r\n.\r\n"), { content: ".\r\na\r\n..\r\nb.\r\n", rest: "" });
  assert.deepEqual(readEveryWay(".\r\n.\r\n"), { content: "", rest: ".\r\n" }, "an empty message");
  assert.deepEqual(readEveryWay("\r\n.\r\n"), { content: "\r\n", rest: "" });
  assert.deepEqual(readEveryWay("..\r\n..\r\n.\r\n"), { content: ".\r\n.\r\n", rest: "" });
});

test("nothing else ends", () => {
  for (const not of [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\r\r\n.\r\r\n",
    "\r\n .\r\n",
  ])
    assert.equal(readEveryWay(`a${not}b`).rest, undefined, JSON.stringify(not));
});

test("stuffed, split and read again it is the same", () => {
  const lines = fc.array(fc.constantFrom("", ".", "..", "a", ".a", "a.b", "\r", ".\r", "\n", "."), { maxLength: 30 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(60)), (lines, cuts) => {
      const text = lines.map((line) => `${line}\r\n`).join("");
      const stuffed = Buffer.from(`${text.replaceAll(/(^|\r\n)\./g, "$1..")}.\r\nrest`, "latin1");
      const at = [0, ...cuts.map((cut) => Math.min(cut, stuffed.length)).sort((a, b) => a - b), stuffed.length];
      const pieces = at.slice(1).map((end, index) => stuffed.subarray(at[index], end));
      assert.deepEqual(readPieces(pieces), { content: text, rest: "rest" });
    }),
    { numRuns: 1_000 },
  );
});

test("any octets, split anywhere, end where the first CRLF.CRLF says", () => {
  const octets = fc.array(fc.constantFrom("\r", "\n", ".", "\r\n.", "a"), { maxLength: 16 });
  fc.assert(
    fc.property(octets, (parts) => {
      const text = parts.join("");
      const { content, rest } = readEveryWay(text);
      const [whole = "", ...others] = `\r\n${text}`.split("\r\n.\r\n");
      if (others.length === 0) return assert.equal(rest, undefined);
      assert.equal(content, `${whole}\r\n`.replaceAll("\r\n.", "\r\n").slice(2));
      assert.equal(rest, others.join("\r\n.\r\n"));
    }),
    { numRuns: 1_000 },
  );
});

test("octets without dots are not copied", () => {
  const input = new InputBuffer();
  const reader = new DotReader();
  for (const text of ["a\r\nb", "c\r\nd"]) {
    const bytes = Buffer.from(text);
    input.push(bytes);
    const content = reader.read(input)?.content;
    assert.deepEqual([content?.buffer, content?.byteOffset], [bytes.buffer, bytes.byteOffset], text);
  }
});
