// Some simulated hours on the embedded driver: nothing grows. A whole day of it: `node sim/day.ts`.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type DayOptions, liveDay } from "../../sim/day.ts";
import { Clock } from "../../sim/clock.ts";
import { growths } from "../../sim/growth.ts";
import { minuteMs } from "../../sim/scenario.ts";
import { installTimers, really } from "../../sim/timers.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";

const small: DayOptions = {
  seed: 1,
  hours: 2.5,
  messagesPerSecond: 0.06,
  keepMs: 15 * minuteMs,
  giveUpMs: 20 * minuteMs,
  sampleMs: 10 * minuteMs,
  restarts: [
    { atMs: 8 * minuteMs, how: "stop" },
    { atMs: 18 * minuteMs, how: "kill" },
  ],
};

test("some hours of steady load with faults and restarts: nothing grows, and nothing is lost", async () => {
  const { problems, samples, tally } = await liveDay(small);
  assert.deepEqual(problems, []);
  assert.equal(samples.length, 15);
  assert.ok(tally.delivered > 400 && tally.bounced > 20 && tally.deferred > 200, JSON.stringify(tally));
});

test("a history that is not pruned is found", async () => {
  const open = async (dir: string): ReturnType<typeof openSqlite> =>
    Object.assign(await openSqlite({ dir }), { prune: () => Promise.resolve(0) });
  const { problems } = await liveDay({ ...small, hours: 0.75, open });
  assert.match(problems.join("\n"), /^\d+ rows of the history are older than `history.keep`/);
});

test("a file that is left behind is found", async () => {
  const open = async (dir: string): ReturnType<typeof openSqlite> => {
    const leaving = async (): Promise<number> => {
      mkdirSync(join(dir, "bodies/00"), { recursive: true });
      writeFileSync(join(dir, "bodies/00/left"), "");
      return 0;
    };
    return Object.assign(await openSqlite({ dir }), { prune: leaving });
  };
  const { problems } = await liveDay({ ...small, hours: 0.25, open });
  assert.deepEqual(problems, ["1 files below bodies/ belong to no message"]);
});

test("growth is told from chance", () => {
  const samples = (rate: number) => Array.from({ length: 9 }, (_, i) => ({ event: 1_000 + i * rate, heap: 30 }));
  assert.deepEqual(growths(samples(20)), []);
  assert.deepEqual(growths(samples(30)), ["event grew: 1000 → 1180, the lowest of 3 samples; 1155 would be chance"]);
  assert.deepEqual(growths(samples(30).slice(0, 2)), ["there are too few samples to compare"]);
});

test("time stands still while the real world works", async () => {
  const clock = new Clock(0);
  using _ = installTimers(clock);
  const came: string[] = [];
  const work = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve)); // real turns
    came.push(`worked at ${clock.now}`);
    setTimeout(() => came.push(`its timer at ${clock.now}`), 15);
  };
  clock.plan(10, () => void clock.hold(really(work)));
  clock.plan(20, () => came.push(`next at ${clock.now}`));
  await clock.run(() => false);
  assert.deepEqual(came, ["worked at 10", "next at 20", "its timer at 25"]);
});
