// Counts that all nodes share.
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
import type { Connections, Runner, Statement } from "./database.ts";
import { bigints, texts } from "./parameters.ts";

/** For the migrations. */
export const countTables = `
CREATE SEQUENCE count_number;
CREATE TABLE shared_count (
  key text COLLATE "C" PRIMARY KEY,
  until bigint NOT NULL,
  sums text, -- JSON: amounts by the instant from which on they count no more
  number bigint NOT NULL -- of its last change
);
CREATE UNIQUE INDEX count_by_number ON shared_count (number);
CREATE INDEX count_by_end ON shared_count (until);
-- Of each process, the last batch of counts that was taken.
CREATE TABLE count_batch (process text COLLATE "C" PRIMARY KEY, batch bigint NOT NULL, at bigint NOT NULL);
ALTER TABLE shared_count SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
`;

/** One process at a time adds to what it read; so numbers are seen in their order. */
const lock: Statement = {
  name: "lock_counts",
  text: "SELECT pg_advisory_xact_lock(hashtextextended('waybill counts ' || current_schema(), 0))",
};
/** No row: it was taken before. */
const takeBatch: Statement = {
  name: "take_batch",
  text: `INSERT INTO count_batch (process, batch, at) VALUES ($1, $2, $3)
    ON CONFLICT (process) DO UPDATE SET batch = excluded.batch, at = excluded.at
    WHERE count_batch.batch < excluded.batch RETURNING 1`,
};
const find: Statement = {
  name: "find_counts",
  text: "SELECT key, until, sums FROM shared_count WHERE key = ANY($1::text[])",
};
const write: Statement = {
  name: "write_counts",
  text: `INSERT INTO shared_count (key, until, sums, number)
    SELECT key, until, sums, nextval('count_number') FROM unnest($1::text[], $2::bigint[], $3::text[]) AS c(key, until, sums)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until, sums = excluded.sums, number = excluded.number`,
};
const news: Statement = {
  name: "new_counts",
  text: "SELECT key, until, sums, number FROM shared_count WHERE number > $1 ORDER BY number LIMIT $2",
};
const forgetBatches: Statement = { name: "forget_batches", text: "DELETE FROM count_batch WHERE at < $1" };
const count: Statement = {
  name: "count_counts",
  text: "SELECT count(*) AS all, count(*) FILTER (WHERE until < $1) AS ended FROM shared_count",
};
const removeSoonest: Statement = {
  name: "remove_counts",
  text: "DELETE FROM shared_count WHERE key IN (SELECT key FROM shared_count ORDER BY until LIMIT $1) RETURNING 1",
};

interface Row {
  readonly key: string;
  readonly until: number;
  readonly sums: string | null;
  readonly number: number;
}

const countOf = ({ key, until, sums }: Omit<Row, "number">): SharedCount => ({
  key,
  until,
  ...(sums !== null && { sums: JSON.parse(sums) as Sums }),
});

export async function exchangeCounts(connections: Connections, exchange: CountExchange): Promise<CountAnswer> {
  if (exchange.changes.length === 0) return newsOf(connections, exchange);
  return connections.transaction(async (runner) => {
    await runner.run(lock);
    await takeCounts(runner, exchange);
    return newsOf(runner, exchange);
  });
}

async function takeCounts(runner: Runner, { by, batch, changes, now }: CountExchange): Promise<void> {
  if ((await runner.run(takeBatch, [by, batch, now])).length === 0) return;
  const rows = await runner.run<Row>(find, [texts(changes.map(({ key }) => key))]);
  const known = new Map(rows.map((row) => [row.key, countOf(row)]));
  const counts = changes.map((change) => counted(known.get(change.key), change, now));
  await runner.run(write, [
    texts(counts.map(({ key }) => key)),
    bigints(counts.map(({ until }) => until)),
    texts(counts.map(({ sums }) => sums && JSON.stringify(sums))),
  ]);
}

async function newsOf(runner: Runner, { since, limit }: CountExchange): Promise<CountAnswer> {
  const rows = await runner.run<Row>(news, [since, limit]);
  return { counts: rows.map(countOf), upTo: rows.at(-1)?.number ?? since };
}

export async function pruneCounts(runner: Runner, ended: Instant, most: number): Promise<number> {
  await runner.run(forgetBatches, [ended - batchesKnownMs]);
  const [found] = await runner.run<{ all: number; ended: number }>(count, [ended]);
  const doomed = Math.min(Math.max(found!.all - most, found!.ended), countSlice);
  return doomed > 0 ? (await runner.run(removeSoonest, [doomed])).length : 0;
}
