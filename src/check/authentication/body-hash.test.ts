// What became of a signed body: RFC 6376 §3.4.5 gives the canonical forms, §3.4.3 and §3.4.4 the hashes of empty bodies.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { compareBody, type HashedBody } from "./body-hash.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
const relaxed: HashedBody = { canonicalization: "relaxed", algorithm: "sha256" };
const simple: HashedBody = { ...relaxed, canonicalization: "simple" };
const example = " C \r\nD \t E\r\n\r\n\r\n";

const cases: readonly [name: string, body: string, how: HashedBody, expected: string, kind: string][] = [
  ["relaxed", example, relaxed, sha256(" C\r\nD E\r\n"), "same"],
  ["simple", example, simple, sha256(" C \r\nD \t E\r\n"), "same"],
  ["empty, simple", "", simple, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", "same"],
  ["empty, relaxed", "", relaxed, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "same"],
  ["only empty lines, relaxed", "\r\n\r\n", relaxed, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "same"],
  ["without an end of line", "one", simple, sha256("one\r\n"), "same"],
  ["with a length", "one\r\ntwo\r\n", { ...simple, lengthBytes: 5 }, sha256("one\r\n"), "same"],
  ["with a footer", "one\r\n\r\n--\r\nlist\r\n", simple, sha256("one\r\n"), "added"],
  ["changed", "one\r\n", simple, sha256("two\r\n"), "changed"],
  ["UTF-8", "grün\r\n", simple, sha256("grün\r\n"), "same"],
];

for (const [name, body, how, expected, kind] of cases)
  test(`a body that is ${name}: ${kind}`, () => {
    assert.equal(compareBody(Buffer.from(body), how, expected).kind, kind);
  });

test("tells which lines were added", () => {
  const body = Buffer.from("one\r\n\r\n1\r\n2\r\n3\r\n4\r\n");
  assert.deepEqual(compareBody(body, simple, sha256("one\r\n")), { kind: "added", lines: ["1", "2", "3"], count: 4 });
});
