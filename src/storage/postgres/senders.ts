// What is remembered of senders, shared by all nodes.
import type { Instant } from "../../base/world.ts";
import { isKeptForEver, merged, pinned } from "../../judge/sender-record.ts";
import {
  type Fading,
  type Pin,
  pruneSlice,
  type SenderChange,
  type SenderId,
  type SenderKind,
  senderKinds,
  type SenderPage,
  type SenderRecord,
} from "../../judge/sender-store.ts";
import type { Connections, Runner, Statement } from "./database.ts";
import { bigints, texts } from "./parameters.ts";

/** For the migrations. */
export const senderTables = `
CREATE TABLE sender (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  expires_at bigint, -- null: never
  detail text NOT NULL, -- JSON: the whole record
  PRIMARY KEY (kind, key)
);
CREATE INDEX sender_by_expiry ON sender (kind, expires_at) WHERE expires_at IS NOT NULL;
`;

const read: Statement = {
  name: "senders",
  text: `SELECT detail FROM sender JOIN unnest($1::text[], $2::text[]) AS s(kind, key) USING (kind, key)
    WHERE expires_at IS NULL OR expires_at > $3`,
};
const page: Statement = {
  name: "page_senders",
  text: `SELECT detail FROM sender WHERE kind = $1 AND key > $2 AND (expires_at IS NULL OR expires_at > $3)
    ORDER BY key LIMIT $4`,
};
/** One node at a time adds to what it read. */
const lock: Statement = {
  name: "lock_senders",
  text: "SELECT pg_advisory_xact_lock(hashtextextended('waybill senders ' || current_schema(), 0))",
};
const write: Statement = {
  name: "write_senders",
  text: `INSERT INTO sender (kind, key, expires_at, detail)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
    ON CONFLICT (kind, key) DO UPDATE SET expires_at = excluded.expires_at, detail = excluded.detail`,
};
/** Of a store that was moved: what is known here stays. */
const add: Statement = {
  name: "add_senders",
  text: `INSERT INTO sender (kind, key, expires_at, detail)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) ON CONFLICT DO NOTHING`,
};
const forget: Statement = {
  name: "forget_sender",
  text: "DELETE FROM sender WHERE kind = $1 AND key = $2 RETURNING 1",
};
const count: Statement = {
  name: "count_senders",
  text: `SELECT count(*) AS all, count(*) FILTER (WHERE expires_at <= $2) AS expired
    FROM sender WHERE kind = $1 AND expires_at IS NOT NULL`,
};
const removeSoonest: Statement = {
  name: "remove_senders",
  text: `DELETE FROM sender WHERE kind = $1 AND key IN (
    SELECT key FROM sender WHERE kind = $1 AND expires_at IS NOT NULL ORDER BY expires_at LIMIT $2) RETURNING 1`,
};

interface Row {
  readonly detail: string;
}

const recordsOf = (rows: readonly Row[]): SenderRecord[] =>
  rows.map(({ detail }) => JSON.parse(detail) as SenderRecord);

const columns = (records: readonly SenderRecord[]): Buffer[] => [
  texts(records.map(({ kind }) => kind)),
  texts(records.map(({ key }) => key)),
  bigints(records.map((record) => (isKeptForEver(record) ? undefined : record.expiresAt))),
  texts(records.map((record) => JSON.stringify(record))),
];

export async function recallSenders(runner: Runner, ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]> {
  const kinds = texts(ids.map(({ kind }) => kind));
  return recordsOf(await runner.run<Row>(read, [kinds, texts(ids.map(({ key }) => key)), now]));
}

export function learnSenders(
  connections: Connections,
  changes: readonly SenderChange[],
  fading: Fading,
): Promise<void> {
  return connections.transaction(async (runner) => {
    await runner.run(lock);
    const known = await recallSenders(runner, changes, fading.now);
    const records = new Map(known.map((record) => [`${record.kind} ${record.key}`, record]));
    for (const change of changes) {
      const id = `${change.kind} ${change.key}`;
      records.set(id, merged(records.get(id), change, fading));
    }
    await runner.run(write, columns([...records.values()]));
  });
}

export function pinSender(
  connections: Connections,
  { id, pin, now }: { readonly id: SenderId; readonly pin: Pin | undefined; readonly now: Instant },
): Promise<void> {
  return connections.transaction(async (runner) => {
    await runner.run(lock);
    const [known] = await recallSenders(runner, [id], now);
    const record = pinned(known, { id, pin, now });
    if (record === undefined) await forgetSender(runner, id);
    else await runner.run(write, columns([record]));
  });
}

/** Beside what is known already. */
export async function addSenders(runner: Runner, records: readonly SenderRecord[]): Promise<void> {
  await runner.run(add, columns(records));
}

export async function forgetSender(runner: Runner, { kind, key }: SenderId): Promise<boolean> {
  return (await runner.run(forget, [kind, key])).length > 0;
}

export async function pageSenders(
  runner: Runner,
  kind: SenderKind,
  { now, limit, after = "" }: SenderPage,
): Promise<SenderRecord[]> {
  return recordsOf(await runner.run<Row>(page, [kind, after, now, limit]));
}

export async function pruneSenders(
  runner: Runner,
  now: Instant,
  most: Readonly<Record<SenderKind, number>>,
): Promise<number> {
  let removed = 0;
  for (const kind of senderKinds) {
    const [found] = await runner.run<{ all: number; expired: number }>(count, [kind, now]);
    const doomed = Math.min(Math.max(found!.all - most[kind], found!.expired), pruneSlice);
    if (doomed > 0) removed += (await runner.run(removeSoonest, [kind, doomed])).length;
  }
  return removed;
}
