// The exams stay as they were marked, or better (docs/accuracy.md).
import assert from "node:assert/strict";
import { test } from "node:test";
import { markBounces, markReplies } from "./exams.ts";

/** Least shares of right answers: what was reached, rounded down. */
const floors = {
  first: {
    replies: { cause: 0.99, permanence: 0.97 },
    messages: { kind: 0.99, address: 0.99, cause: 0.93, permanence: 0.98 },
  },
  second: {
    replies: { cause: 0.92, permanence: 0.96 },
    messages: { kind: 0.97, address: 0.99, cause: 0.88, permanence: 0.95 },
  },
} as const;

for (const [exam, { replies, messages }] of Object.entries(floors)) {
  test(`${exam} exam, replies`, () => holds(markReplies(exam), replies));
  test(`${exam} exam, messages`, () => holds(markBounces(exam), messages));
}

function holds(marks: { readonly misses: readonly string[] } & object, least: Readonly<Record<string, number>>): void {
  for (const [what, share] of Object.entries(least)) {
    const reached = (marks as unknown as Readonly<Record<string, number>>)[what]!;
    assert.ok(reached >= share, `${what}: ${reached}, at least ${share}\n${marks.misses.join("\n")}`);
  }
}
