import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { debtLimits, Debts, sharedDebts, type SharedDebts } from "./debts.ts";

const still = { now: () => 1_700_000_000_000 };
/** With the same hashes in each run. */
const shared = (): SharedDebts => ({ ...sharedDebts(), seeds: [1, 2] });

const takesPerThread = 20_000;
const allowed = 30_000;

/** How many of them were granted. */
function takeAll(memory: SharedDebts): number {
  const debts = new Debts(still, memory);
  let granted = 0;
  for (let i = 0; i < takesPerThread; i += 1) if (debts.take("one", 1, allowed) === 0) granted += 1;
  return granted;
}

if (isMainThread) {
  test("debts are paid by time, and a bucket takes no more than it holds", async () => {
    const world = fakeWorld();
    const debts = new Debts(world);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => debts.take("a", 20, 60)),
      [0, 0, 0, 20],
    );
    assert.equal(debts.of("a"), 60);
    assert.equal(debts.take("b", 20, 60), 0, "another's debt is another's");
    await world.advance(15);
    assert.equal(debts.take("a", 20, 60), 5);
    await world.advance(5);
    assert.equal(debts.take("a", 20, 60), 0);
    assert.equal(debts.add("a", -25), 35);
    assert.equal(debts.add("a", -100), 0);
    assert.equal(debts.add("a", 100, 70), 70);
    assert.equal(debts.raise("a", 50), 70);
    assert.equal(debts.raise("a", 500), 500);
    assert.equal(debts.add("a", 100, 70), 500, "a cap forgives nothing");
  });

  test("a million invented names need no more memory, hurt no stranger, and make nobody's debt forgotten", () => {
    const memory = shared();
    const debts = new Debts(still, memory);
    const [most, each] = [60_000, 100];
    for (let i = 0; i < 600; i += 1) debts.take("heavy", each, most);
    for (let i = 0; i < 1_000_000; i += 1) assert.equal(debts.take(`invented ${i}`, each, most), 0);
    assert.equal(memory.slots.byteLength, 2 ** 20);
    assert.equal(debts.take("heavy", each, most), each);
    for (let i = 0; i < 1_000; i += 1) assert.equal(debts.of(`honest ${i}`), 0);
  });

  test("where all places are taken, the least debt is forgotten first", () => {
    const debts = new Debts(still, shared());
    const many = debtLimits.slots * 2;
    for (let i = 0; i < many; i += 1) debts.add(String(i), i < 1_000 ? 1_000_000 : 1_000);
    const kept = Array.from({ length: 1_000 }, (_, i) => debts.of(String(i))).filter((ms) => ms === 1_000_000);
    assert.equal(kept.length, 1_000);
  });

  test("threads share what is allowed, to the last one", { timeout: 60_000 }, async () => {
    const memory = shared();
    const workers = [1, 2].map(() => new Worker(import.meta.filename, { workerData: memory }));
    const granted = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as number));
    assert.equal(granted[0]! + granted[1]!, allowed);
  });
} else {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(takeAll(workerData as SharedDebts));
}
