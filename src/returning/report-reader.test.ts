import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { bounceOf } from "../../test/support/reports.ts";
import { readerIn, readingLimits } from "./report-reader.ts";

/** Turns of the event loop that others had until `work` was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isDone = true;
  return turns;
}

test("sessions have their turn between reports, and between a few explanations", async () => {
  const world = fakeWorld();
  const reader = readerIn(world);
  assert.equal(readerIn(world), reader, "all wait for the same one");
  const report = Buffer.from(bounceOf({ to: "bob@far.example", original: "" }));
  assert.ok((await turnsDuring(Promise.all(Array.from({ length: 50 }, () => reader.read(report))))) >= 50);
  const { recipients } = await reader.read(report);
  const many = Array.from({ length: 20 * readingLimits.explainedAtOnce + 1 }, () => recipients[0]!);
  const explaining = reader.explain(many);
  assert.ok((await turnsDuring(explaining)) >= 21);
  assert.deepEqual(
    (await explaining).map(({ explanation }) => explanation.cause),
    many.map(() => "no-such-mailbox"),
  );
});

test("no more is read than the limit, and it is known whether a report ends there", async () => {
  const reader = readerIn(fakeWorld());
  const names = Array.from({ length: 5_000 }, (_, i) => `<u${i}@far.example>: 550 5.1.1 user unknown`);
  const long = await reader.read(
    Buffer.from(["From: MAILER-DAEMON@far.example", "Subject: failure notice", "", ...names].join("\r\n")),
  );
  assert.ok(long.recipients.length > 0 && long.recipients.length < readingLimits.bytes / names[0]!.length + 1);
  assert.equal(long.isWhole, false);
  const returned = bounceOf({ to: "bob@far.example", original: "Subject: Hi" });
  const lengths = [returned, `${returned}${"x".repeat(readingLimits.bytes)}`];
  for (const text of lengths) assert.equal((await reader.read(Buffer.from(text))).isWhole, true);
});
