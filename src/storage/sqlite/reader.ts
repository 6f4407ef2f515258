// The reader thread: questions, so that a long list never keeps a message waiting for its commit.
import { workerData } from "node:worker_threads";
import { inWords, openForReading } from "./database.ts";
import { historyReading } from "./history.ts";
import { listing } from "./listing.ts";
import type { Call } from "./protocol.ts";
import { answer, serve } from "./serve.ts";

const { dir } = workerData as { readonly dir: string };

export type ReaderOperations = ReturnType<typeof open>["operations"];

function open() {
  const db = openForReading(dir);
  const operations = { ...listing(db), ...historyReading(db) };
  const words = (error: unknown): Error => inWords(error, dir);
  return {
    operations,
    run: (calls: readonly Call[]) => calls.map((call) => answer(operations, call, words)),
    close: () => db.close(),
  };
}

serve(open);
