// The writer thread: the only one that changes the database.
import { workerData } from "node:worker_threads";
import { serve } from "../../base/calls/serve.ts";
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { QueueId } from "../../mail/message.ts";
import { roomChecker } from "./room.ts";
import { type Applied, applying, type ApplyRequest } from "./applying.ts";
import { UnusableRecord } from "./aside.ts";
import { changing } from "./changing.ts";
import { countWriting } from "./counts.ts";
import { claiming } from "./claiming.ts";
import { inWords, isOfRecord, lockDirectory, openForWriting, type WriterOptions } from "./database.ts";
import { groupCommit } from "./group-commit.ts";
import { historyReading, historyWriting } from "./history.ts";
import { keeping, type StoredBody } from "./keeping.ts";
import { listing } from "./listing.ts";
import { lanes as waitingLanes } from "./lanes.ts";
import { removal, settling } from "./settling.ts";
import { senderReading, senderWriting } from "./senders.ts";
import { suppressionWriting } from "./suppressions.ts";
import { siteReading, siteWriting } from "./sites.ts";

const options = workerData as WriterOptions;

export type WriterOperations = ReturnType<typeof open>["operations"];

function open() {
  const { dir, minFreeBytes } = options;
  const words = (error: unknown): Error => inWords(error, dir);
  try {
    const lock = lockDirectory(dir);
    const db = openForWriting(options);
    const history = historyWriting(db);
    const lanes = waitingLanes(db);
    const keep = keeping(db, lanes);
    const queue = listing(db);
    const stories = historyReading(db);
    const remove = removal(db);
    const settle = settling(db, { remove, keep, history, lanes });
    const spools = applying(db, { dir, keep, settling: settle, history });
    const checkRoom = roomChecker(dir, minFreeBytes);
    const operations = {
      /** 0: there is none. */
      lastDeliveryId: (): number =>
        Number(db.prepare("SELECT max(delivery_id) AS last FROM delivery").get()?.["last"] ?? 0),
      apply(request: ApplyRequest): Applied {
        try {
          return spools.apply(request);
        } catch (error) {
          throw isOfRecord(error) ? new UnusableRecord(words(error).message) : error;
        }
      },
      setAside: (spool: number) => spools.setAside(spool),
      ...claiming(db, lanes),
      nextDueAt: (): Instant | undefined => queue.nextDueAt(),
      body: (queueId: QueueId): StoredBody => queue.body(queueId),
      filesInUse: queue.filesInUse,
      story: (queueId: QueueId): Event[] => stories.find({ queueId }, 1),
      prunable: (before: Instant, limit: number): number[] => stories.prunable(before, limit),
      ...settle,
      ...siteReading(db),
      ...siteWriting(db),
      ...senderReading(db),
      ...senderWriting(db),
      ...suppressionWriting(db),
      ...countWriting(db),
      ...changing(db, { remove, history, lanes }),
      /** Strangers fill the disk with refusals: these may not have the room for settling, and are dropped. */
      record(events: readonly Event[]): void {
        if (checkRoom() === undefined) history.record(events);
      },
      forget: (eventIds: readonly number[]): number => history.forget(eventIds),
    };
    // a power loss may end a lease, and take the last refusals, and what was seen and counted of senders, with it: nobody
    // waits for the disk there
    const unsynced = new Set<keyof typeof operations>([
      "lastDeliveryId",
      "claim",
      "nextDueAt",
      "body",
      "story",
      "record",
      "forget",
      "recallSenders",
      "learnSenders",
      "pruneSenders",
      "suppressionsOf",
      "suppressionsAfter",
      "strike",
      "pruneSuppressions",
      "exchangeCounts",
      "pruneCounts",
    ]);
    const run = groupCommit(db, operations, { inWords: words, unsynced });
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

serve(open);
