import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { openMemory } from "../../storage/memory/store.ts";
import type { SenderChange, SenderId, SenderStore } from "../sender-store.ts";
import { memoryLimits, type Recalled, SenderMemory } from "./sender-memory.ts";

const id = (key: string): SenderId => ({ kind: "identity", key });

const halfLifeMs = 14 * 86_400_000;
const most = { identity: 1_000, host: 1_000, deferral: 1_000 };

function desk(change: (store: SenderStore) => Partial<SenderStore> = () => ({})) {
  const world = fakeWorld();
  const kept = openMemory();
  const asked: string[][] = [];
  const written: string[][] = [];
  const faults: unknown[] = [];
  const store: SenderStore = {
    recallSenders(ids, now) {
      asked.push(ids.map(({ key }) => key));
      return kept.recallSenders(ids, now);
    },
    learnSenders(changes, fading) {
      written.push(changes.map(({ key }) => key));
      return kept.learnSenders(changes, fading);
    },
    pinSender: (...how) => kept.pinSender(...how),
    forgetSender: (...who) => kept.forgetSender(...who),
    pageSenders: (...which) => kept.pageSenders(...which),
    pruneSenders: (...beyond) => kept.pruneSenders(...beyond),
    ...change(kept),
  };
  const newMemory = (): SenderMemory =>
    new SenderMemory({ store, world, halfLifeMs, most, onFault: (error) => faults.push(error) });
  const seen = (key: string): SenderChange => {
    const at = world.now();
    return { ...id(key), firstAt: at, expiresAt: at, tallies: { accepted: { weight: 1, total: 1, lastAt: at } } };
  };
  return { world, store, kept, asked, written, faults, seen, memory: newMemory(), newMemory };
}

const totalOf = (known: Recalled, key: string): number => known.get(id(key))?.tallies["accepted"]?.total ?? 0;

test("what is asked in one turn is one question, and then no more of it for a while", async () => {
  const { memory, asked, world, kept, seen } = desk();
  await kept.learnSenders([seen("a")], { now: world.now(), halfLifeMs });
  const [first, second] = await Promise.all([memory.recall([id("a"), id("b")]), memory.recall([id("b"), id("c")])]);
  assert.deepEqual(asked, [["a", "b", "c"]]);
  assert.deepEqual([first.isSure, second.isSure, totalOf(first, "a"), totalOf(second, "c")], [true, true, 1, 0]);
  assert.ok(!(memory.recall([id("a"), id("c")]) instanceof Promise), "nobody waits for what is known");
  await world.advance(memoryLimits.freshMs + 1);
  assert.ok(!(memory.recall([id("a")]) instanceof Promise), "nor for what is read again meanwhile");
  await settled();
  assert.deepEqual(asked.slice(1), [["a"]]);
  await world.advance(memoryLimits.staleMs + 1);
  assert.ok(memory.recall([id("a")]) instanceof Promise);
});

test("what was noted is known at once, and in the store a moment later: of two threads, none loses the other's", async () => {
  const { memory, newMemory, written, world, seen } = desk();
  const other = newMemory();
  for (let i = 0; i < 1_000; i++) for (const one of [memory, other]) one.note(seen("a"));
  assert.equal(totalOf(await memory.recall([id("a")]), "a"), 1_000);
  assert.deepEqual(written, []);
  await world.advance(memoryLimits.flushMs);
  assert.deepEqual(written, [["a"], ["a"]]);
  assert.equal(totalOf(await memory.recall([id("a")]), "a"), 1_000, "its own, once");
  assert.equal(totalOf(await newMemory().recall([id("a")]), "a"), 2_000);
  await world.advance(memoryLimits.staleMs + 1);
  assert.equal(totalOf(await memory.recall([id("a")]), "a"), 2_000);
});

test("a store that does not answer is not waited for long, nor again soon", async () => {
  const { memory, world, seen } = desk(() => ({ recallSenders: () => new Promise(() => {}) }));
  memory.note(seen("a"));
  const waiting = memory.recall([id("a")]);
  let known: Recalled | undefined;
  void Promise.resolve(waiting).then((found) => (known = found));
  await world.advance(memoryLimits.recallMs - 1);
  assert.equal(known, undefined);
  await world.advance(1);
  assert.deepEqual([known!.isSure, totalOf(known!, "a")], [false, 1]);
  const next = memory.recall([id("b")]);
  assert.ok(!(next instanceof Promise));
  assert.equal(next.isSure, false);
});

test("a store that cannot be written gets it all later; the trouble is told once", async () => {
  let isBroken = true;
  let during = (): void => {};
  const { memory, world, kept, faults, seen } = desk((kept) => ({
    async learnSenders(...how) {
      during();
      if (isBroken) throw new Error("full");
      await kept.learnSenders(...how);
    },
  }));
  memory.note(seen("a"));
  await world.advance(2 * memoryLimits.flushMs);
  during = () => memory.note(seen("a"));
  await world.advance(memoryLimits.flushMs);
  assert.equal(faults.length, 1);
  during = () => {};
  isBroken = false;
  await world.advance(memoryLimits.flushMs);
  const [record] = await kept.recallSenders([id("a")], world.now());
  assert.equal(record?.tallies["accepted"]?.total, 2);
  assert.equal(world.sleeping, 0, "there is nothing more to write");
});

test("what waits for the store is bounded, however many names are made up", async () => {
  const { memory, seen } = desk(() => ({ learnSenders: () => Promise.reject(new Error("full")) }));
  for (let i = 0; i < memoryLimits.waiting; i++) assert.equal(memory.note(seen(`${i}`)), true);
  assert.equal(memory.note(seen("one more")), false);
  assert.equal(memory.note(seen("7")), true, "of those that wait, more may be seen");
});

test("its end writes what is left; what is beyond the most is removed in time", async () => {
  const { memory, kept, world, seen } = desk();
  for (let i = 0; i < memoryLimits.pruneAfter; i++) memory.note(seen(`${i}`));
  await world.advance(memoryLimits.flushMs);
  const left = await kept.pageSenders("identity", { now: world.now(), limit: 5_000 });
  assert.equal(left.length, most.identity);
  memory.note(seen("the last"));
  await memory[Symbol.asyncDispose]();
  assert.equal((await kept.recallSenders([id("the last")], world.now())).length, 1);
  assert.equal(world.sleeping, 0);
});

test("a pin is seen at once here, elsewhere when it is asked for again", async () => {
  const { memory, newMemory, world } = desk();
  const other = newMemory();
  for (const one of [memory, other]) await one.recall([id("a")]);
  await memory.pin(id("a"), { as: "bad", because: "", at: world.now() });
  const pinOf = async (one: SenderMemory) => (await one.recall([id("a")])).get(id("a"))?.pin?.as;
  assert.deepEqual([await pinOf(memory), await pinOf(other)], ["bad", undefined]);
  await world.advance(memoryLimits.staleMs + 1);
  assert.equal(await pinOf(other), "bad");
  assert.equal(await memory.forget(id("a")), true);
  assert.equal(await pinOf(memory), undefined);
});
