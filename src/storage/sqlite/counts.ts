// Counts that processes share, in the database: here, what one process leaves to the next.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import {
  batchesKnownMs,
  type CountAnswer,
  type CountExchange,
  countSlice,
  type SharedCount,
  type Sums,
} from "../../judge/rates/count-store.ts";
import { counted } from "../../judge/rates/shared-count.ts";

/** For the migrations. */
export const countTables = `
CREATE TABLE shared_count (
  key TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  sums TEXT, -- JSON: amounts by the instant from which on they count no more
  number INTEGER NOT NULL -- of its last change
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX count_by_number ON shared_count (number);
CREATE INDEX count_by_end ON shared_count (until);
CREATE TABLE count_number (last INTEGER NOT NULL) STRICT;
INSERT INTO count_number VALUES (0);
-- Of each process, the last batch of counts that was taken.
CREATE TABLE count_batch (process TEXT PRIMARY KEY, batch INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

interface Row {
  readonly key: string;
  readonly until: number;
  readonly sums: string | null;
  readonly number: number;
}

const countOf = ({ key, until, sums }: Row): SharedCount => ({
  key,
  until,
  ...(sums !== null && { sums: JSON.parse(sums) as Sums }),
});

export type CountWriting = ReturnType<typeof countWriting>;

/** To be run inside a transaction. */
export function countWriting(db: DatabaseSync) {
  const lastBatch = db.prepare("SELECT batch FROM count_batch WHERE process = ?");
  const setBatch = db.prepare("INSERT OR REPLACE INTO count_batch (process, batch, at) VALUES (?, ?, ?)");
  const nextNumbers = db.prepare("UPDATE count_number SET last = last + ? RETURNING last AS number");
  const find = db.prepare("SELECT key, until, sums, number FROM shared_count WHERE key = ?");
  const put = db.prepare("INSERT OR REPLACE INTO shared_count (key, until, sums, number) VALUES (?, ?, ?, ?)");
  const news = db.prepare(`SELECT key, until, sums, number FROM shared_count WHERE number > ? ORDER BY number LIMIT ?`);
  const forgetBatches = db.prepare("DELETE FROM count_batch WHERE at < ?");
  const count = db.prepare("SELECT count(*) AS number FROM shared_count");
  const ending = db.prepare("SELECT count(*) AS number FROM (SELECT 1 FROM shared_count WHERE until < ? LIMIT ?)");
  const remove = db.prepare(`DELETE FROM shared_count WHERE key IN (
    SELECT key FROM shared_count ORDER BY until LIMIT ?)`);
  const numberOf = (row: Record<string, unknown> | undefined): number => Number(row?.["number"] ?? 0);

  const take = ({ by, batch, changes, now }: CountExchange): void => {
    if (changes.length === 0 || Number(lastBatch.get(by)?.["batch"] ?? 0) >= batch) return;
    setBatch.run(by, batch, now);
    let number = numberOf(nextNumbers.get(changes.length)) - changes.length;
    for (const change of changes) {
      const row = find.get(change.key) as unknown as Row | undefined;
      const { key, until, sums } = counted(row && countOf(row), change, now);
      put.run(key, until, sums === undefined ? null : JSON.stringify(sums), ++number);
    }
  };

  return {
    exchangeCounts(exchange: CountExchange): CountAnswer {
      take(exchange);
      const rows = news.all(exchange.since, exchange.limit) as unknown as Row[];
      return { counts: rows.map(countOf), upTo: rows.at(-1)?.number ?? exchange.since };
    },

    pruneCounts(ended: Instant, most: number): number {
      forgetBatches.run(ended - batchesKnownMs);
      const beyond = numberOf(count.get()) - most;
      const doomed = Math.min(Math.max(beyond, numberOf(ending.get(ended, countSlice))), countSlice);
      return doomed > 0 ? Number(remove.run(doomed).changes) : 0;
    },
  };
}
