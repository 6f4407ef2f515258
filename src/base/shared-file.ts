// A small file that several processes change: one at a time, and a reader never sees half of it.
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { World } from "./world.ts";

export const lockLimits = {
  lookAgainMs: 50,
  staleMs: 10_000, // whoever was killed while he held a lock left it there: others go on after this time
} as const;

interface LockWait {
  readonly world: Pick<World, "now" | "sleep">;
  readonly waitMs: number;
}

/** Made by one alone, and taken away when it is disposed of. Undefined: others have had it for too long. Rejects as `open` does. */
export async function lockFile(path: string, { world, waitMs }: LockWait): Promise<AsyncDisposable | undefined> {
  const until = world.now() + waitMs;
  for (;;) {
    try {
      await (await open(path, "wx", 0o600)).close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (world.now() >= until) return undefined;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > lockLimits.staleMs) await rm(path, { force: true });
    else await world.sleep(lockLimits.lookAgainMs);
  }
}

/** For whoever holds the lock: all of it or nothing, and on the disk once it resolves. `prepare`: before others can see it. */
export async function replaceFile(
  path: string,
  text: string,
  prepare: (fresh: string) => Promise<void>,
): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await using file = await open(fresh, "wx", 0o600);
  await file.writeFile(text);
  await prepare(fresh);
  await file.sync();
  await rename(fresh, path);
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}
