import assert from "node:assert/strict";
import { test } from "node:test";
import { Inflow } from "./inflow.ts";

test("octets are read in order, and whoever brings them learns of it, be it that the reader leaves in the midst of them", async () => {
  const inflow = new Inflow(async () => {});
  const pushed = ["a", "b", "c"].map((text) => inflow.push(Buffer.from(text)));
  const read: string[] = [];
  for await (const bytes of inflow) if (read.push(String(bytes)) === 2) break;
  assert.deepEqual(read, ["a", "b"]);
  await Promise.all(pushed);
  await inflow.push(Buffer.from("d"));
});

test("the reader fails with what the others gave up for", async () => {
  const inflow = new Inflow(async () => {});
  const reading = (async () => {
    for await (const _ of inflow);
  })();
  inflow.fail(new Error("given up"));
  await assert.rejects(reading, /^Error: given up$/);
});
