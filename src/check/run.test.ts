// Checks run side by side, in time, and whatever happens the report comes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { finding, type FindingId } from "./finding.ts";
import { type Asked, type Check, checksOf, type Progress, runChecks } from "./run.ts";

interface Facts {
  readonly one: number;
  readonly two: string;
  readonly three: void;
}

const check = checksOf<Facts, { readonly name: string }>();

type Tools = { readonly name: string };

const say = (asked: Asked<Tools>, id: FindingId, about = "x"): void => asked.found(finding(id, { about }));

/** Runs them in a world whose time passes as far as it must. */
async function run(
  checks: readonly Check<Tools>[],
  { totalMs = 1_000, limitMs = 500, signal = new AbortController().signal } = {},
) {
  const world = fakeWorld();
  const told: Progress[] = [];
  const start = world.now();
  const state = { isDone: false };
  const running = runChecks(checks, {
    tools: { name: "t" },
    world,
    about: "x",
    totalMs,
    limitMs,
    signal,
    tell: (progress) => told.push(progress),
  }).finally(() => (state.isDone = true));
  for (let i = 0; !state.isDone && i < 100; i++) await world.advance(50);
  assert.ok(state.isDone, "it has not ended");
  return { report: await running, told, tookMs: world.now() - start, sleeping: world.sleeping, world };
}

const never = (): Promise<never> => new Promise(() => {});

test("what a check needs is there when it begins; findings stand in the order of the checks", async () => {
  const one = check({ name: "one", run: async (asked) => (say(asked, "spf.good"), 1) });
  const two = check({
    name: "two",
    needs: ["one"],
    run: async (asked, { one }) => (say(asked, "dkim.good"), `${one}${asked.tools.name}`),
  });
  let seen = "";
  const three = check({
    name: "three",
    needs: ["one", "two"],
    async run(asked, { two }) {
      say(asked, "dmarc.monitoring");
      seen = two;
    },
  });
  const { report, told, sleeping } = await run([one, two, three]);
  assert.equal(seen, "1t");
  assert.deepEqual(
    report.findings.map(({ id }) => id),
    ["spf.good", "dkim.good", "dmarc.monitoring"],
  );
  assert.equal(report.worst, "note");
  assert.deepEqual(
    report.checks.map(({ ended }) => ended),
    ["done", "done", "done"],
  );
  assert.deepEqual(
    told.map(({ kind, check }) => `${kind} ${check}`),
    [
      "started one",
      "finding one",
      "done one",
      "started two",
      "finding two",
      "done two",
      "started three",
      "finding three",
      "done three",
    ],
  );
  assert.equal(sleeping, 0, "no timer is left");
});

test("a fault is told as unknown, and what needs its result is left out", async () => {
  const one = check({
    name: "one",
    async run() {
      throw new Error("out of cheese");
    },
  });
  const two = check({ name: "two", needs: ["one"], run: async () => "never" });
  const three = check({ name: "three", run: async (asked) => say(asked, "spf.good") });
  const { report } = await run([one, two, three]);
  assert.deepEqual(
    report.findings.map(({ id, level }) => `${id} ${level}`),
    ["check.fault unknown", "spf.good good"],
  );
  assert.equal(report.findings[0]?.values["problem"], "out of cheese");
  assert.deepEqual(
    report.checks.map(({ ended }) => ended),
    ["fault", "skipped", "done"],
  );
});

test("a check that needs what is not there is left out", async () => {
  const two = check({ name: "two", needs: ["one"], run: async () => "never" });
  const { report } = await run([two]);
  assert.deepEqual(report.checks, [{ name: "two", ended: "skipped", tookMs: 0 }]);
});

test("a check ends at its limit, keeps what it found till then, and is not heard later", async () => {
  let wake = (): void => {};
  let late: Asked<Tools> | undefined;
  const one = check({
    name: "one",
    limitMs: 200,
    async run(asked) {
      late = asked;
      say(asked, "spf.good");
      await new Promise<void>((resolve) => (wake = resolve));
      say(asked, "dkim.good");
      return 1;
    },
  });
  const { report, told, tookMs, world } = await run([one]);
  const before = told.length;
  assert.deepEqual(
    report.findings.map(({ id }) => id),
    ["spf.good", "check.too-late"],
  );
  assert.ok(tookMs <= 250, `${tookMs} ms`);
  assert.equal(late?.signal.aborted, true);
  wake();
  await world.advance(0);
  assert.equal(told.length, before);
});

test("all checks end at the limit of all, and at once when they are called off", async () => {
  const one = check({ name: "one", limitMs: 10_000, run: never });
  const three = check({ name: "three", limitMs: 10_000, run: never });
  const { report, tookMs } = await run([one, three], { totalMs: 300 });
  assert.deepEqual(
    report.findings.map(({ id }) => id),
    ["check.too-late", "check.too-late"],
  );
  assert.ok(tookMs <= 350, `${tookMs} ms`);
  const called = await run([one], { totalMs: 10_000, signal: AbortSignal.abort() });
  assert.equal(called.report.checks[0]?.ended, "late");
  assert.ok(called.tookMs <= 50);
});

test("a part has a limit of its own, and the others go on", async () => {
  const one = check({
    name: "one",
    async run(asked) {
      const parts = await Promise.all([
        asked.part("slow", 100, never),
        asked.part("broken", 100, async () => {
          throw new Error("no");
        }),
        asked.part("good", 100, async (part) => (say(part, "spf.good", "good"), 7)),
      ]);
      assert.deepEqual(parts, [undefined, undefined, 7]);
      return 1;
    },
  });
  const { report, told } = await run([one]);
  assert.deepEqual(report.findings.map(({ id, about }) => `${id} ${about}`).sort(), [
    "check.fault broken",
    "check.too-late slow",
    "spf.good good",
  ]);
  assert.equal(report.checks[0]?.ended, "done");
  const parts = told.flatMap((progress) =>
    progress.kind === "done" && progress.part !== undefined ? [`${progress.part} ${progress.ended}`] : [],
  );
  assert.deepEqual(parts.sort(), ["broken fault", "good done", "slow late"]);
});
