// An answer, or what is said instead when it comes too late.
import { realWorld } from "../../base/world.ts";

const real = realWorld();

/** The thread works in real time, however long the days of its world are. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> => real.sleep(ms, signal);

export interface Limit<T> {
  readonly limitMs: number;
  readonly late: () => T;
}

export async function inTime<T>(found: Promise<T>, { limitMs, late }: Limit<T>): Promise<T> {
  const decided = new AbortController();
  try {
    return await Promise.race([found, sleep(limitMs, decided.signal).then(late)]);
  } finally {
    decided.abort("decided"); // a reason of its own is cheaper than the usual error with its stack
  }
}
