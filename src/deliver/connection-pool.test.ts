import assert from "node:assert/strict";
import { test } from "node:test";
import type { Slot } from "./connection-pool.ts";
import { ConnectionPool } from "./connection-pool.ts";

class FakeSession {
  isQuiet = true;
  quits = 0;

  async quit(): Promise<void> {
    this.quits += 1;
  }
}

const newPool = (changes = {}): ConnectionPool<FakeSession> =>
  new ConnectionPool({ maxConnections: 3, maxConnectionsPerSite: 2, idleTimeoutMs: 60_000, ...changes });

const never = new AbortController().signal;

/** Asks for a slot and notes when it comes. */
function ask(pool: ConnectionPool<FakeSession>, site: string, key = "key") {
  const asked = { slot: undefined as Slot<FakeSession> | undefined, done: Promise.resolve() };
  asked.done = pool.acquire({ site, key }, never).then((slot) => void (asked.slot = slot));
  return asked;
}

/** Lets all that is ready happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a site gets so many connections, and no more", async () => {
  await using pool = newPool();
  const [first, second, third] = ["a", "a", "a"].map((site) => ask(pool, site));
  await settle();
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
  await settle();
  const waiters = ["c", "b", "c"].map((site) => ask(pool, site));
  await settle();
  const order: number[] = [];
  waiters.forEach((waiter, i) => void waiter.done.then(() => order.push(i)));
  for (const { slot } of holders) {
    slot?.release();
    await settle();
  }
  assert.deepEqual(order, [0, 1, 2]);
});

test("a kept session is given to the next of the same key, not to another", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  const first = await pool.acquire({ site: "a", key: "x" }, never);
  assert.equal(first.idle, undefined);
  first.keep(session);
  const other = await pool.acquire({ site: "a", key: "y" }, never);
  assert.equal(other.idle, undefined);
  const again = await pool.acquire({ site: "a", key: "x" }, never);
  assert.equal(again.idle, session);
  again.release();
  other.release();
  assert.equal(pool.open, 0);
});

test("a kept session goes straight to a waiter", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const first = await pool.acquire({ site: "a", key: "x" }, never);
  const waiter = ask(pool, "a", "x");
  first.keep(session);
  await waiter.done;
  assert.equal(waiter.slot?.idle, session);
});

test("an idle session that died is not given out", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  (await pool.acquire({ site: "a", key: "x" }, never)).keep(session);
  session.isQuiet = false;
  const slot = await pool.acquire({ site: "a", key: "x" }, never);
  assert.equal(slot.idle, undefined);
  assert.equal(session.quits, 1);
  slot.release();
});

test("a session that is not quiet is not kept", async () => {
  await using pool = newPool();
  const session = new FakeSession();
  session.isQuiet = false;
  (await pool.acquire({ site: "a", key: "x" }, never)).keep(session);
  assert.equal(session.quits, 1);
  await settle();
  assert.equal(pool.open, 0);
});

test("a used-up session is ended, and its slot is free when it is gone", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const session = new FakeSession();
  const slot = await pool.acquire({ site: "a", key: "x" }, never);
  const waiter = ask(pool, "a", "x");
  slot.retire(session);
  assert.equal(pool.open, 1);
  await waiter.done;
  assert.equal(session.quits, 1);
  assert.equal(waiter.slot?.idle, undefined);
});

test("idle sessions make room: of the same site for another key, of another site when all is full", async () => {
  await using pool = newPool({ maxConnections: 2, maxConnectionsPerSite: 1 });
  const [one, two] = [new FakeSession(), new FakeSession()];
  (await pool.acquire({ site: "a", key: "x" }, never)).keep(one);
  const other = await pool.acquire({ site: "a", key: "y" }, never);
  assert.equal(one.quits, 1);
  other.keep(two);
  const full = await Promise.all(["b", "c"].map((site) => pool.acquire({ site, key: "x" }, never)));
  assert.equal(two.quits, 1);
  full.forEach((slot) => slot.release());
});

test("an unused session is ended after idleTimeoutMs", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await using pool = newPool({ idleTimeoutMs: 1_000 });
  const session = new FakeSession();
  (await pool.acquire({ site: "a", key: "x" }, never)).keep(session);
  t.mock.timers.tick(999);
  assert.equal(session.quits, 0);
  t.mock.timers.tick(1);
  assert.equal(session.quits, 1);
  await settle();
  assert.equal(pool.open, 0);
});

test("an abort ends the waiting; the others move up", async () => {
  await using pool = newPool({ maxConnectionsPerSite: 1 });
  const first = await pool.acquire({ site: "a", key: "x" }, never);
  const stop = new AbortController();
  const impatient = pool.acquire({ site: "a", key: "x" }, stop.signal);
  const patient = ask(pool, "a");
  stop.abort(new Error("stopping"));
  await assert.rejects(impatient, /stopping/);
  first.release();
  await patient.done;
  assert.ok(patient.slot);
  await assert.rejects(pool.acquire({ site: "b", key: "x" }, stop.signal), /stopping/);
});

test("closing ends idle sessions now, and those in use when they come back", async () => {
  const pool = newPool();
  const [idle, used] = [new FakeSession(), new FakeSession()];
  const slot = await pool.acquire({ site: "a", key: "x" }, never);
  (await pool.acquire({ site: "a", key: "x" }, never)).keep(idle);
  await pool[Symbol.asyncDispose]();
  assert.equal(idle.quits, 1);
  slot.keep(used);
  assert.equal(used.quits, 1);
  await settle();
  assert.equal(pool.open, 0);
});
