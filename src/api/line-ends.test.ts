import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BadContent, crlfLines } from "./line-ends.ts";

async function* of(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
}

async function mended(...chunks: string[]): Promise<string> {
  const out: Uint8Array[] = [];
  for await (const bytes of crlfLines(of(...chunks))) out.push(bytes);
  return Buffer.concat(out).toString("latin1");
}

test("LF, CR and CRLF all become CRLF, bytes above 127 stay", async () => {
  assert.equal(await mended("a\nb\rc\r\nd\n\n\u00e9\n"), "a\r\nb\r\nc\r\nd\r\n\r\n\u00e9\r\n");
});

test("the last line gets its line end, nothing stays nothing", async () => {
  assert.equal(await mended("a\nb"), "a\r\nb\r\n");
  assert.equal(await mended("a\r"), "a\r\n");
  assert.equal(await mended("a\n", "\r"), "a\r\n\r\n");
  assert.equal(await mended(""), "");
});

test("every split gives the same", async () => {
  const text = "a\r\nb\n\r\n\rc\r\r\n";
  const whole = await mended(text);
  assert.equal(whole, "a\r\nb\r\n\r\n\r\nc\r\n\r\n");
  for (let at = 0; at <= text.length; at++) assert.equal(await mended(text.slice(0, at), text.slice(at)), whole);
  assert.equal(await mended(...text.split("")), whole);
});

test("no bare CR or LF comes out, and well-formed text is left alone", async () => {
  const piece = fc.string({ unit: fc.constantFrom("\r", "\n", ".", "a") });
  await fc.assert(
    fc.asyncProperty(fc.array(piece), async (chunks) => {
      const out = await mended(...chunks);
      assert.doesNotMatch(out, /\r(?!\n)|(?<!\r)\n/);
      assert.equal(await mended(out), out);
    }),
  );
});

test("a NUL is refused in words", async () => {
  await assert.rejects(mended("a\n", "b\0"), (error) => error instanceof BadContent && /NUL/.test(error.message));
});
