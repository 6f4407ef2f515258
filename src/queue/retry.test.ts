import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { isDelayNoticeDue, nextAttemptAt } from "./retry.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const settings = {
  scheduleMs: [minuteMs, 5 * minuteMs, hourMs],
  giveUpAfterMs: 5 * 24 * hourMs,
  delayNoticeAfterMs: 4 * hourMs,
};

test("waits follow the schedule, the last one repeats, each varies by a tenth at most", () => {
  const world = fakeWorld();
  const expiresAt = world.now() + settings.giveUpAfterMs;
  for (const [attempts, expectedMs] of [
    [1, minuteMs],
    [2, 5 * minuteMs],
    [3, hourMs],
    [40, hourMs],
  ] as const) {
    const waits = Array.from(
      { length: 200 },
      () => nextAttemptAt(world, settings, { attempts, expiresAt }) - world.now(),
    );
    assert.ok(waits.every((waitMs) => waitMs >= 0.9 * expectedMs && waitMs <= 1.1 * expectedMs));
    assert.ok(Math.max(...waits) - Math.min(...waits) > 0.1 * expectedMs, "waits are spread");
  }
});

test("the last attempt is made when the message is given up, not after", () => {
  const world = fakeWorld();
  const expiresAt = world.now() + minuteMs / 2;
  assert.equal(nextAttemptAt(world, settings, { attempts: 3, expiresAt }), expiresAt);
});

test("a next attempt is never in the past, even after expiry", () => {
  const world = fakeWorld();
  assert.ok(nextAttemptAt(world, settings, { attempts: 1, expiresAt: world.now() - 1 }) > world.now());
});

test("the delay notice is due after its time, and never when it is turned off", () => {
  const world = fakeWorld();
  const receivedAt = world.now() - 4 * hourMs;
  assert.equal(isDelayNoticeDue(world, settings, receivedAt), true);
  assert.equal(isDelayNoticeDue(world, settings, receivedAt + 1), false);
  assert.equal(isDelayNoticeDue(world, { ...settings, delayNoticeAfterMs: 0 }, 0), false);
});
