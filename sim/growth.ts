// What may grow: measured in the data directory and in this process, and compared between an early and a late time.
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Instant } from "../src/base/world.ts";
import { pruningLimits } from "../src/journal/pruning.ts";

/** Quantities by name; those of files and memory in MB. */
export type Sample = Readonly<Record<string, number>>;

const megabyte = 1024 ** 2;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** NaN where the system does not tell. */
export function openFiles(): number {
  const folder = "/proc/self/fd";
  if (!existsSync(folder)) return NaN;
  const isOpen = (name: string): boolean => lstatSync(join(folder, name), { throwIfNoEntry: false }) !== undefined;
  return readdirSync(folder).filter(isOpen).length; // without the one that the folder was read by
}

export function measureMemory(): Sample {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed / megabyte, external: external / megabyte, rss: rss / megabyte };
}

/** Files, and rows of each table. */
export function measureStore(dir: string): Sample {
  using db = new DatabaseSync(join(dir, "queue.db"), { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const names = tables.map(({ name }) => String(name));
  const size = (name: string): number => statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  return {
    bodies: bodyFiles(dir).length,
    spool: readdirSync(join(dir, "spool")).length,
    database: (size("queue.db") + size("queue.db-wal")) / megabyte,
    ...Object.fromEntries(names.map((name) => [name, count(db, `SELECT count(*) AS n FROM ${name}`)])),
  };
}

function bodyFiles(dir: string): string[] {
  const entries = existsSync(join(dir, "bodies"))
    ? readdirSync(join(dir, "bodies"), { recursive: true, withFileTypes: true })
    : [];
  return entries.flatMap((entry) => (entry.isFile() ? entry.name : []));
}

const count = (db: DatabaseSync, query: string, ...values: number[]): number =>
  Number(db.prepare(query).get(...values)?.["n"]);

export interface Duty {
  readonly now: Instant;
  /** Of the history. */
  readonly keepMs: number;
  /** Bodies that are no message's yet, or no message's any more while they are read. */
  readonly openBodies: number;
}

/** What should be gone, and is not. All that was promised is in the database. */
export function leftovers(dir: string, { now, keepMs, openBodies }: Duty): string[] {
  using db = new DatabaseSync(join(dir, "queue.db"), { readOnly: true });
  const left: string[] = [];
  const check = (found: number, what: string): void => void (found > 0 && left.push(`${found} ${what}`));
  const inUse = count(db, "SELECT count(body_file) AS n FROM message");
  check(bodyFiles(dir).length - inUse - openBodies, "files below bodies/ belong to no message");
  check(
    count(
      db,
      "SELECT count(*) AS n FROM message m WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_id = m.message_id)",
    ),
    "messages have no delivery",
  );
  const oldest = now - keepMs - 2 * pruningLimits.everyMs; // what a round just missed goes with the next
  check(
    count(
      db,
      `SELECT count(*) AS n FROM event e WHERE at < ?1
        AND NOT EXISTS (SELECT 1 FROM message m WHERE m.queue_id = e.queue_id)
        AND NOT EXISTS (SELECT 1 FROM event later WHERE later.queue_id = e.queue_id AND later.at >= ?1)`,
      oldest,
    ),
    "rows of the history are older than `history.keep`, of messages that are gone",
  );
  check(
    count(
      db,
      "SELECT count(*) AS n FROM message_key k WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.queue_id = k.queue_id)",
    ),
    "keys of messages lead to no event",
  );
  check(
    count(
      db,
      "SELECT count(*) AS n FROM refusal_key k WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.event_id = k.event_id)",
    ),
    "keys of refusals lead to no event",
  );
  return left;
}

/** How much more the lowest of some samples may be than the lowest of some others, on one plateau. */
interface Tolerance {
  readonly part: number;
  /** Beside: for what is small. */
  readonly slack: number;
}

/** What waits depends on outages, which come by chance. */
const waiting: Tolerance = { part: 0.3, slack: 50 };
/** No more than there are: the day itself sees to it. */
const bounded: Tolerance = { part: Infinity, slack: 0 };

const tolerances: Readonly<Record<string, Tolerance>> = {
  queued: waiting,
  message: waiting,
  delivery: waiting,
  lane: waiting,
  heap: { part: 0, slack: 1.5 }, // less than 100 bytes for each message of half a day
  external: { part: 0, slack: 10 }, // bodies that were kept last
  rss: { part: 0.3, slack: 20 }, // the system takes back some when others need it
  database: { part: 0.5, slack: 1 }, // as large as what waited at the worst time: pages are used again, not given back
  site: bounded,
  destinations: bounded,
};
/** Hours differ so much by chance. */
const rest: Tolerance = { part: 0.15, slack: 5 };

/**
 * Which quantities are larger in the last third of the samples than in the first, beyond what chance does. The lowest of
 * each third counts: outages push everything up for a while, and what leaks never comes down again.
 */
export function growths(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) return ["there are too few samples to compare"];
  const lowest = (name: string, some: readonly Sample[]): number =>
    Math.min(...some.map((sample) => sample[name] ?? 0));
  return Object.keys(samples[0]!).flatMap((name) => {
    const [before, after] = [lowest(name, samples.slice(0, third)), lowest(name, samples.slice(-third))];
    const { part, slack } = tolerances[name] ?? rest;
    const most = before * (1 + part) + slack;
    if (!(after > most)) return [];
    return [
      `${name} grew: ${round(before)} → ${round(after)}, the lowest of ${third} samples; ${round(most)} would be chance`,
    ];
  });
}

const mean = (samples: readonly Sample[], name: string): number =>
  samples.reduce((sum, sample) => sum + (sample[name] ?? 0), 0) / samples.length;

/** Of many samples, one with the averages. */
export const average = (samples: readonly Sample[]): Sample =>
  Object.fromEntries(Object.keys(samples[0] ?? {}).map((name) => [name, mean(samples, name)]));

export const round = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0)).replace(/\.0$/, "");
