// Looking at the database of a server that runs or not, changing nothing: in a thread, for it may take long.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { Thread } from "../../base/calls/thread.ts";
import type { StoreSeen } from "../../check/self/ports.ts";
import { databaseFile } from "./database.ts";
import type { InspectorOperations } from "./inspector.ts";
import type { ReaderOptions } from "./reader.ts";

/** Never rejects. */
export async function inspectSqlite(dir: string, signal: AbortSignal): Promise<StoreSeen> {
  const place = resolve(dir);
  const problem = await access(databaseFile(dir), constants.R_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (problem?.code === "ENOENT" || problem?.code === "ENOTDIR") return { kind: "none", place };
  if (problem !== undefined) return { kind: "denied", place, text: problem.message };
  try {
    return { kind: "there", place, ...(await inThread(dir, signal, (thread) => thread.call("look"))) };
  } catch (error) {
    const text = (error as Error).message;
    // SQLite needs to write beside the database even to read it
    const mayWrite = await access(dir, constants.W_OK).then(
      () => true,
      () => false,
    );
    return { kind: mayWrite ? "unreachable" : "denied", place, text };
  }
}

/** What is damaged in the database; reads all of it. Never rejects. */
export const verifySqlite = (dir: string, signal: AbortSignal): Promise<readonly string[]> =>
  inThread(dir, signal, (thread) => thread.call("verify")).catch((error: Error) => [error.message]);

async function inThread<T>(
  dir: string,
  signal: AbortSignal,
  ask: (thread: Thread<InspectorOperations>) => Promise<T>,
): Promise<T> {
  const thread = new Thread<InspectorOperations>({
    url: new URL(`inspector${extname(import.meta.url)}`, import.meta.url),
    name: "the look at the database",
    workerData: { dir } satisfies ReaderOptions,
    onFailure: () => {}, // the call under way has it
  });
  const end = (): void => void thread.terminate();
  signal.addEventListener("abort", end);
  try {
    await thread.open();
    return await ask(thread);
  } finally {
    signal.removeEventListener("abort", end);
    await thread.close();
  }
}
