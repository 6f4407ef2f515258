import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parsePath } from "./path.ts";

test("the short way to read plain paths finds what the long way finds", () => {
  const words = ["<", ">", " ", "ann", "@", ".", "x.example", "X", '"', "\\\\", ":", ",", "SIZE=1", "é", "[192.0.2.1]"];
  const noise = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((parts) => parts.join(""));
  const text = fc.oneof(
    noise,
    noise.map((rest) => `<ann@x.example>${rest}`),
    noise.map((rest) => `<ann@x.example${rest}>`),
  );
  fc.assert(
    // a space before the path leads the long way
    fc.property(text, (path) => assert.deepEqual(parsePath(path), parsePath(` ${path}`))),
    { numRuns: 3_000 },
  );
});

test("Postmaster needs no domain where it may come", () => {
  assert.equal(parsePath("<postmaster>", "mx.example.org")?.address, "postmaster@mx.example.org");
  assert.equal(parsePath("<PostMaster> NOTIFY=NEVER", "mx.example.org")?.address, "postmaster@mx.example.org");
  assert.equal(parsePath("<postmaster>"), undefined);
  assert.equal(parsePath("<ann>", "mx.example.org"), undefined);
});
