// Answers, or what is said instead when they come too late.
import type { World } from "./world.ts";

interface TimeLimit<T> {
  readonly limitMs: number;
  readonly world: Pick<World, "sleep">;
  /** Called only when it is too late. */
  readonly late: () => T;
  /** Aborted: it is too late already. */
  readonly signal?: AbortSignal;
}

/** Rejects only if the answer does. */
export async function inTime<T>(answer: Promise<T>, limit: TimeLimit<T>): Promise<T> {
  const [found] = await allInTime([answer], limit);
  return found as T;
}

/** Each of them by itself, with one timer for all; some may be known already. */
export async function allInTime<T>(
  answers: readonly (T | Promise<T>)[],
  { limitMs, world, late, signal }: TimeLimit<T>,
): Promise<T[]> {
  let isDecided = false;
  const waiting = new AbortController();
  const stop = (): void => waiting.abort("stopped"); // a reason of its own is cheaper than the usual error with its stack
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  const timeIsUp = world.sleep(limitMs, waiting.signal);
  const orLate = (answer: Promise<T>): Promise<T> =>
    Promise.race([answer, timeIsUp.then(() => (isDecided ? answer : late()))]);
  try {
    return await Promise.all(answers.map((answer) => (answer instanceof Promise ? orLate(answer) : answer)));
  } finally {
    isDecided = true;
    stop();
    signal?.removeEventListener("abort", stop);
  }
}
