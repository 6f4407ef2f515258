// Forgets history that is older than the config says.
import type { World } from "../base/world.ts";
import type { HistoryStore } from "./history.ts";

export const pruningLimits = {
  everyMs: 10 * 60_000, // how often old events are looked for
  rows: 2_000, // forgotten in one go, so that mail does not wait for it
} as const;

interface PruningParts {
  readonly history: HistoryStore;
  readonly world: World;
  readonly keepMs: number;
  readonly onFault: (error: unknown) => void;
}

/** Runs until `signal` aborts. */
export async function prune({ history, world, keepMs, onFault }: PruningParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const forgotten = await history.prune(world.now() - keepMs, pruningLimits.rows);
      if (forgotten >= pruningLimits.rows) continue;
    } catch (error) {
      onFault(error);
    }
    await world.sleep(pruningLimits.everyMs, signal);
  }
}
