// Group commit: many calls, one transaction, one fsync. A call that fails does not take the others with it.
import type { DatabaseSync } from "node:sqlite";
import { type Answer, type Call, flatten, type Operations } from "../../base/calls/protocol.ts";

export interface GroupOptions {
  readonly inWords: (error: unknown) => Error;
  /** Operations that a power loss may undo. */
  readonly unsynced: ReadonlySet<string>;
}

/** Runs calls in order and answers each once it is on the disk. */
export function groupCommit(db: DatabaseSync, operations: Operations, { inWords, unsynced }: GroupOptions) {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");

  const inTransaction = (calls: readonly Call[]): Answer[] => {
    begin.run();
    try {
      const answers = calls.map(({ id, name, args }): Answer => ({ id, ok: true, value: operations[name]!(...args) }));
      commit.run();
      return answers;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK"); // some failures have done so already
      throw error;
    }
  };

  const alone = (call: Call): Answer => {
    try {
      return inTransaction([call])[0]!;
    } catch (error) {
      return { id: call.id, ok: false, error: flatten(inWords(error)) };
    }
  };

  const together = (calls: readonly Call[]): Answer[] => {
    try {
      return inTransaction(calls);
    } catch {
      return calls.map(alone); // so that only the guilty one fails
    }
  };

  let synced = true;
  const syncEachCommit = (wanted: boolean): void => {
    if (synced === wanted) return;
    db.exec(`PRAGMA synchronous = ${wanted ? "FULL" : "NORMAL"}`);
    synced = wanted;
  };

  /** Never throws: that would end the thread, and all mail with it. */
  return (calls: readonly Call[]): Answer[] => {
    try {
      syncEachCommit(!calls.every(({ name }) => unsynced.has(name)));
    } catch (error) {
      // as it was: synced is only slower, unsynced would promise too much
      if (!synced) return calls.map(({ id }) => ({ id, ok: false, error: flatten(inWords(error)) }));
    }
    return together(calls);
  };
}
