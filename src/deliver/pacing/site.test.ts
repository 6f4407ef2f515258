import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../mail/failure.ts";
import { reply } from "../../mail/reply.ts";
import { pacingLimits } from "./limits.ts";
import type { Signal } from "./signal.ts";
import { type Answer, Site } from "./site.ts";

const { firstClosedMs, longestClosedMs, firstWindow, stoppedMs, probeMs, forgetMs } = pacingLimits;
const host = { name: "mx.test" };
const refused: Failure = { kind: "refused", host, stage: "mail", reply: reply(421, "4.7.0", "no") };
const atTheDoor: Failure = { ...refused, stage: "greeting" };
const dead: Failure = { kind: "unreachable", host, problem: "timeout", text: "" };

const bad = (signal: Exclude<Signal, "none">, because: Failure = refused): Answer => ({ kind: "bad", signal, because });

/** A site, and deliveries to it: by default one that comes, meets an answer, and leaves. */
function fixture({ maxConnections = 20, maxMessagesPerMinute = Infinity } = {}) {
  const rules = { maxConnections, maxMessagesPerConnection: 100, maxMessagesPerMinute };
  const site = new Site("mx.test", {
    rules,
    closed: { firstMs: firstClosedMs, longestMs: longestClosedMs },
    random: () => 1,
  });
  const come = (now = 0, addresses = ["a"]) => {
    const visit = site.visit(() => addresses);
    const notNow = site.notNow(now, visit);
    if (notNow !== undefined) return { notNow, go: () => assert.fail() };
    site.enter(visit, now);
    site.take(now);
    const go = (answer: Answer, at = now): void => {
      site.learn(visit, answer, at);
      site.leave(visit);
    };
    return { notNow, go };
  };
  /** All that the window takes at once, and more who wait. */
  const round = (answer: Answer, now = 0): void => {
    const count = site.connections;
    const visits = Array.from({ length: 100 }, () => come(now));
    visits.slice(0, count).forEach(({ go }) => go(answer));
    visits.slice(count).forEach(({ go }) => go({ kind: "no-news" }));
  };
  return { site, come, round };
}

const good: Answer = { kind: "good" };

test("the window grows while it is used and answers are good: quickly at first, never beyond the config", () => {
  const { site, round } = fixture();
  const windows = Array.from({ length: 4 }, () => {
    round(good);
    return site.connections;
  });
  assert.deepEqual([firstWindow, ...windows], [5, 10, 20, 20, 20]);
});

test("what is not used does not grow; an answer that takes nothing does not make it grow either", () => {
  const { site, come, round } = fixture();
  for (let i = 0; i < 50; i += 1) come().go(good);
  assert.equal(site.connections, firstWindow);
  round({ kind: "reached" });
  round(bad("cold"));
  assert.equal(site.connections, firstWindow);
});

test("throttling halves the window once for all that met it together, then it grows by one a round", () => {
  const { site, round } = fixture();
  round(good);
  round(good);
  round(bad("connections"));
  assert.equal(site.connections, 10);
  assert.ok(!site.isSlowed, "it gets as much as a site of which nothing is known");
  round(good);
  assert.equal(site.connections, 10);
  round(good);
  assert.equal(site.connections, 11);
  for (let i = 0; i < 8; i += 1) round(bad("connections"));
  assert.equal(site.connections, 1, "one is always left");
  assert.ok(site.isSlowed);
});

test("who began before a slower pace says nothing about it", () => {
  const { site, come } = fixture();
  const [first, second] = [come(), come()];
  first.go(bad("slow"));
  second.go(bad("slow"));
  assert.equal(site.connections, 2);
});

test("a dead site is left alone, then probed by one; each failure doubles the wait, up to a limit", () => {
  const { site, come } = fixture();
  come(0).go(bad("unreachable", dead));
  assert.equal(site.connections, 1);
  assert.deepEqual(come(1).notNow, { because: dead, until: firstClosedMs, spreadMs: firstClosedMs, mayExpire: true });
  let now: number = firstClosedMs;
  const waits = Array.from({ length: 8 }, () => {
    const probe = come(now);
    assert.equal(probe.notNow, undefined);
    const other = come(now);
    assert.ok(other.notNow !== undefined && other.notNow.until > now, "one is enough");
    probe.go(bad("unreachable", dead));
    const { until } = site.learnt.closure!;
    const waitMs = until - now;
    now = until;
    return waitMs / 1_000;
  });
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 1_800, 1_800, 1_800]);
  const probe = come(now);
  probe.go(good);
  assert.equal(come(now).notNow, undefined);
  assert.equal(site.learnt.closure, undefined);
});

test("a probe that brings no news, or never ends, is followed by another", () => {
  const { come } = fixture();
  come(0).go(bad("unreachable", dead));
  come(firstClosedMs).go({ kind: "no-news" });
  assert.equal(come(firstClosedMs).notNow, undefined);
  assert.notEqual(come(firstClosedMs + probeMs - 1).notNow, undefined);
  assert.equal(come(firstClosedMs + probeMs).notNow, undefined);
});

test("an answer of any kind opens a dead site", () => {
  for (const answer of [good, { kind: "reached" }, bad("cold")] as const) {
    const { come } = fixture();
    come(0).go(bad("unreachable", dead));
    come(firstClosedMs).go(answer);
    assert.equal(come(firstClosedMs).notNow, undefined);
  }
});

test("with sessions open, a connection refused means that there are enough of them", () => {
  const { site, come } = fixture();
  site.sessions = 2;
  come().go(bad("unreachable", dead));
  assert.deepEqual([site.connections, site.learnt.closure], [2, undefined]);
});

test("a site that lets nobody in is left alone, too", () => {
  const { site, come } = fixture();
  come().go(bad("connections", atTheDoor));
  assert.equal(site.learnt.closure?.isStop, false);
});

test("a new address is worth a try, and is known afterwards", () => {
  const { come } = fixture();
  come(0, ["a", "b"]).go(bad("unreachable", dead));
  assert.notEqual(come(1, ["b", "a"]).notNow, undefined);
  come(1, ["b", "c"]).go(bad("unreachable", dead));
  assert.notEqual(come(2, ["c", "a"]).notNow, undefined);
});

test("told to stop, it stops for longer, and what got through before is no news", () => {
  const { site, come } = fixture();
  const early = come(0);
  come(0).go(bad("stop"));
  early.go(good);
  assert.equal(come(1, ["other"]).notNow?.until, stoppedMs);
  come(stoppedMs).go(good);
  assert.equal(site.learnt.closure, undefined);
});

test("too many messages in a time: the rate is half of what went, grows while it is the limit, and is dropped at last", () => {
  const { site, come } = fixture();
  for (let i = 0; i < 99; i += 1) come(i).go(good);
  come(99).go(bad("rate"));
  assert.equal(site.rate, 50);
  assert.equal(site.take(100), false);
  let now = 100;
  const minute = (): number => {
    const until = now + 60_000;
    let count = 0;
    for (; now < until; now = Math.max(now + 1, site.nextAt(now))) {
      come(now).go(good);
      count += 1;
    }
    return count;
  };
  const counts = Array.from({ length: 60 }, minute);
  assert.ok(counts[0]! >= 50 && counts[0]! <= 56, `${counts[0]}`);
  assert.ok(counts[10]! > 1.9 * counts[0]! && counts[10]! < 3.5 * counts[0]!, `${counts[10]}`);
  assert.equal(site.rate, Infinity);
});

test("complaints of the rate bring it down to one a minute, not to none", () => {
  const { site, come } = fixture();
  for (let i = 0; i < 10; i += 1) {
    come(i * 60_000).go(bad("rate"));
    come(i * 60_000).go(good);
  }
  assert.equal(Math.floor(site.rate), 1);
});

test("a site that takes nothing after it was slowed down is probed, and goes on at that rate", () => {
  const { site, come } = fixture();
  for (let i = 0; i < 99; i += 1) come().go(good);
  come().go(bad("rate"));
  const { rate } = site;
  come(1_000).go(bad("rate"));
  assert.equal(site.rate, rate, "no slower");
  assert.deepEqual(come(2_000).notNow?.because, refused);
  const probe = come(1_000 + firstClosedMs);
  assert.ok(come(1_000 + firstClosedMs).notNow, "one at a time");
  probe.go(good, 1_000 + firstClosedMs);
  assert.equal(come(2_000 + firstClosedMs).notNow, undefined);
});

test("under pressure, first the window shrinks, then the rate", () => {
  const { site, come } = fixture();
  const seen = Array.from({ length: 3 }, () => {
    come().go(bad("slow"));
    return [site.connections, site.rate];
  });
  assert.deepEqual(seen, [
    [2, Infinity],
    [1, Infinity],
    [1, 10],
  ]);
});

test("too many messages in a session: half as many", () => {
  const { site, come } = fixture();
  come().go(bad("messages"));
  come().go(bad("messages"));
  assert.deepEqual([site.messagesPerConnection, site.connections], [25, firstWindow]);
});

test("mail beyond the rate is booked in turn, and what is far beyond it within the hour", () => {
  const { site } = fixture({ maxMessagesPerMinute: 60 });
  const booked = Array.from({ length: 3_600 }, () => site.book(0));
  const { lineMs, bookedMs } = pacingLimits;
  assert.deepEqual(
    booked.slice(0, 2).map(({ until }) => until),
    [lineMs + 1_000, lineMs + 2_000],
  );
  const { because, until, spreadMs } = booked.at(-1)!;
  assert.deepEqual([until, spreadMs], [lineMs, bookedMs - lineMs]);
  assert.ok(because.kind === "held-back" && /60 messages a minute/.test(because.text));
});

test("suspended: nothing goes, whatever time passes, and it may not expire for that", () => {
  const { site, come } = fixture();
  site.suspended = { words: "they move house" };
  const { notNow } = come(forgetMs);
  assert.ok(notNow?.because.kind === "held-back" && notNow.because.text.endsWith(": they move house"));
  assert.equal(notNow.mayExpire, false);
  site.suspended = undefined;
  assert.equal(come(forgetMs).notNow, undefined);
});

test("trouble is forgotten after a day without any", () => {
  const { site, come } = fixture();
  come(0).go(bad("connections"));
  site.forget(forgetMs);
  assert.ok(site.isLearnt);
  site.forget(forgetMs + 1);
  assert.deepEqual([site.isLearnt, site.connections], [false, firstWindow]);
});

test("of a rate for all nodes, a node has the part that its share of the connections is", () => {
  const { site } = fixture({ maxMessagesPerMinute: 600 });
  site.share = 5;
  assert.deepEqual([site.rate, site.connections], [150, 5]);
  site.share = 2;
  assert.deepEqual([site.rate, site.connections], [60, 2]);
});
