import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyFiles } from "./body-files.ts";
import { SpoolingWriter } from "./body-writer.ts";

test("a small body does not hold much more memory than its bytes, however they came", async () => {
  for (const pieces of [
    [],
    [1],
    [150, 1_024],
    [150, 300, 1_024],
    [150, 65_536, 36_000],
    Array<number>(3_000).fill(7),
  ]) {
    const writer = new SpoolingWriter(new BodyFiles("/none is needed"), 256 * 1_024);
    for (const bytes of pieces) await writer.write(new Uint8Array(bytes).fill(97));
    const { sizeBytes, stored } = await writer.finish(new Uint8Array(pieces.length).fill(97));
    assert.ok("parts" in stored);
    const bytes = Buffer.concat(stored.parts);
    assert.equal(bytes.length, sizeBytes);
    assert.ok(bytes.every((byte) => byte === 97));
    const held = stored.parts.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    assert.ok(held * 0.75 <= sizeBytes, `${pieces.length} pieces of ${sizeBytes} bytes`);
  }
});
