// XML of strangers: what is read of it, and what is said of XML that is broken or hostile.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { childrenOf, readXml, textIn, xmlLimits } from "./xml-reader.ts";
import { element, formatXml } from "./xml-writer.ts";

test("elements, attributes and text, whatever the namespace", () => {
  const read = readXml(
    `\ufeff<?xml version="1.0"?><!-- <x> --><n:a xmlns:n="urn:n" n:k=' 1 &lt; 2 '>
       one &amp; <b/> t&#119;o &#x1F600;&#0;&#xd800; &nbsp; <![CDATA[&amp;<c>]]><B>x</B></n:a>`,
  );
  assert.ok(read.kind === "element");
  assert.equal(read.element.name, "a");
  assert.equal(read.element.attributes.get("k"), "1 < 2");
  assert.equal(read.element.text.replaceAll(/\s+/g, " "), "one & two \u{1f600}\ufffd\ufffd &nbsp; &amp;<c>");
  assert.equal(childrenOf(read.element, "b").length, 2);
  assert.equal(textIn(read.element, "b"), undefined, "the first is empty");
});

for (const [what, xml, why] of [
  ["nothing", " \n", /^It is empty\.$/],
  ["a web page", "<!DOCTYPE html><html><body>Welcome", /web page/],
  ["a web page without doctype", '\n<HTML lang="en"><p>Welcome', /web page/],
  ["text", "not found", /not well-formed XML: line 1/],
  ["an end that is missing", "<a>\n<b>1</b>", /not well-formed XML: line 1: Unclosed tag 'a'\.$/],
  ["a wrong end", "<a>\n<b>1</a>", /line 2: Expected closing tag 'b'/],
  ["two roots", "<a/><b/>", /exactly one outermost element/],
  ["an attribute without quotes", "<a x=1/>", /line 1: Attribute 'x'/],
  ["too long", `<a>${" ".repeat(xmlLimits.chars)}</a>`, /longer than 65,536 characters/],
  ["too deep", `${"<a>".repeat(30)}${"</a>".repeat(30)}`, /nested/],
  ["names of JavaScript", "<__proto__><a/></__proto__>", /not well-formed/],
  ["entities that multiply", '<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>', /DOCTYPE/],
  ["a file of ours", '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', /DOCTYPE/],
] as const)
  test(`unreadable: ${what}`, () => {
    const read = readXml(xml);
    assert.ok(read.kind === "unreadable");
    assert.match(read.why, why);
    assert.match(read.why, /^[A-Z].{5,250}\.$/, "a sentence");
  });

const pieces =
  '< > / a <a </a> <a> " \' = b=" & &# &amp; <!-- --> <![CDATA[ ]]> <? ?> : #text __proto__ <a:b> é xmlns <!DOCTYPE'
    .split(" ")
    .concat(" ", "\n", "\0", "\ud800");

test("no garbage throws, and none takes long", () => {
  const piece = fc.constantFrom(...pieces);
  const garbage = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((parts) => parts.join("")),
    // one thing, and again, to the limit
    fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => {
      const part = parts.join("");
      return `<a>${part.repeat(Math.floor(xmlLimits.chars / part.length) - 10)}`;
    }),
  );
  let slowest = 0;
  fc.assert(
    fc.property(garbage, (xml) => {
      const begun = performance.now();
      const read = readXml(xml);
      slowest = Math.max(slowest, performance.now() - begun);
      if (read.kind === "unreadable") assert.match(read.why, /^[^\n]+\.$/);
    }),
    { numRuns: 500 },
  );
  assert.ok(slowest < 2_000, `${slowest} ms`);
});

test("what is written is read again", () => {
  const text = fc.string({ unit: "grapheme" }).map((text) => text.trim());
  fc.assert(
    fc.property(text, text, (content, value) => {
      const read = readXml(formatXml(element("a", [element("b", content, { value })])));
      assert.ok(read.kind === "element");
      const [b] = read.element.children;
      assert.equal(b?.text, printable(content));
      assert.equal(b?.attributes.get("value"), printable(value));
    }),
  );
});

/** XML 1.0 §2.2, §2.11 */
const printable = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- these are the ones
    .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/\r\n?/g, "\n")
    .trim();
