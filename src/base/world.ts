// Time and chance, as a parameter: the server, the tests and the lab (whose days last seconds) run the same code.

/** Milliseconds since 1970-01-01T00:00Z. */
export type Instant = number;

export interface World {
  now(): Instant;
  /** 0 ≤ x < 1 */
  random(): number;
  /** Resolves after `ms` of this world's time, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The world around one whose days last seconds: whoever changes a file lives there. */
  readonly outside?: Pick<World, "sleep">;
}

/** Longest delay that a timer takes; longer sleeps end early and the caller looks at the clock again. */
const longestTimerMs = 2 ** 31 - 1;

/** The real world; with `speed` 3600 an hour passes in a second (the lab). */
export function realWorld(speed = 1): World {
  const start = Date.now();
  return {
    ...(speed !== 1 && { outside: realTime }),
    now: () => (speed === 1 ? Date.now() : Math.floor(start + (Date.now() - start) * speed)),
    random: Math.random,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.min(Math.max(ms, 0) / speed, longestTimerMs));
        signal?.addEventListener("abort", wake);
      }),
  };
}

/** For what works in real time, however long the days of its world are. */
export const realTime: Pick<World, "now" | "sleep"> = realWorld();
