// Free space on the disk: some is kept back, for what must go on when the disk is nearly full.
import { statfsSync } from "node:fs";
import { StoreFull } from "../../queue/store.ts";

const roomCheckMs = 100;

/** Answers why nothing more may be kept, if that is so. */
export function roomChecker(dir: string, minFreeBytes: number): () => StoreFull | undefined {
  let freeBytes = 0;
  let checkedAt = -Infinity;
  return () => {
    if (performance.now() - checkedAt > roomCheckMs) {
      const { bavail, bsize } = statfsSync(dir);
      freeBytes = bavail * bsize;
      checkedAt = performance.now();
    }
    if (freeBytes >= minFreeBytes) return undefined;
    return new StoreFull(
      `only ${freeBytes} bytes are free on the disk of ${dir}, and ${minFreeBytes} are kept back: free disk space`,
    );
  };
}
