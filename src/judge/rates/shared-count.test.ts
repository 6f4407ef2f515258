import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CountJournal } from "./count-journal.ts";
import type { SharedCount } from "./count-store.ts";
import { Debts } from "./debts.ts";
import { counted } from "./shared-count.ts";

const start = 1_700_000_000_000;

test("what a process did to a debt, told as one change, leads from any debt to where it would have led there", () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 500 }),
    what: fc.constantFrom("add", "raise"),
    ms: fc.integer({ min: -400, max: 400 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 3_000 }),
      (steps, others) => {
        let now = start;
        const journal = new CountJournal();
        const alone = new Debts({ now: () => now }, undefined, journal);
        const together = new Debts({ now: () => now });
        together.add("a", others);
        const known: SharedCount = { key: "a", until: start + others };
        for (const { afterMs, what, ms } of steps) {
          now += afterMs;
          // what it takes off its own debt is all that it takes off
          const taken = Math.max(ms, -alone.of("a"));
          if (what === "raise") for (const debts of [alone, together]) debts.raise("a", ms);
          else for (const debts of [alone, together]) debts.add("a", taken);
        }
        const [change] = journal.take();
        const told = change === undefined ? known : counted(known, change, start);
        assert.equal(Math.max(told.until, now), together.until("a"));
      },
    ),
  );
});

test("an outage's worth of debts is not owed on top of a limit", () => {
  const change = { key: "a", movedMs: 600_000, mostMs: 60_000, least: start + 40_000 };
  const { until } = counted({ key: "a", until: start + 30_000 }, change, start);
  assert.equal(until, start + 120_000);
  const refused = counted({ key: "a", until: start + 3_600_000 }, change, start);
  assert.equal(refused.until, start + 3_600_000, "a cap forgives nothing");
});

test("sums add up, each until its end", () => {
  const change = (sums: Record<string, number>) => ({ key: "a", movedMs: 0, mostMs: 0, least: start + 9, sums });
  const first = counted(undefined, change({ [start + 5]: 2, [start + 9]: 1 }), start);
  const second = counted(first, change({ [start + 9]: 3 }), start + 5);
  assert.deepEqual(second, { key: "a", until: start + 9, sums: { [start + 9]: 4 } });
});

test("a journal has one change of a key, a bound, and no names that a database cannot hold", () => {
  const journal = new CountJournal();
  let news = 0;
  journal.onNews = () => (news += 1);
  const note = (key: string): void => journal.note({ key, movedMs: 1, mostMs: 100, least: start });
  for (let i = 0; i < 30_000; i += 1) note(`k${i}`);
  note("k0");
  for (const key of ["a\0b", "x".repeat(500)]) note(key);
  const taken = journal.take();
  assert.deepEqual([taken.length, taken[0]?.movedMs, news], [20_000, 2, 1]);
  for (const key of ["a\0b", "x".repeat(500)]) note(key);
  assert.deepEqual(journal.take(), []);
});
