// Whole simulated worlds: seeds that failed once, then fresh ones. More of them: `node sim/run.ts --seeds 1000`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failedSeeds, parseSeeds, play, replayCommand, type Seed } from "../../sim/seeds.ts";

const freshSeeds = 100;
/** Of one test, so that each stays far within its time limit. */
const seedsPerTest = 20;

async function passes(seed: Seed): Promise<void> {
  const { violations } = await play(seed);
  assert.deepEqual(violations, [], `see its story: ${replayCommand(seed)}`);
}

test("seeds that failed once pass", async () => {
  for (const seed of failedSeeds()) await passes(seed);
});

for (let first = 1; first <= freshSeeds; first += seedsPerTest)
  test(`seeds ${first} to ${first + seedsPerTest - 1} pass`, async () => {
    for (let seed = first; seed < first + seedsPerTest; seed += 1) await passes({ size: "small", seed });
  });

test("a seed tells the same story each time, whatever ran before", async () => {
  const story = async (seed: number): Promise<{ hash: string; lines: string[] }> => {
    const lines: string[] = [];
    const { hash } = await play({ size: "small", seed }, (line) => void lines.push(line));
    return { hash, lines };
  };
  const first = await story(3);
  const other = await story(4);
  const again = await story(3);
  assert.deepEqual(again, first);
  assert.notEqual(other.hash, first.hash);
  assert.ok(first.lines.length > 20);
});

test("timers and the clock are the process's own again afterwards", async () => {
  const before = [setTimeout, setInterval, setImmediate, Date.now, Math.random];
  await play({ size: "small", seed: 5 });
  assert.deepEqual([setTimeout, setInterval, setImmediate, Date.now, Math.random], before);
  assert.ok(performance.now() > 0);
});

test("a line of failed-seeds.txt is a size and a number, with a remark", () => {
  assert.deepEqual(parseSeeds("# none\n\nsmall 12 # lost\nbig 3\n"), [
    { size: "small", seed: 12 },
    { size: "big", seed: 3 },
  ]);
  assert.throws(() => parseSeeds("small 1\n12"), /line 2: "12" is no seed/);
});
