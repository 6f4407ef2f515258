import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, currentProcess, Process } from "../../sim/clock.ts";
import { Dice } from "../../sim/dice.ts";

const forEver = (): boolean => false;

test("events come in the order of time, and those of one instant in the order of planning", async () => {
  const clock = new Clock(0);
  const came: string[] = [];
  const plan = (ms: number, name: string) => clock.plan(ms, () => void came.push(`${clock.now} ${name}`));
  for (const [ms, name] of [
    [30, "c"],
    [10, "a"],
    [20, "b"],
    [10, "also a"],
    [25, "cancelled"],
  ] as const) {
    const planned = plan(ms, name);
    if (name === "cancelled") clock.cancel(planned);
  }
  await clock.run(forEver);
  assert.deepEqual(came, ["10 a", "10 also a", "20 b", "30 c"]);
});

test("many events in any order come in order", async () => {
  const clock = new Clock(0);
  const dice = new Dice(1);
  const came: number[] = [];
  for (let i = 0; i < 500; i += 1) clock.plan(dice.integer(0, 99), () => void came.push(clock.now));
  await clock.run(forEver);
  assert.equal(came.length, 500);
  assert.deepEqual(
    came,
    came.toSorted((a, b) => a - b),
  );
});

test("all that follows from an event at once has happened before the next", async () => {
  const clock = new Clock(0);
  const came: string[] = [];
  const first = async (): Promise<void> => {
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
    came.push("end of the first");
  };
  clock.plan(1, () => void first());
  clock.plan(1, () => void came.push("the second"));
  await clock.run(forEver);
  assert.deepEqual(came, ["end of the first", "the second"]);
});

test("what a process plans dies with it, and comes late while it is frozen", async () => {
  const clock = new Clock(0);
  const came: string[] = [];
  const [dead, frozen] = [new Process("dead"), new Process("frozen")];
  const live = async (process: Process): Promise<void> => {
    await clock.sleep(10);
    came.push(`${clock.now} ${process.name}`);
    assert.equal(currentProcess(), process);
  };
  for (const process of [dead, frozen]) clock.planFor(process, 0, () => void live(process));
  clock.planFor(undefined, 5, () => {
    dead.isAlive = false;
    frozen.frozenUntil = 50;
  });
  await clock.run(forEver);
  assert.deepEqual(came, ["50 frozen"]);
  assert.equal(frozen.planned, 0);
});

test("a sleep ends when its signal aborts, and leaves nothing behind", async () => {
  const clock = new Clock(0);
  const alarm = new AbortController();
  let wokenAt = -1;
  const sleep = async (): Promise<void> => {
    await clock.sleep(1_000, alarm.signal);
    wokenAt = clock.now;
  };
  clock.plan(0, () => void sleep());
  clock.plan(10, () => alarm.abort());
  await clock.run(forEver);
  assert.equal(wokenAt, 10);
  assert.equal(clock.now, 10);
});

test("dice of one name are the same, whatever was drawn before; of another name, others", () => {
  const draws = (dice: Dice): number[] => Array.from({ length: 5 }, () => dice.next());
  const dice = new Dice(7);
  const first = draws(dice.split("mail"));
  dice.next();
  assert.deepEqual(draws(dice.split("mail")), first);
  assert.notDeepEqual(draws(dice.split("fate")), first);
  const many = Array.from({ length: 10_000 }, () => dice.next());
  const mean = many.reduce((sum, x) => sum + x, 0) / many.length;
  assert.ok(mean > 0.48 && mean < 0.52 && Math.min(...many) >= 0 && Math.max(...many) < 1);
});
