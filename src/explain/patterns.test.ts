// No pattern can take long: none has a repetition without end within another, and sizes are bounded. Phrases are no
// patterns: they are read in one direction, at a bounded number of places.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readBounce } from "./bounce/bounce.ts";
import { ownKnowledge, phraseOf } from "./knowledge/knowledge.ts";
import { normalText } from "./matching/normal-text.ts";
import { findPhrase, groundOf } from "./matching/phrase.ts";

const literal = /(?<=[(=,:?&|!;]\s*|return\s|^\s+)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/gm;

const patterns = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .flatMap((file) => readFileSync(join(import.meta.dirname, file), "utf8").match(literal) ?? []);

/** Repetitions without end that stand in a repetition without end. */
function nestedRepetitions(pattern: string): number {
  const plain = pattern.replaceAll(/\\./g, "x").replaceAll(/\[[^\]]*\]/g, "x");
  const open: boolean[] = [];
  let nested = 0;
  for (let at = 0; at < plain.length; at += 1) {
    if (plain[at] === "(") open.push(false);
    const isEndless = /^(?:[*+]|\{\d+,\})/.test(plain.slice(at + 1));
    if (plain[at] === ")") {
      const inner = open.pop() ?? false;
      if (inner && isEndless) nested += 1;
      if (open.length > 0 && (inner || isEndless)) open[open.length - 1] = true;
    } else if (isEndless && open.length > 0) open[open.length - 1] = true;
  }
  return nested;
}

test("no repetition without end stands in another", () => {
  assert.ok(patterns.length > 60, `only ${patterns.length} patterns were found`);
  assert.equal(nestedRepetitions("/(?:a+)*b/"), 1);
  assert.deepEqual(
    patterns.filter((pattern) => nestedRepetitions(pattern) > 0),
    [],
  );
});

test("no two repetitions without end of the same thing stand side by side", () => {
  const twice = /(\\s|\\w|\\d|\.|\[[^\]]*\])[*+]\??\(?(?:\?:)?\1[*+]/;
  assert.ok(twice.test("/\\s*\\s*x/"));
  assert.deepEqual(
    patterns.filter((pattern) => twice.test(pattern)),
    [],
  );
});

test("a phrase is tried at a bounded number of places, however a text repeats itself", () => {
  const { text } = normalText("user unknown mailbox full ".repeat(400), 10_000);
  const { places } = groundOf(text);
  for (const [code, some] of places) assert.ok(some.length <= 20, String.fromCharCode(code));
  let tries = 0;
  const counting = {
    text,
    places: { get: (code: number) => places.get(code)?.filter(() => ++tries > 0) } as typeof places,
  };
  const phrases = ownKnowledge().phrases.slice(0, 500);
  for (const ranked of phrases) findPhrase(phraseOf(ranked), counting);
  assert.ok(tries / phrases.length < 200, `${tries} places for ${phrases.length} phrases`);
});

test("a report about very many recipients tells of a thousand", () => {
  const addresses = Array.from({ length: 3_000 }, (_, i) => `user${i}@example.org`);
  const head = "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n";
  const inWords = addresses.map((address) => `<${address}>:\n550 no\n`).join("\n");
  assert.equal(readBounce(new TextEncoder().encode(head + inWords)).recipients.length, 1_000);
  const twice = addresses
    .map((address) => `<${address}>\n    (reason: 550 5.1.1 <${address}>... User unknown)`)
    .join("\n");
  assert.equal(readBounce(new TextEncoder().encode(head + twice)).recipients.length, 1_000);
  const inFields = addresses.map((address) => `Final-Recipient: rfc822; ${address}\nAction: failed\n`).join("\n");
  const status = `Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n${inFields}`;
  assert.equal(readBounce(new TextEncoder().encode(status)).recipients.length, 1_000);
});
