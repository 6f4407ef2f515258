// What of the spool cannot go to the database is put aside, as it is, into a file for the operator: it may be somebody's
// mail, and it may not keep all other mail from going on.
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Calls } from "../../base/calls/protocol.ts";
import { syncDirectorySync } from "./body-files.ts";
import type { Applied } from "./applying.ts";
import type { Gone } from "./settling.ts";
import { isBefore, type Position } from "./spool-record.ts";
import type { WriterOperations } from "./writer.ts";

/** The database will never take this record, however often it is tried. */
export class UnusableRecord extends Error {
  override readonly name = "UnusableRecord";
}

/** Answers the name of the file, which is on the disk. */
export function putAside(dir: string, name: string, bytes: Uint8Array): string {
  const folder = join(dir, "aside");
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncDirectorySync(dir);
  const file = join(folder, name);
  const fd = openSync(file, "w", 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncDirectorySync(folder);
  return file;
}

export interface ApplyOptions {
  readonly spool: number;
  readonly target: Position;
  /** Records may not be whole, for they were found after a crash. */
  readonly verify?: boolean;
  /** So often the same records were tried in vain. */
  readonly tries?: number;
  readonly onTrouble: (text: string) => void;
}

/** A record of which the database says so often in a row that it cannot take it is put aside, while the server runs. */
export const triesInService = 20;

/** Brings the next records of a spool to the database; one that it can never take is put aside. */
export async function applyNext(
  writer: Calls<WriterOperations>,
  { spool, target, verify = false, tries = triesInService, onTrouble }: ApplyOptions,
): Promise<Applied> {
  try {
    return await writer.call("apply", { spool, target, verify });
  } catch (error) {
    if (!(error instanceof UnusableRecord) || tries < triesInService) throw error;
  }
  return applyAround(writer, { spool, target, verify, onTrouble });
}

/** One by one, up to the one that stands in the way. */
async function applyAround(
  writer: Calls<WriterOperations>,
  { onTrouble, ...request }: Required<Omit<ApplyOptions, "tries">>,
): Promise<Applied> {
  const gone: Gone[] = [];
  for (;;) {
    try {
      const one = await writer.call("apply", { ...request, most: 1 });
      gone.push(...one.gone);
      if (!isBefore(one.upTo, request.target)) return { ...one, gone };
    } catch (error) {
      if (!(error instanceof UnusableRecord)) throw error;
      const { file, upTo } = await writer.call("setAside", request.spool);
      onTrouble(
        `the database cannot take a record of the spool (${error.message}): it is kept in ${file}, and other mail goes on`,
      );
      return { upTo, gone };
    }
  }
}
