// What is remembered of senders, in the database.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import { isAlive, isKeptForEver, merged, pinned } from "../../judge/sender-record.ts";
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

/** For the migrations. */
export const senderTables = `
CREATE TABLE sender (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  expires_at INTEGER, -- null: never
  detail TEXT NOT NULL, -- JSON: the whole record
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX sender_by_expiry ON sender (kind, expires_at) WHERE expires_at IS NOT NULL;
`;

const recordOf = (row: Record<string, unknown> | undefined): SenderRecord | undefined =>
  row && (JSON.parse(String(row["detail"])) as SenderRecord);

export type SenderReading = ReturnType<typeof senderReading>;

export function senderReading(db: DatabaseSync) {
  const one = db.prepare("SELECT detail FROM sender WHERE kind = ? AND key = ?");
  const page = db.prepare(`SELECT detail FROM sender WHERE kind = ? AND key > ?
    AND (expires_at IS NULL OR expires_at > ?) ORDER BY key LIMIT ?`);
  return {
    recallSenders: (ids: readonly SenderId[], now: Instant): SenderRecord[] =>
      ids.flatMap(({ kind, key }) => recordOf(one.get(kind, key)) ?? []).filter((record) => isAlive(record, now)),

    pageSenders: (kind: SenderKind, { now, limit, after = "" }: SenderPage): SenderRecord[] =>
      page.all(kind, after, now, limit).map((row) => recordOf(row)!),
  };
}

export type SenderWriting = ReturnType<typeof senderWriting>;

/** To be run inside a transaction. */
export function senderWriting(db: DatabaseSync) {
  const find = db.prepare("SELECT detail FROM sender WHERE kind = ? AND key = ?");
  const put = db.prepare("INSERT OR REPLACE INTO sender (kind, key, expires_at, detail) VALUES (?, ?, ?, ?)");
  const remove = db.prepare("DELETE FROM sender WHERE kind = ? AND key = ?");
  const count = db.prepare("SELECT count(*) AS count FROM sender WHERE kind = ? AND expires_at IS NOT NULL");
  const expired = db.prepare(`SELECT count(*) AS count FROM (
    SELECT 1 FROM sender WHERE kind = ? AND expires_at <= ? LIMIT ?)`);
  const removeSoonest = db.prepare(`DELETE FROM sender WHERE (kind, key) IN (
    SELECT kind, key FROM sender WHERE kind = ? AND expires_at IS NOT NULL ORDER BY expires_at LIMIT ?)`);
  const counted = (row: Record<string, unknown> | undefined): number => Number(row?.["count"]);
  const write = (record: SenderRecord): void => {
    const { kind, key, expiresAt } = record;
    put.run(kind, key, isKeptForEver(record) ? null : expiresAt, JSON.stringify(record));
  };

  return {
    learnSenders(changes: readonly SenderChange[], fading: Fading): void {
      for (const change of changes) write(merged(recordOf(find.get(change.kind, change.key)), change, fading));
    },

    pinSender(id: SenderId, pin: Pin | undefined, { now }: Fading): void {
      const record = pinned(recordOf(find.get(id.kind, id.key)), { id, pin, now });
      if (record === undefined) remove.run(id.kind, id.key);
      else write(record);
    },

    forgetSender: ({ kind, key }: SenderId): boolean => remove.run(kind, key).changes > 0,

    pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): number {
      let removed = 0;
      for (const kind of senderKinds) {
        const beyond = counted(count.get(kind)) - most[kind];
        const doomed = Math.max(beyond, counted(expired.get(kind, now, pruneSlice)));
        if (doomed > 0) removed += Number(removeSoonest.run(kind, Math.min(doomed, pruneSlice)).changes);
      }
      return removed;
    },
  };
}
