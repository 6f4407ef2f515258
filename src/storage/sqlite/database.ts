// Opening the database: settings, migrations, the lock of the data directory, and SQLite's errors in words.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreFull } from "../../queue/store.ts";
import { migrations } from "./schema.ts";

export const databaseFile = (dir: string): string => join(dir, "queue.db");

/** SQLite's primary result codes. */
const codes = { busy: 5, readOnly: 8, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const;

const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;

const recordCodes = new Set<number | undefined>([18, 19, 20, 25]); // too big, constraint, mismatch, range

/** Not the disk or the database is at fault, but what was to be written. */
export const isOfRecord = (error: unknown): boolean =>
  recordCodes.has(primaryCode(error)) ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof SyntaxError;

/** The same error for people: what is wrong, where, and what to do. */
export function inWords(error: unknown, dir: string): Error {
  const code = primaryCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  const file = databaseFile(dir);
  if (code === codes.full)
    return new StoreFull(`no room for the database ${file}: free disk space, or raise its limit (${reason})`);
  if (code === codes.corrupt || code === codes.notADatabase)
    return new Error(
      `the database ${file} is damaged (${reason}): stop Waybill, keep a copy of the folder, then restore a backup or ` +
        `salvage with \`sqlite3 queue.db .recover\``,
    );
  if (code === codes.readOnly || code === codes.cantOpen)
    return new Error(
      `cannot write the database ${file} (${reason}): the folder and its files must be writable for the user that runs Waybill`,
    );
  return error instanceof Error ? error : new Error(reason);
}

export interface WriterOptions {
  readonly dir: string;
  /** Largest size of the database file. */
  readonly maxBytes?: number;
  /** With less than this free on the disk, nothing more is kept. */
  readonly minFreeBytes: number;
}

const pageBytes = 4096;

export function openForWriting({ dir, maxBytes }: WriterOptions): DatabaseSync {
  const db = new DatabaseSync(databaseFile(dir));
  try {
    db.exec(`PRAGMA page_size = ${pageBytes}`);
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL"); // each commit is on the disk before its reply
    db.exec("PRAGMA fullfsync = 1"); // macOS: fsync alone leaves the data in the drive's cache
    db.exec("PRAGMA wal_autocheckpoint = 4000"); // pages: a body of 100 KiB is many of them
    db.exec("PRAGMA journal_size_limit = 67108864"); // bytes that the log may keep after a burst
    db.exec("PRAGMA cache_size = -16384"); // KiB; the system caches the file, too
    db.exec("PRAGMA foreign_keys = ON");
    migrate(db, dir);
    if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / pageBytes)}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A second connection beside the writer: sees what is committed, and neither waits for the other. */
export function openForReading(dir: string): DatabaseSync {
  const db = new DatabaseSync(databaseFile(dir), { readOnly: true });
  db.exec("PRAGMA cache_size = -16384");
  return db;
}

function migrate(db: DatabaseSync, dir: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > migrations.length)
    throw new Error(
      `the database ${databaseFile(dir)} was written by a newer Waybill (its version is ${version}, this program knows ` +
        `${migrations.length}): run that one, or restore a backup from before the upgrade`,
    );
  for (let next = version; next < migrations.length; next++)
    db.exec(`BEGIN; ${migrations[next]!} PRAGMA user_version = ${next + 1}; COMMIT`);
}

const busyMs = 100; // another process may be taking, or giving up, the lock at this moment

/**
 * Takes the data directory for this process, until the connection is closed or the process ends, however it ends: the
 * lock is the system's. The pid of its holder is readable for who comes second.
 */
export function lockDirectory(dir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dir, "lock.db"), { timeout: busyMs });
  try {
    lock.exec(`PRAGMA user_version = ${process.pid}`);
    lock.exec("BEGIN IMMEDIATE"); // others may read, nobody else may write
    return lock;
  } catch (error) {
    const busy = primaryCode(error) === codes.busy;
    const holder = busy ? lock.prepare("PRAGMA user_version").get() : undefined;
    lock.close();
    if (holder === undefined) throw error;
    throw new Error(
      `another Waybill (pid ${Number(holder["user_version"])}) is using ${dir}: stop it first, or set another \`data_dir\``,
      { cause: error },
    );
  }
}
