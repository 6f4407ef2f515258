import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld, settled } from "../../test/support/fake-world.ts";
import type { PoolLimits } from "./connection-pool.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Place, Slot } from "./slot.ts";

class FakeSession {
  isQuiet = true;
  quits = 0;

  async quit(): Promise<void> {
    this.quits += 1;
  }
}

interface Changes extends Partial<PoolLimits> {
  readonly maxConnectionsPerSite?: number;
}

const newPool = ({ maxConnectionsPerSite = 2, ...changes }: Changes = {}): ConnectionPool<FakeSession> =>
  new ConnectionPool({
    maxConnections: 3,
    connectionsTo: () => maxConnectionsPerSite,
    idleTimeoutMs: 60_000,
    world: fakeWorld(),
    ...changes,
  });

const at = (site: string, key = "x"): Place => ({ site, key, lane: "lane" });
const never = new AbortController().signal;

/** Asks for a slot and notes when it comes. */
function ask(pool: ConnectionPool<FakeSession>, site: string, { key = "x", lane = "lane" } = {}) {
  const asked = { slot: undefined as Slot<FakeSession> | undefined, done: Promise.resolve() };
  asked.done = pool.acquire({ site, key, lane }, never).then((slot) => void (asked.slot = slot));
  return asked;
}

test("a site gets so many connections, and no more", async () => {
  await using pool = newPool();
  const [first, second, third] = ["a", "a", "a"].map((site) => ask(pool, site));
  await settled();
  assert.ok(first?.slot && second?.slot);
  assert.equal(third?.slot, undefined);
  first.slot.release();
  await third?.done;
  assert.ok(third?.slot);
  assert.equal(pool.open, 2);
});

test("a full site does not hold up another", async () => {
  await using pool = newPool();
  for (const site of ["a", "a", "a", "a"]) ask(pool, site);
  const other = ask(pool, "b");
  await other.done;
  assert.ok(other.slot);
});

test("in total: the oldest waiter comes first, of whichever site", async () => {
  await using pool = newPool();
  const holders = ["a", "a", "b"].map((site) => ask(pool, site));
  await settled();
  const waiters = ["c", "b", "c"].map((site) => ask(pool, site));
  await settled();
  const order: number[] = [];
  waiters.forEach((waiter, i) => void waiter.done.then(() => order.push(i)));
  for (const { slot } of holders) {
    slot?.release();
    await settled();
  }
  assert.deepEqual(order, [0, 1, 2]);
});

test("a kept session is given to the next of the same key, not to another", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  assert.equal(first.session, undefined);
  first.keep(session);
  const other = await pool.acquire(at("a", "y"), never);
  assert.equal(other.session, undefined);
  const again = await pool.acquire(at("a"), never);
  assert.equal(again.session, session);
  again.release();
  other.release();
  assert.equal(pool.open, 0);
});

test("a kept session goes straight to a waiter", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  const waiter = ask(pool, "a");
  first.keep(session);
  await waiter.done;
  assert.equal(waiter.slot?.session, session);
});

test("an idle session that died is not given out", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  (await pool.acquire(at("a"), never)).keep(session);
  session.isQuiet = false;
  const slot = await pool.acquire(at("a"), never);
  assert.equal(slot.session, undefined);
  assert.equal(session.quits, 1);
  slot.release();
});

test("a session that is not quiet is not kept", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  session.isQuiet = false;
  (await pool.acquire(at("a"), never)).keep(session);
  assert.equal(session.quits, 1);
  await settled();
  assert.equal(pool.open, 0);
});

test("a used-up session is ended, and its slot is free when it is gone", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const slot = await pool.acquire(at("a"), never);
  const waiter = ask(pool, "a");
  slot.retire(session);
  assert.equal(pool.open, 1);
  await waiter.done;
  assert.equal(session.quits, 1);
  assert.equal(waiter.slot?.session, undefined);
});

test("idle sessions make room: of the same site for another key, of another site when all is full", async () => {
  await using pool = newPool({ maxConnections: 2, maxConnectionsPerSite: 1 });
  const [one, two] = [new FakeSession(), new FakeSession()];
  (await pool.acquire(at("a"), never)).keep(one);
  const other = await pool.acquire(at("a", "y"), never);
  assert.equal(one.quits, 1);
  other.keep(two);
  const full = await Promise.all(["b", "c"].map((site) => pool.acquire(at(site), never)));
  assert.equal(two.quits, 1);
  full.forEach((slot) => slot.release());
});

test("a session is ended when it was not used for idleTimeoutMs", async () => {
  const world = fakeWorld();
  await using pool = newPool({ idleTimeoutMs: 1_000, world });
  const [session, other] = [new FakeSession(), new FakeSession()];
  const slot = await pool.acquire(at("a"), never);
  slot.keep(session);
  await world.advance(600);
  (await pool.acquire(at("b"), never)).keep(other);
  (await pool.acquire(at("a"), never)).keep(session);
  await world.advance(999);
  assert.deepEqual([session.quits, other.quits, world.sleeping], [0, 0, 1]);
  await world.advance(1);
  assert.deepEqual([session.quits, other.quits, world.sleeping], [1, 1, 0]);
  assert.equal(pool.open, 0);
});

test("closing ends the wait for idle sessions to grow old", async () => {
  const world = fakeWorld();
  const pool = newPool({ world });
  (await pool.acquire(at("a"), never)).keep(new FakeSession());
  assert.equal(world.sleeping, 1);
  await pool[Symbol.asyncDispose]();
  await settled();
  assert.equal(world.sleeping, 0);
});

test("an abort ends the waiting; the others move up", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const first = await pool.acquire(at("a"), never);
  const stop = new AbortController();
  const impatient = pool.acquire(at("a"), stop.signal);
  const patient = ask(pool, "a");
  stop.abort(new Error("stopping"));
  await assert.rejects(impatient, /stopping/);
  first.release();
  await patient.done;
  assert.ok(patient.slot);
  await assert.rejects(pool.acquire(at("b"), stop.signal), /stopping/);
});

test("an abort that comes when the turn has come changes nothing", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const first = await pool.acquire(at("a"), never);
  const stop = new AbortController();
  const second = pool.acquire(at("a"), stop.signal);
  const third = ask(pool, "a");
  first.release();
  stop.abort(new Error("stopping"));
  (await second).release();
  await third.done;
  assert.ok(third.slot);
});

test("closing ends idle sessions now, and those in use when they come back", async () => {
  const pool = newPool();
  const [idle, used] = [new FakeSession(), new FakeSession()];
  const slot = await pool.acquire(at("a"), never);
  (await pool.acquire(at("a"), never)).keep(idle);
  await pool[Symbol.asyncDispose]();
  assert.equal(idle.quits, 1);
  slot.keep(used);
  assert.equal(used.quits, 1);
  await settled();
  assert.equal(pool.open, 0);
});

/** Keeps the only session of "a" going from waiter to waiter, and says whom it served. */
async function served(pool: ConnectionPool<FakeSession>, lanes: readonly string[]): Promise<string[]> {
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  const order: string[] = [];
  const waiters = lanes.map(async (lane) => {
    const slot = await pool.acquire({ ...at("a"), lane }, never);
    order.push(lane);
    slot.keep(session);
  });
  first.keep(session);
  await Promise.all(waiters);
  return order;
}

test("the senders of a site take turns", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  assert.deepEqual(await served(pool, ["big", "big", "big", "big", "small", "late", "small"]), [
    "big",
    "small",
    "late",
    "big",
    "small",
    "big",
    "big",
  ]);
});

test("the limit of a site may rise: reconsider serves those that wait", async () => {
  let limit = 0;
  await using pool = newPool({ connectionsTo: (site) => (site === "a" ? limit : 2) });
  const waiters = [ask(pool, "a"), ask(pool, "a"), ask(pool, "a")];
  await settled();
  assert.equal(pool.open, 0);
  limit = 2;
  pool.reconsider();
  await settled();
  assert.deepEqual(
    waiters.map(({ slot }) => slot !== undefined),
    [true, true, false],
  );
});

test("the limit of a site may fall: idle sessions go at once, others when they come back", async () => {
  let limit = 3;
  await using pool = newPool({ connectionsTo: () => limit });
  const [one, two, three] = [new FakeSession(), new FakeSession(), new FakeSession()];
  const slots = await Promise.all(["a", "a", "a"].map((site) => pool.acquire(at(site), never)));
  slots[0]!.keep(one);
  limit = 1;
  pool.reconsider();
  assert.equal(one.quits, 1);
  await settled();
  slots[1]!.keep(two);
  assert.equal(two.quits, 1);
  await settled();
  slots[2]!.keep(three);
  assert.equal(three.quits, 0);
  limit = 0;
  const waiter = ask(pool, "a");
  await settled();
  assert.equal(three.quits, 1);
  assert.equal(waiter.slot, undefined, "a site that gets none");
});

test("an offered session goes to the next in turn, who then gives the slot back", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  const waiters = [ask(pool, "a"), ask(pool, "a")];
  session.isQuiet = false; // the reply is still to come
  first.offer(session);
  await settled();
  assert.equal(waiters[0]?.slot?.session, session);
  assert.equal(waiters[1]?.slot === undefined, true);
  session.isQuiet = true;
  first.keep(session);
  await settled();
  assert.equal(waiters[1]?.slot === undefined, true, "the slot was no longer the first one's");
  waiters[0]?.slot?.keep(session);
  await settled();
  assert.equal(waiters[1]?.slot?.session, session);
  assert.equal(pool.open, 1);
  waiters[1]?.slot?.release();
  assert.equal(pool.open, 0);
});

test("an offered session waits for who comes later, until it is given back", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  first.offer(session);
  const second = await pool.acquire(at("a"), never);
  assert.equal(second.session, session);
  first.release(); // it broke, and the second will find out
  assert.equal(pool.open, 1);
  second.offer(session);
  second.keep(session);
  const third = await pool.acquire(at("a"), never);
  assert.equal(third.session, session);
  third.release();
  assert.equal(pool.open, 0);
});

/** One message, whose last reply comes after so long. */
async function answerIn(pool: ConnectionPool<FakeSession>, world: FakeWorld, replyMs: number): Promise<FakeSession> {
  const slot = await pool.acquire(at("a"), never);
  const session = slot.session ?? new FakeSession();
  slot.offer(session);
  await world.advance(replyMs);
  slot.keep(session);
  return session;
}

test("while there is room, a slow reply is not waited for, a quick one is", async () => {
  const world = fakeWorld();
  await using pool = newPool({ world });
  const offered = async (): Promise<boolean> => {
    const first = await pool.acquire(at("a"), never);
    const session = first.session ?? new FakeSession();
    first.offer(session);
    const second = await pool.acquire(at("a"), never);
    const isBehind = second.session === session;
    first.keep(session);
    second.release();
    return isBehind;
  };
  assert.equal(await offered(), false, "nothing is known of it");
  await answerIn(pool, world, 0);
  assert.equal(await offered(), true);
  await answerIn(pool, world, 1_000);
  assert.equal(await offered(), false);
});

test("a message waits a moment for a session in use that answers soon, rather than take another", async () => {
  const world = fakeWorld();
  await using pool = newPool({ world });
  const session = await answerIn(pool, world, 2);
  const first = await pool.acquire(at("a"), never);
  const [second, third] = [ask(pool, "a"), ask(pool, "a")];
  await world.advance(9);
  assert.equal(pool.open, 1);
  first.keep(session);
  await settled();
  assert.equal(second.slot?.session, session);
  assert.equal(third.slot, undefined);
  await world.advance(1);
  assert.ok(third.slot, "not longer than that");
  assert.equal(pool.open, 2);
  await world.advance(10);
  assert.equal(world.sleeping, 1, "only what looks after idle sessions");
});

test("how many wait for one depends on how soon it answers", async () => {
  const world = fakeWorld();
  await using pool = newPool({ world, maxConnections: 9, maxConnectionsPerSite: 9 });
  await answerIn(pool, world, 3);
  for (let i = 0; i < 4; i += 1) ask(pool, "a");
  await settled();
  assert.equal(pool.open, 1, "one in use, and three that wait 9 ms at most");
  ask(pool, "a");
  await settled();
  assert.equal(pool.open, 2);
});

test("a session is not offered to one with another key, nor beyond the limit", async () => {
  let limit = 1;
  await using pool = newPool({ connectionsTo: () => limit });
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  const other = ask(pool, "a", { key: "y" });
  const same = ask(pool, "a");
  first.offer(session);
  first.keep(session);
  await settled();
  assert.equal(session.quits, 1, "it made room for the one whose turn it is");
  assert.ok(other.slot && other.slot.session === undefined);
  limit = 0;
  other.slot.offer(session);
  await settled();
  assert.equal(same.slot, undefined);
});

test("a site with work for ever does not keep a connection from one that waits longer", async () => {
  await using pool = newPool({ maxConnections: 1 });
  const session = new FakeSession();
  const first = await pool.acquire(at("a"), never);
  const waiters = ["a", "b", "a"].map((site) => ask(pool, site));
  first.offer(session);
  await settled();
  assert.equal(waiters[0]?.slot?.session, session, "it is the oldest");
  waiters[0]?.slot?.offer(session);
  waiters[0]?.slot?.keep(session);
  await settled();
  assert.equal(session.quits, 1);
  assert.ok(waiters[1]?.slot && !waiters[2]?.slot);
});
