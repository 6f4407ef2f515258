// The reader thread: questions, so that a long list never keeps a message waiting for its commit.
import { workerData } from "node:worker_threads";
import type { Call } from "../../base/calls/protocol.ts";
import { answerNow, serve } from "../../base/calls/serve.ts";
import { inWords, openForReading } from "./database.ts";
import { historyReading } from "./history.ts";
import { listing } from "./listing.ts";
import { senderReading } from "./senders.ts";

export interface ReaderOptions {
  readonly dir: string;
}

const { dir } = workerData as ReaderOptions;

export type ReaderOperations = ReturnType<typeof open>["operations"];

function open() {
  const db = openForReading(dir);
  const operations = { ...listing(db), ...historyReading(db), ...senderReading(db) };
  const words = (error: unknown): Error => inWords(error, dir);
  return {
    operations,
    run: (calls: readonly Call[]) => calls.map((call) => answerNow(operations, call, words)),
    close: () => db.close(),
  };
}

serve(open);
