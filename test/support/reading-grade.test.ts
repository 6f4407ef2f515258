// The grade of known texts, and the syllables of words that are easily miscounted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readingGrade, syllablesOf } from "./reading-grade.ts";

test("syllables are groups of vowels that are spoken", () => {
  const words = {
    mail: 1,
    address: 2,
    server: 2,
    mailbox: 2,
    message: 2,
    domain: 2,
    take: 1,
    takes: 1,
    mailed: 1,
    accepted: 3,
    needed: 2,
    table: 2,
    little: 2,
    rule: 1,
    rules: 1,
    see: 1,
    people: 2,
    closely: 2,
    the: 1,
    sent: 1,
    changes: 2,
    boxes: 2,
    "2525": 1,
    reached: 1,
    size: 1,
    sizes: 2,
    services: 3,
    encryption: 3,
  };
  const wrong = Object.entries(words).filter(([word, count]) => syllablesOf(word) !== count);
  assert.deepEqual(
    wrong.map(([word]) => [word, syllablesOf(word)]),
    [],
  );
});

test("plain sentences are below grade 5, official ones above grade 12", () => {
  assert.ok(readingGrade("The mailbox is full. Write again in a few days.") < 5);
  assert.ok(
    readingGrade(
      "Notwithstanding the administrative configuration of the destination infrastructure, the transmission was unsuccessful.",
    ) > 12,
  );
});

test("a number with a dot in it does not end a sentence", () => {
  const grade = readingGrade("We waited for 4.5 hours before we gave up.");
  assert.ok(Math.abs(grade - readingGrade("We waited for 45 hours before we gave up.")) < 2.5, String(grade));
});

test("nothing is easy to read", () => assert.equal(readingGrade(""), 0));
