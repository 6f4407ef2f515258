import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { InputBuffer } from "./input-buffer.ts";
import { limits } from "./limits.ts";

/** Each line's text, or its reply's, for the input in one piece, octet by octet, and split in two everywhere. */
function linesOf(text: string): string[] {
  const octets = Buffer.from(text, "latin1");
  const read = (pieces: readonly Uint8Array[]): string[] => {
    const input = new InputBuffer();
    return pieces.flatMap((piece) => {
      input.push(piece);
      const lines = [];
      for (let line = input.line(); line !== undefined; line = input.line())
        lines.push(line.kind === "line" ? line.text : line.problem.reply.lines[0]!.split(";")[0]!);
      return lines;
    });
  };
  const whole = read([octets]);
  assert.deepEqual(read([...octets].map((octet) => Uint8Array.of(octet))), whole, "octet by octet");
  for (let at = 1; at < octets.length; at += 1)
    assert.deepEqual(read([octets.subarray(0, at), octets.subarray(at)]), whole, `split at ${at}`);
  return whole;
}

test("lines end with CRLF and nothing else", () => {
  assert.deepEqual(linesOf("NOOP\r\n\r\nRSET\r\nQU"), ["NOOP", "", "RSET"]);
  assert.deepEqual(linesOf("a\nb\r\nc\r\n"), ["bare LF", "c"]);
  assert.deepEqual(linesOf("\n\r\nc\r\n"), ["bare LF", "c"]);
  assert.deepEqual(linesOf("a\nb\nc\rd\r\ne\r\n"), ["bare LF", "e"]);
  assert.deepEqual(linesOf("a\rb\r\nc\r\n"), ["bare CR", "c"]);
  assert.deepEqual(linesOf("a\r\r\nc\r\n"), ["bare CR", "c"]);
});

test("octets that no command has", () => {
  assert.deepEqual(linesOf("NO\0OP\r\nc\r\n"), ["NUL octet in a command", "c"]);
  assert.deepEqual(linesOf("NOOP \x07\r\n"), ["control characters or broken UTF-8"]);
  assert.deepEqual(linesOf("NOOP \xff\r\n"), ["control characters or broken UTF-8"]);
  assert.deepEqual(linesOf("NOOP\t\xc3\xa5\r\n"), ["NOOP\tå"]);
});

test("a line that is too long is answered once and skipped to its end", () => {
  const longest = "x".repeat(limits.commandBytes - 2);
  assert.deepEqual(linesOf(`${longest}\r\nc\r\n`), [longest, "c"]);
  assert.deepEqual(linesOf(`${longest}x\r\nc\r\n`), ["line too long", "c"]);
  assert.deepEqual(linesOf(`${longest}${longest}\n${longest}\r\nc\r\n`), ["line too long", "c"]);
});

test("AUTH and its responses may be longer", () => {
  for (const verb of ["AUTH", "auth"]) {
    const longest = `${verb} XOAUTH2 `.padEnd(limits.authLineBytes - 2, "x");
    assert.deepEqual(linesOf(`${longest}\r\nc\r\n`), [longest, "c"]);
    assert.deepEqual(linesOf(`${longest}x\r\nc\r\n`), ["line too long", "c"]);
  }
  const response = "x".repeat(limits.authLineBytes - 2);
  const input = new InputBuffer();
  input.push(Buffer.from(`${response}\r\n${response}x\r\n`));
  assert.deepEqual(input.line(limits.authLineBytes), { kind: "line", text: response });
  assert.equal(input.line(limits.authLineBytes)?.kind, "problem");
});

test("a bad line that may have been BDAT is fatal: a chunk may follow", () => {
  const problemOf = (text: string): unknown => {
    const input = new InputBuffer();
    input.push(Buffer.from(text, "latin1"));
    const line = input.line();
    assert.ok(line?.kind === "problem");
    return [line.problem.verb, line.problem.fatal, line.problem.reply.code];
  };
  const bad = [
    "BDAT 60 LAST\x01\r\n",
    "bdat 60\n",
    "Bdat 6\r0\r\n",
    "BDAT\0 6\r\n",
    `BDAT ${"0".repeat(limits.commandBytes)}`,
  ];
  for (const text of bad) assert.deepEqual(problemOf(text), ["BDAT", true, 500], JSON.stringify(text));
  for (const text of ["DATA\x01\r\n", "\n", "BDA\n", "x".repeat(limits.commandBytes + 1)])
    assert.deepEqual(problemOf(text), [undefined, false, 500], JSON.stringify(text));
});

test("it is answered before it has ended, and it is not kept", () => {
  const input = new InputBuffer();
  input.push(Buffer.alloc(limits.commandBytes + 1, "x"));
  assert.equal(input.line()?.kind, "problem");
  assert.equal(input.isEmpty, true);
});

test("however the octets are split, the lines are the same", () => {
  const octets = fc.array(fc.constantFrom("\r", "\n", "\r\n", "\0", "a", "BDAT", "\xc3\xa5", "\xff"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(octets, (parts) => void linesOf(parts.join(""))),
    { numRuns: 300 },
  );
});

test("what waits for the rest of its line does not hold what came before it", () => {
  const input = new InputBuffer();
  const bytes = Buffer.alloc(10_000, "NOOP\r\n");
  input.push(bytes);
  while (input.line() !== undefined);
  const rest = input.take(Infinity);
  assert.equal(rest.toString(), "NOOP");
  assert.notEqual(rest.buffer, bytes.buffer);
});

test("octets behind a line stay for the content", () => {
  const input = new InputBuffer();
  input.push(Buffer.from("BDAT 5\r\na\nb\r\nNOOP\r\n"));
  assert.deepEqual(input.line(), { kind: "line", text: "BDAT 5" });
  assert.equal(input.take(3).toString(), "a\nb");
  assert.equal(input.take(2).toString(), "\r\n");
  assert.deepEqual(input.line(), { kind: "line", text: "NOOP" });
  assert.equal(input.isEmpty, true);
});
