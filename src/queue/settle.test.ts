import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { sampleDelivery, sampleHost } from "../../test/support/sample.ts";
import type { Outcome, Postponement } from "../mail/outcome.ts";
import { reply } from "../mail/reply.ts";
import { decide } from "./settle.ts";

const hourMs = 3_600_000;
const retry = { scheduleMs: [60_000], giveUpAfterMs: 120 * hourMs, delayNoticeAfterMs: 4 * hourMs };
const world = fakeWorld();
const parts = { world, retry, by: "worker", stopped: false };
const receivedAt = world.now();
const delivery = sampleDelivery({ expiresAt: receivedAt + retry.giveUpAfterMs });
const delivered = { kind: "delivered", host: sampleHost, reply: reply(250, "2.0.0", "ok"), steps: [] } as const;
const refused = { kind: "refused", host: sampleHost, stage: "rcpt", reply: reply(451, "4.7.1", "later") } as const;
const deferred: Outcome = { kind: "deferred", because: refused, steps: [] };

test("delivered: done; the sender may hear of it unless the next hop tells", () => {
  const relayed = decide(delivery, { ...delivered, final: false, dsnHandedOn: false }, parts);
  assert.deepEqual([relayed.settlement.next.kind, relayed.event?.kind, relayed.tell], ["done", "delivered", "relayed"]);
  assert.equal(decide(delivery, { ...delivered, final: false, dsnHandedOn: true }, parts).tell, undefined);
  assert.equal(decide(delivery, { ...delivered, final: true, dsnHandedOn: false }, parts).tell, "delivered");
});

test("bounced: done, and the sender is told", () => {
  const decision = decide(delivery, { kind: "bounced", because: refused, steps: [] }, parts);
  assert.deepEqual([decision.settlement.next.kind, decision.event?.kind, decision.tell], ["done", "bounced", "failed"]);
});

test("deferred: again later, counted, without a notice before its time", () => {
  const { settlement, event, tell } = decide(delivery, deferred, parts);
  assert.ok(settlement.next.kind === "deferred" && settlement.next.attempted && settlement.next.dueAt > world.now());
  assert.deepEqual([event?.kind, tell], ["deferred", undefined]);
});

test("a delay notice goes out once", async () => {
  const late = fakeWorld({ now: receivedAt + 5 * hourMs });
  const first = decide(delivery, deferred, { ...parts, world: late });
  assert.equal(first.tell, "delayed");
  assert.ok(first.settlement.next.kind === "deferred" && first.settlement.next.delayNoticeSent);
  assert.equal(decide({ ...delivery, delayNoticeSent: true }, deferred, { ...parts, world: late }).tell, undefined);
});

test("at its expiry a deferral becomes a bounce that knows the last reason", () => {
  const end = fakeWorld({ now: delivery.expiresAt });
  const { settlement, event, tell } = decide(delivery, deferred, { ...parts, world: end });
  assert.deepEqual([settlement.next.kind, tell], ["done", "failed"]);
  assert.ok(event?.kind === "bounced");
  assert.deepEqual(event.because, { kind: "expired", afterMs: retry.giveUpAfterMs, last: refused });
});

test("an attempt that we cut short does not count, and is due at once", () => {
  const { settlement, event } = decide(delivery, deferred, { ...parts, stopped: true });
  assert.ok(settlement.next.kind === "deferred" && !settlement.next.attempted && settlement.next.dueAt === world.now());
  assert.equal(event, undefined);
});

test("what was delivered before the cut stays delivered", () => {
  const decision = decide(delivery, { ...delivered, final: true, dsnHandedOn: false }, { ...parts, stopped: true });
  assert.equal(decision.settlement.next.kind, "done");
});

const postponed = (changes: Partial<Postponement> = {}): Outcome => ({
  ...deferred,
  postponed: { until: world.now() + 600_000, spreadMs: 60_000, mayExpire: true, ...changes },
});

test("postponed: due at a whole millisecond, whatever the rate of the destination makes of it", () => {
  const { settlement } = decide(delivery, postponed({ until: world.now() + 60_000 / 7, spreadMs: 0 }), parts);
  assert.ok(settlement.next.kind === "deferred" && Number.isInteger(settlement.next.dueAt));
});

test("postponed: not counted, due when the destination may be open again, with the reason", () => {
  const { settlement, event, tell } = decide(delivery, postponed(), parts);
  const { next } = settlement;
  assert.ok(next.kind === "deferred" && !next.attempted && next.postponed);
  assert.ok(next.dueAt >= world.now() + 600_000 && next.dueAt <= world.now() + 660_000);
  assert.deepEqual(next.because, refused);
  assert.ok(event?.kind === "deferred" && event.untried && event.attempt === delivery.attempts);
  assert.equal(tell, undefined);
});

test("postponed again for the same reason is no news; what is old is looked at less often", () => {
  const late = fakeWorld({ now: receivedAt + 24 * hourMs });
  const dues = Array.from({ length: 100 }, () => {
    const { event, settlement } = decide({ ...delivery, lastFailure: refused }, postponed(), { ...parts, world: late });
    assert.equal(event, undefined);
    assert.ok(settlement.next.kind === "deferred");
    return settlement.next.dueAt - late.now();
  });
  assert.ok(Math.max(...dues) > 3 * hourMs && Math.max(...dues) <= 4.2 * hourMs);
});

test("postponed mail has its delay notice, and expires; never is it due after that", () => {
  const late = fakeWorld({ now: receivedAt + 5 * hourMs });
  assert.equal(decide(delivery, postponed(), { ...parts, world: late }).tell, "delayed");
  const soon = { ...delivery, expiresAt: world.now() + 1_000 };
  const { next } = decide(soon, postponed(), parts).settlement;
  assert.ok(next.kind === "deferred" && next.dueAt === soon.expiresAt);
  const end = { ...parts, world: fakeWorld({ now: delivery.expiresAt }) };
  const expired = decide(delivery, postponed(), end);
  assert.ok(expired.event?.kind === "bounced" && expired.event.attempt === 0);
  assert.deepEqual(expired.event.because, { kind: "expired", afterMs: retry.giveUpAfterMs, last: refused });
});

test("what the operator suspended does not expire meanwhile", () => {
  const end = { ...parts, world: fakeWorld({ now: delivery.expiresAt + hourMs }) };
  const { next } = decide(delivery, postponed({ mayExpire: false, until: 0 }), end).settlement;
  assert.ok(next.kind === "deferred" && next.dueAt > end.world.now());
});
