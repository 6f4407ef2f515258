// A world whose time stands still until a test moves it, and whose chance is a seeded sequence.
import type { Instant, World } from "../../src/base/world.ts";

export interface FakeWorld extends World {
  /** Time passes; sleepers whose time has come wake in order. */
  advance(ms: number): Promise<void>;
  /** Sleepers now. */
  readonly sleeping: number;
}

export function fakeWorld({ now = Date.UTC(2026, 0, 1), seed = 1 } = {}): FakeWorld {
  let time: Instant = now;
  let state = seed;
  const sleepers = new Set<{ at: Instant; wake: () => void }>();
  return {
    now: () => time,
    random: () => {
      state = (state * 48_271) % 2_147_483_647; // Park and Miller's minimal standard generator
      return state / 2_147_483_647;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = {
          at: time + ms,
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake, { once: true });
      }),
    async advance(ms) {
      const until = time + ms;
      for (;;) {
        await settled();
        const next = [...sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        time = Math.max(time, next.at);
        next.wake();
      }
      time = until;
      await settled();
    },
    get sleeping() {
      return sleepers.size;
    },
  };
}

/** Everything that needs no time has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
