// An answer, or what is said instead when it comes too late.
import type { World } from "../../base/world.ts";

export interface Limit<T> {
  readonly world: World;
  readonly limitMs: number;
  readonly late: () => T;
}

export async function inTime<T>(found: Promise<T>, { world, limitMs, late }: Limit<T>): Promise<T> {
  const decided = new AbortController();
  try {
    return await Promise.race([found, world.sleep(limitMs, decided.signal).then(late)]);
  } finally {
    decided.abort("decided"); // a reason of its own is cheaper than the usual error with its stack
  }
}
