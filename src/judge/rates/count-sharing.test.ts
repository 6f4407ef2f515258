// Processes that hold a limit together, over a store and in a world whose time stands still until the test moves it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld } from "../../../test/support/fake-world.ts";
import { openMemory } from "../../storage/memory/store.ts";
import { sendingCounts } from "../submission/sending-counts.ts";
import { CountJournal } from "./count-journal.ts";
import { CountSharing, sharingLimits } from "./count-sharing.ts";
import type { CountChange, CountExchange, CountStore } from "./count-store.ts";
import { DebtCounting } from "./debt-counting.ts";
import { Debts, sharedDebts } from "./debts.ts";

const { everyMs } = sharingLimits;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The memory driver, and a network that may fail. */
function storeWithFaults() {
  const store = openMemory();
  const link = {
    isDown: false,
    losesAnswers: false,
    /** Answers come no sooner. */
    held: Promise.resolve(),
    /** Happens between two exchanges. */
    meanwhile: async (): Promise<void> => {},
    exchanges: [] as CountExchange[],
  };
  const shared: CountStore = {
    pruneCounts: (...how) => store.pruneCounts(...how),
    async exchangeCounts(exchange) {
      if (link.isDown) throw new Error("no database");
      link.exchanges.push(exchange);
      const answer = await store.exchangeCounts(exchange);
      await link.held;
      await link.meanwhile();
      if (link.losesAnswers) throw new Error("no answer");
      return answer;
    },
  };
  return { store, shared, link };
}

let processes = 0;

/** A process; its second thread is asked by the first. */
async function startProcess(world: FakeWorld, store: CountStore) {
  const memory = { ...sharedDebts(), seeds: [1, 2] as const };
  const [journal, second] = [new CountJournal(), new CountJournal()];
  second.onNews = () => journal.onNews();
  const countSent = sendingCounts(world);
  const faults: unknown[] = [];
  const sharing = new CountSharing({
    store,
    world,
    by: `process ${++processes}`,
    countings: [
      countSent.counting,
      new DebtCounting({ debts: new Debts(world, memory), journal, askOthers: async () => second.take() }),
    ],
    onFault: (error) => faults.push(error),
  });
  await sharing.restore();
  const threads = [new Debts(world, memory, journal), new Debts(world, memory, second)] as const;
  let turn = 0;
  return {
    sharing,
    faults,
    debts: threads[0],
    /** Of `times`, how many are let in at a limit of 60 a minute. */
    letIn: (times: number, key = "net"): number =>
      Array.from({ length: times }, () => threads[(turn += 1) % 2]!.take(key, 1_000, minuteMs)).filter((ms) => ms === 0)
        .length,
    /** Of an account that may send 100 an hour; answers the sum. */
    send(amount: number, account = "ann"): number {
      const windows = [{ window: { of: "recipients", ms: hourMs }, limit: 100 } as const];
      return countSent({ account, amount, windows })[0]!.total;
    },
    isWarned: (amount: number): boolean =>
      countSent({
        account: "ann",
        amount,
        windows: [{ window: { of: "recipients", ms: hourMs }, limit: 100 }],
      })[0]!.isNearly,
  };
}

test("two processes hold one limit together, a second later", async () => {
  const world = fakeWorld();
  const { shared, link } = storeWithFaults();
  const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
  assert.deepEqual([one.letIn(40), two.letIn(1)], [40, 1]);
  await world.advance(everyMs);
  one.letIn(1, "news");
  await world.advance(everyMs);
  // 41 were let in, and time paid for two
  const [more, others] = [one.letIn(100), two.letIn(15)];
  assert.deepEqual([more, others], [60 - 41 + 2, 15], "as much as there was, and what a second lets through");
  await world.advance(2 * everyMs);
  one.letIn(1, "news");
  await world.advance(everyMs);
  assert.deepEqual([one.letIn(10), two.letIn(10)], [0, 0], "which is paid back");
  await world.advance(2 * minuteMs);
  let taken = 0;
  for (let second = 0; second < 300; second += 1) {
    taken += one.letIn(3) + two.letIn(3);
    await world.advance(1_000);
  }
  assert.ok(taken >= 300 && taken <= 300 + 60 + 5, `${taken} in 300 s of 6 tries each`);
  const talks = link.exchanges.length;
  await world.advance(10 * minuteMs);
  assert.ok(link.exchanges.length <= talks + 2 && world.sleeping === 0, "nothing new: nothing is said");
});

test("what one refuses is refused by all, and what one forgives is forgiven by all", async () => {
  const world = fakeWorld();
  const { shared } = storeWithFaults();
  const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
  one.debts.raise("refused", hourMs);
  one.debts.add("points", 10 * minuteMs);
  await world.advance(everyMs);
  two.letIn(1, "somebody else");
  await world.advance(everyMs);
  assert.equal(two.debts.of("refused"), hourMs - 2 * everyMs);
  two.debts.add("points", -4 * minuteMs);
  two.debts.add("refused", -Infinity);
  await world.advance(everyMs);
  one.letIn(1, "somebody else");
  await world.advance(everyMs);
  assert.deepEqual([one.debts.of("points"), one.debts.of("refused")], [6 * minuteMs - 4 * everyMs, 0]);
});

test("what an account sent holds in all processes, its warning comes once, and a restart forgets nothing", async () => {
  const world = fakeWorld();
  const { shared } = storeWithFaults();
  const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
  assert.deepEqual([one.send(50), two.send(25)], [50, 25]);
  await world.advance(2 * everyMs);
  two.send(1, "ben");
  one.send(1, "ben");
  await world.advance(everyMs);
  assert.deepEqual([one.send(0), two.send(0)], [75, 75]);
  assert.equal(one.isWarned(10), true);
  await world.advance(everyMs);
  two.send(1, "ben");
  await world.advance(everyMs);
  assert.equal(two.isWarned(1), false, "the other has told her");
  two.send(14);
  await two.sharing[Symbol.asyncDispose](); // hands over what there is
  await one.sharing[Symbol.asyncDispose]();
  const next = await startProcess(world, shared);
  assert.equal(next.send(1), 100, "the wall");
  assert.equal(next.send(1), 100);
  await world.advance(1.1 * hourMs);
  assert.equal(next.send(1), 1);
});

for (const losesAnswers of [false, true])
  test(`a store that ${losesAnswers ? "answers no more, but takes what it is told" : "is out of reach"}: each goes on alone, and catches up; nothing is counted twice`, async () => {
    const world = fakeWorld();
    const { shared, link } = storeWithFaults();
    const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
    Object.assign(link, losesAnswers ? { losesAnswers } : { isDown: true });
    assert.deepEqual([one.letIn(30), one.send(30), two.send(10)], [30, 30, 10]);
    await world.advance(5 * everyMs);
    assert.deepEqual([one.send(5), two.send(5)], [35, 15], "alone");
    assert.equal(one.faults.length, 1, "told once");
    Object.assign(link, { losesAnswers: false, isDown: false });
    two.letIn(1, "news");
    await world.advance(4 * everyMs);
    for (const process of [one, two]) process.letIn(1, "news");
    await world.advance(2 * everyMs);
    assert.deepEqual([one.send(0), two.send(0)], [50, 50]);
    assert.equal(two.letIn(100), 60 - 30 + 11, "30 counted once, and time paid for 11");
    await world.advance(2 * everyMs);
    assert.deepEqual([one.send(0), two.send(0)], [50, 50]);
  });

test("what is counted while an answer is on its way counts on top of it, and once", async () => {
  const world = fakeWorld();
  const { shared, link } = storeWithFaults();
  const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
  assert.deepEqual([one.letIn(10), two.letIn(5), one.send(10), two.send(5)], [10, 5, 10, 5]);
  const { promise, resolve } = Promise.withResolvers<void>();
  link.held = promise;
  await world.advance(everyMs);
  assert.deepEqual([one.letIn(20), two.letIn(5), one.send(20), two.send(5)], [20, 5, 30, 10]);
  resolve();
  await world.advance(0);
  assert.deepEqual([one.send(0), two.send(0)], [30, 10 + 10], "the first was asked first");
  assert.deepEqual([one.debts.of("net"), two.debts.of("net")], [30_000 - everyMs, 20_000 - everyMs]);
  await world.advance(everyMs);
  two.letIn(1, "news");
  one.letIn(1, "news");
  await world.advance(everyMs);
  assert.deepEqual([one.send(0), two.send(0)], [40, 40]);
  assert.equal(two.letIn(100), 60 - 40 + 3, "time paid for three");
});

test("a long list of what others counted comes in parts, on top of what was counted here", async () => {
  const world = fakeWorld();
  const { store, shared, link } = storeWithFaults();
  const one = await startProcess(world, shared);
  const change = (key: string, ms: number) => ({ key, movedMs: ms, mostMs: minuteMs, least: world.now() + ms });
  let batch = 0;
  const others = (changes: readonly CountChange[]) =>
    store.exchangeCounts({ by: "other", batch: (batch += 1), changes, now: world.now(), since: 0, limit: 1 });
  one.letIn(30);
  await others(Array.from({ length: sharingLimits.answered - 1 }, (_, i) => change(`k${i}`, hourMs)));
  await others([change("net", 5_000)]);
  link.meanwhile = async () => {
    link.meanwhile = async () => {};
    await others([change("net", 10_000)]);
  };
  await world.advance(everyMs);
  assert.equal(one.debts.of(`k${sharingLimits.answered - 2}`), hourMs - everyMs);
  assert.equal(one.debts.of("net"), 45_000 - everyMs);
});

test("a batch is bounded: of debts the largest go, and what accounts sent waits for the next", async () => {
  const world = fakeWorld();
  const { shared, link } = storeWithFaults();
  const [one, two] = [await startProcess(world, shared), await startProcess(world, shared)];
  const { together } = sharingLimits;
  for (let i = 0; i < 3 * together; i += 1) {
    one.letIn(1, `once ${i}`);
    one.send(1, `account ${i}`);
  }
  one.letIn(40, "busy");
  one.debts.raise("refused", hourMs);
  await world.advance(10 * everyMs);
  for (const { changes } of link.exchanges) assert.ok(changes.length <= 2 * together);
  two.letIn(1, "news");
  await world.advance(everyMs);
  assert.deepEqual([two.letIn(100, "busy"), two.debts.of("refused") > 0], [60 - 40 + 11, true]);
  assert.deepEqual(
    [0, together, 3 * together - 1].map((i) => two.send(0, `account ${i}`)),
    [1, 1, 1],
  );
});

test("what is over is removed from the store in time", async () => {
  const world = fakeWorld();
  const { shared, link } = storeWithFaults();
  const one = await startProcess(world, shared);
  one.letIn(50);
  await world.advance(10 * minuteMs);
  for (let i = 0; i < 3; i += 1) {
    one.letIn(1, "news");
    await world.advance(2 * minuteMs);
  }
  const { counts } = await shared.exchangeCounts({ ...link.exchanges.at(-1)!, changes: [], since: 0, limit: 100 });
  assert.deepEqual(
    counts.map(({ key }) => key),
    ["news"],
  );
});
