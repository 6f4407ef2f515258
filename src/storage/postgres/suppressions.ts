// Addresses that mail is not sent to, shared by all nodes.
import type { Instant } from "../../base/world.ts";
import { keyText, struck } from "../../judge/suppression/strikes.ts";
import {
  type LiftedKey,
  type Strike,
  type Suppression,
  type SuppressionNews,
  suppressionSlice,
} from "../../judge/suppression/suppression-store.ts";
import type { Connections, Runner, Statement } from "./database.ts";
import { bigints, texts } from "./parameters.ts";

/** For the migrations. */
export const suppressionTables = `
CREATE SEQUENCE suppression_number;
CREATE TABLE suppression (
  address text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL, -- empty: of all
  until bigint NOT NULL,
  number bigint NOT NULL, -- of its last change
  detail text NOT NULL, -- JSON: the whole record
  PRIMARY KEY (address, sender)
);
CREATE UNIQUE INDEX suppression_by_number ON suppression (number);
CREATE INDEX suppression_by_end ON suppression (until);
`;

const ofAddresses: Statement = {
  name: "suppressions",
  text: "SELECT number, detail FROM suppression WHERE address = ANY($1::text[]) ORDER BY address, sender",
};
const after: Statement = {
  name: "new_suppressions",
  text: "SELECT number, detail FROM suppression WHERE number > $1 ORDER BY number LIMIT $2",
};
/** One node at a time adds to what it read; so numbers are seen in their order. */
const lock: Statement = {
  name: "lock_suppressions",
  text: "SELECT pg_advisory_xact_lock(hashtextextended('waybill suppressions ' || current_schema(), 0))",
};
const write: Statement = {
  name: "write_suppressions",
  text: `INSERT INTO suppression (address, sender, until, number, detail)
    SELECT address, sender, until, nextval('suppression_number'), detail
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS s(address, sender, until, detail)
    ON CONFLICT (address, sender)
    DO UPDATE SET until = excluded.until, number = excluded.number, detail = excluded.detail`,
};
const lift: Statement = {
  name: "lift_suppressions",
  text: `DELETE FROM suppression s USING unnest($1::text[], $2::text[], $3::bigint[]) AS k(address, sender, ended)
    WHERE s.address = k.address AND s.sender = coalesce(k.sender, s.sender) AND s.until <= coalesce(k.ended, s.until)
    RETURNING number, detail`,
};
const count: Statement = {
  name: "count_suppressions",
  text: "SELECT count(*) AS all, count(*) FILTER (WHERE until < $1) AS ended FROM suppression",
};
const removeSoonest: Statement = {
  name: "remove_suppressions",
  text: `DELETE FROM suppression WHERE (address, sender) IN (
    SELECT address, sender FROM suppression ORDER BY until LIMIT $1) RETURNING 1`,
};

interface Row {
  readonly number: number;
  readonly detail: string;
}

const recordsOf = (rows: readonly Row[]): Suppression[] => rows.map(({ detail }) => JSON.parse(detail) as Suppression);

export async function suppressionsOf(runner: Runner, addresses: readonly string[]): Promise<Suppression[]> {
  return recordsOf(await runner.run<Row>(ofAddresses, [texts(addresses)]));
}

export async function suppressionsAfter(runner: Runner, number: number, limit: number): Promise<SuppressionNews> {
  const rows = await runner.run<Row>(after, [number, limit]);
  return { suppressions: recordsOf(rows), upTo: rows.at(-1)?.number ?? number };
}

export function strike(connections: Connections, strikes: readonly Strike[]): Promise<void> {
  return connections.transaction(async (runner) => {
    await runner.run(lock);
    const before = await suppressionsOf(
      runner,
      strikes.map(({ address }) => address),
    );
    const known = new Map(before.map((record) => [keyText(record), record]));
    for (const one of strikes) known.set(keyText(one), struck(known.get(keyText(one)), one));
    await writeSuppressions(
      runner,
      [...known.values()].filter((record) => !before.includes(record)),
    );
  });
}

/** In place of what is known. */
export async function writeSuppressions(runner: Runner, records: readonly Suppression[]): Promise<void> {
  if (records.length === 0) return;
  await runner.run(write, [
    texts(records.map(({ address }) => address)),
    texts(records.map(({ sender }) => sender)),
    bigints(records.map(({ until }) => until)),
    texts(records.map((record) => JSON.stringify(record))),
  ]);
}

export async function liftSuppressions(runner: Runner, keys: readonly LiftedKey[]): Promise<Suppression[]> {
  const columns = [
    texts(keys.map(({ address }) => address)),
    texts(keys.map(({ sender }) => sender)),
    bigints(keys.map(({ ended }) => ended)),
  ];
  return recordsOf(await runner.run<Row>(lift, columns));
}

export async function pruneSuppressions(runner: Runner, ended: Instant, most: number): Promise<number> {
  const [found] = await runner.run<{ all: number; ended: number }>(count, [ended]);
  const doomed = Math.min(Math.max(found!.all - most, found!.ended), suppressionSlice);
  return doomed > 0 ? (await runner.run(removeSoonest, [doomed])).length : 0;
}
