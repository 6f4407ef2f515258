// The writer thread: the only one that changes the database.
import { statfsSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { Event } from "../../journal/event.ts";
import { StoreFull } from "../../queue/store.ts";
import { changing } from "./changing.ts";
import { ClaimFronts } from "./claim-front.ts";
import { claiming } from "./claiming.ts";
import { inWords, lockDirectory, openForWriting, type WriterOptions } from "./database.ts";
import { groupCommit } from "./group-commit.ts";
import { historyWriting } from "./history.ts";
import { keeping, type PreparedMessage } from "./keeping.ts";
import { serve } from "./serve.ts";
import { removal, settling } from "./settling.ts";

const options = workerData as WriterOptions;

export type WriterOperations = ReturnType<typeof open>["operations"];

function open() {
  const { dir, minFreeBytes } = options;
  const words = (error: unknown): Error => inWords(error, dir);
  try {
    const lock = lockDirectory(dir);
    const db = openForWriting(options);
    const history = historyWriting(db);
    const fronts = new ClaimFronts();
    const keep = keeping(db, { history, fronts });
    const remove = removal(db);
    const checkRoom = roomChecker(dir, minFreeBytes);
    const operations = {
      /** Leaves room for what must go on when the disk is nearly full: settling. */
      keep(message: PreparedMessage): void {
        const full = checkRoom();
        if (full !== undefined) throw full;
        keep(message);
      },
      ...claiming(db, fronts),
      ...settling(db, { remove, keep, history, fronts }),
      ...changing(db, { remove, history, fronts }),
      /** Strangers fill the disk with refusals: these may not have the room for settling, and are dropped. */
      record(events: readonly Event[]): void {
        if (checkRoom() === undefined) history.record(events);
      },
      forget: (eventIds: readonly number[]): number => history.forget(eventIds),
    };
    // a power loss may end a lease, and take the last refusals with it: nobody waits for the disk there
    const unsynced = new Set<keyof typeof operations>(["claim", "record", "forget"]);
    const run = groupCommit(db, operations, { inWords: words, unsynced, onRollback: () => fronts.forget() });
    return {
      operations,
      run,
      close(): void {
        db.close();
        lock.close();
      },
    };
  } catch (error) {
    throw words(error);
  }
}

const roomCheckMs = 100;

/** Answers why nothing more may be kept, if that is so. */
function roomChecker(dir: string, minFreeBytes: number): () => StoreFull | undefined {
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

serve(open);
