// A mailbox that stays full: tried for five days, the sender is told after four hours and at the end. RFC 5321 §4.5.4.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../golden/dsn/read-notice.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { type Lab, startLab } from "../support/lab-server.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const schedule = [1, 5, 10, 20, 40, 60, 120, 240].map((minutes) => minutes * minuteMs);

/** Times of the attempts, in ms after the message came. */
async function liveThrough(lab: Lab, sentAt: number): Promise<number[]> {
  await lab.event("deferred", "fred@full.lab");
  const isOver = (): boolean => lab.events.some(({ kind }) => kind === "bounced");
  while (!isOver()) await lab.nextAttempt();
  const attempts = lab.events.filter((event) => "attempt" in event && event.to === "fred@full.lab");
  assert.deepEqual(
    attempts.map((event) => "attempt" in event && event.attempt),
    attempts.map((_, i) => i + 1),
  );
  return attempts.map(({ at }) => at - sentAt);
}

test("attempts as the schedule says, one notice of the delay, one of the failure, then it is over", async () => {
  await using lab = await startLab({ names: ["full"] });
  const sentAt = lab.world.now();
  const queueId = await lab.send({ to: ["fred@full.lab"] });
  const attempts = await liveThrough(lab, sentAt);

  for (const [i, at] of attempts.slice(1, -1).entries()) {
    const planned = schedule[Math.min(i, schedule.length - 1)]!;
    const waited = at - attempts[i]!;
    assert.ok(Math.abs(waited - planned) <= planned / 10, `wait ${i + 1}: ${waited} ms, planned ${planned}`);
  }
  assert.equal(attempts.at(-1), 5 * dayMs, "a last attempt, when the time is over");
  assert.ok(attempts.length > 35);

  const delayed = lab.events.filter((event) => event.kind === "notice" && event.action === "delayed");
  assert.deepEqual(
    delayed.map(({ at }) => at - sentAt),
    [attempts.find((at) => at >= 4 * hourMs)],
    "told once, at the first attempt after four hours",
  );
  const early = openNotice(await lab.mail("you@home.lab"));
  assertPlainWords(early);
  assert.deepEqual(actionOf(early, "fred@full.lab"), ["delayed", "4.2.2"]);
  assert.equal(field(early.recipients.get("fred@full.lab")!, "Will-Retry-Until"), "Tue, 06 Jan 2026 00:00:00 +0000");
  assert.match(early.letter, /You do not need to do anything\. We are still trying until Tuesday, 6 January 2026/);

  const late = openNotice(await lab.mail("you@home.lab", 2));
  assertPlainWords(late);
  assert.match(late.letter, /Delivery was tried for 5 days/);
  assert.equal(actionOf(late, "fred@full.lab")[0], "failed");
  assert.equal(lab.mails.length, 2);

  const end = lab.events.find(({ kind }) => kind === "bounced");
  assert.ok(end?.kind === "bounced" && end.because.kind === "expired" && end.because.last?.kind === "refused");
  assert.equal((await lab.control.trace({ queueId })).length, attempts.length + 3);
  await lab.assertEmpty();
});
