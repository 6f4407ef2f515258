// The thread that looks whether the database is whole, on a connection of its own beside a server that may be running.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import type { DatabaseSync } from "node:sqlite";
import type { Call } from "../../base/calls/protocol.ts";
import { answerNow, serve } from "../../base/calls/serve.ts";
import { inWords, openForReading } from "./database.ts";
import type { ReaderOptions } from "./reader.ts";
import { migrations } from "./schema.ts";
import { SegmentReader } from "./segment-reader.ts";
import { spoolFolder } from "./spool.ts";
import { segmentName } from "./spool-record.ts";

const { dir } = workerData as ReaderOptions;

export type InspectorOperations = ReturnType<typeof open>["operations"];

/** Content in files that is looked for; more would take long. */
const mostFiles = 20_000;

/** Told of at most. */
const mostTold = 20;

export const inspectionQueries = {
  version: "PRAGMA user_version",
  waiting: "SELECT count(*) AS count FROM delivery",
  /** A claim finds deliveries by their lane only. */
  forgotten: `SELECT count(*) AS count FROM delivery d WHERE d.lease_until IS NULL AND d.held = 0
    AND NOT EXISTS (SELECT 1 FROM lane l WHERE l.lane = d.lane AND l.next_due <= d.due_at)`,
  files: `SELECT queue_id, body_file FROM message WHERE body_file IS NOT NULL LIMIT ${mostFiles}`,
  isThere: "SELECT 1 FROM message WHERE queue_id = ?",
  marks: "SELECT spool, segment, bytes FROM spool_mark",
  verify: `PRAGMA quick_check(${mostTold})`,
} as const;

function open() {
  const db = opened();
  const operations = {
    look: () => look(db),
    /** None: it is whole. */
    verify: (): string[] =>
      db
        .prepare(inspectionQueries.verify)
        .all()
        .map((row) => String(Object.values(row)[0]))
        .filter((text) => text !== "ok"),
  };
  const words = (error: unknown): Error => inWords(error, dir);
  return {
    operations,
    run: (calls: readonly Call[]) => calls.map((call) => answerNow(operations, call, words)),
    close: () => db.close(),
  };
}

function opened(): DatabaseSync {
  try {
    return openForReading(dir);
  } catch (error) {
    throw inWords(error, dir);
  }
}

function look(db: DatabaseSync) {
  const number = (sql: string, name: string): number => Number(db.prepare(sql).get()?.[name]);
  const version = number(inspectionQueries.version, "user_version");
  const known = migrations.length;
  const aside = namesIn("aside");
  if (version !== known) return { version, known, waiting: 0, forgotten: 0, lost: [], aside, faults: [] }; // other tables
  return {
    version,
    known,
    waiting: number(inspectionQueries.waiting, "count"),
    forgotten: number(inspectionQueries.forgotten, "count"),
    lost: lostContent(db),
    aside,
    faults: spoolFaults(db),
  };
}

const namesIn = (folder: string): string[] =>
  existsSync(join(dir, folder)) ? readdirSync(join(dir, folder)).map((name) => join(dir, folder, name)) : [];

/** Files go after their messages: whose message is still there was not delivered in this moment. */
function lostContent(db: DatabaseSync): string[] {
  const isThere = db.prepare(inspectionQueries.isThere);
  const files = db.prepare(inspectionQueries.files).all() as { queue_id: string; body_file: string }[];
  return files
    .filter(({ body_file }) => !existsSync(join(dir, "bodies", body_file)))
    .filter(({ queue_id }) => isThere.get(queue_id) !== undefined)
    .map(({ queue_id }) => queue_id)
    .slice(0, mostTold);
}

const blockBytes = 256 * 1_024;

/** Segments from the one on that the database has in part: all of it must be readable. */
function spoolFaults(db: DatabaseSync): string[] {
  const marks = db.prepare(inspectionQueries.marks).all() as { spool: number; segment: number; bytes: number }[];
  return marks.flatMap(({ spool, segment, bytes }) => {
    const folder = join(dir, spoolFolder(spool));
    if (!existsSync(folder)) return [];
    const numbers = readdirSync(folder)
      .map((name) => Number(/^(\d+)\.spool$/.exec(name)?.[1]))
      .filter((number) => number >= segment);
    const isCut = bytes > 0 && numbers.length > 0 && !numbers.includes(segment);
    const missing = isCut ? [`${join(folder, segmentName(segment))} is not there`] : [];
    return [...missing, ...numbers.flatMap((number) => readFault(join(folder, segmentName(number)), number))];
  });
}

function readFault(file: string, number: number): string[] {
  try {
    using segment = new SegmentReader(file, number);
    for (let at = 0; ; at += blockBytes) if (segment.read(at, blockBytes).length === 0) return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? [] : [message]; // done with since, and removed
  }
}

serve(open);
