import assert from "node:assert/strict";
import { test } from "node:test";
import { replyText } from "../mail/reply.ts";
import { handshakeLimitMs, lookEveryMs, overdue, ownTimes, type Moments } from "./time-limits.ts";

const times = {
  commandTimeoutMs: 300_000,
  dataTimeoutMs: 180_000,
  messageTimeoutMs: 3_600_000,
  sessionTimeoutMs: 14_400_000,
  greetingDelayMs: 0,
};

/** The 421 after `now` ms, for a session that began, and last moved, at 0 unless said. */
function verdict(now: number, moments: Partial<Moments>): string | undefined {
  const late = overdue({ startedAt: 0, progressAt: 0, contentSince: 0, waiting: "command", ...moments }, times, now);
  return late && replyText(late);
}

test("a command has its time, counted from the last one", () => {
  assert.equal(verdict(300_000, {}), undefined);
  assert.equal(verdict(300_001, {}), "421 4.4.2 no command within 300 s, closing the connection");
  assert.equal(verdict(600_000, { progressAt: 300_000 }), undefined);
});

test("a message has a longest pause and a longest whole", () => {
  const waiting = "content" as const;
  assert.equal(verdict(180_001, { waiting }), "421 4.4.2 no data within 180 s, closing the connection");
  assert.equal(verdict(3_600_000, { waiting, progressAt: 3_599_999 }), undefined);
  assert.match(
    verdict(3_600_001, { waiting, progressAt: 3_600_000 })!,
    /^421 4\.4\.2 the message took longer than 3600 s/,
  );
  assert.equal(verdict(3_600_001, { waiting, progressAt: 3_600_000, contentSince: 60_000 }), undefined);
});

test("a session has an end, however busy; our own waits are not its fault", () => {
  const now = 14_400_001;
  assert.match(verdict(now, { progressAt: now })!, /^421 4\.4\.2 the session took longer than 14400 s/);
  assert.equal(verdict(now, { progressAt: now, waiting: "us" }), undefined);
  assert.match(verdict(ownTimes.answerMs + 1, { waiting: "us" })!, /^421 4\.3\.0 no decision in time/);
  assert.match(verdict(ownTimes.answerMs + 1, { waiting: "answer" })!, /^421 4\.3\.0/);
});

test("the limits are looked at each second, or in quarters of the smallest", () => {
  assert.equal(lookEveryMs(times), 1_000);
  assert.equal(lookEveryMs({ ...times, dataTimeoutMs: 400 }), 100);
  assert.equal(lookEveryMs({ ...times, dataTimeoutMs: 4 }), 5);
});

test("a handshake takes no longer than a command", () => {
  assert.equal(handshakeLimitMs(times), 30_000);
  assert.equal(handshakeLimitMs({ ...times, commandTimeoutMs: 10_000 }), 10_000);
});
