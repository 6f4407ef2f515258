import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8Xtext, decodeXtext } from "./xtext.ts";

test("xtext: + and two upper-case hexadecimal digits stand for one character", () => {
  assert.equal(decodeXtext("ann+2Bnews+3Dx@example.org"), "ann+news=x@example.org");
  assert.equal(decodeXtext("with+20space"), "with space");
  for (const bad of ["a+2b", "a+", "a+2", "a=b", "a b", "é"]) assert.equal(decodeXtext(bad), undefined, bad);
});

test("xtext: what cannot be printed is refused, as it would forge lines of a notice", () => {
  for (const bad of ["+0D+0AX:", "+00", "+7F", "+E9"]) assert.equal(decodeXtext(bad), undefined, bad);
});

test("RFC 6533 §3: utf-8-addr-xtext", () => {
  assert.equal(decodeUtf8Xtext(String.raw`\x{E5}nn\x{2B}x@\x{1F4EC}.example`), "ånn+x@📬.example");
  assert.equal(decodeUtf8Xtext("ånn@example.org"), "ånn@example.org");
  for (const bad of [String.raw`\x{0D}`, String.raw`\x{D800}`, String.raw`\x{110000}`, "a+b", "a=b", "a\\b", "a\nb"])
    assert.equal(decodeUtf8Xtext(bad), undefined, bad);
});
