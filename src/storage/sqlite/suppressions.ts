// Addresses that mail is not sent to, in the database.
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../base/world.ts";
import { struck } from "../../judge/suppression/strikes.ts";
import {
  type LiftedKey,
  type Strike,
  type Suppression,
  type SuppressionNews,
  suppressionSlice,
} from "../../judge/suppression/suppression-store.ts";

/** For the migrations. */
export const suppressionTables = `
CREATE TABLE suppression (
  number INTEGER PRIMARY KEY AUTOINCREMENT, -- of its last change
  address TEXT NOT NULL,
  sender TEXT NOT NULL, -- empty: of all
  until INTEGER NOT NULL,
  detail TEXT NOT NULL, -- JSON: the whole record
  UNIQUE (address, sender)
) STRICT;
CREATE INDEX suppression_by_end ON suppression (until);
`;

const recordOf = (row: Record<string, unknown> | undefined): Suppression | undefined =>
  row && (JSON.parse(String(row["detail"])) as Suppression);

export type SuppressionWriting = ReturnType<typeof suppressionWriting>;

/** To be run inside a transaction. */
export function suppressionWriting(db: DatabaseSync) {
  const ofAddress = db.prepare("SELECT detail FROM suppression WHERE address = ?");
  const after = db.prepare("SELECT number, detail FROM suppression WHERE number > ? ORDER BY number LIMIT ?");
  const find = db.prepare("SELECT detail FROM suppression WHERE address = ? AND sender = ?");
  const put = db.prepare("INSERT OR REPLACE INTO suppression (address, sender, until, detail) VALUES (?, ?, ?, ?)");
  const lift = db.prepare(
    "DELETE FROM suppression WHERE address = ?1 AND sender = coalesce(?2, sender) AND until <= coalesce(?3, until) RETURNING detail",
  );
  const count = db.prepare("SELECT count(*) AS count FROM suppression");
  const ended = db.prepare("SELECT count(*) AS count FROM (SELECT 1 FROM suppression WHERE until < ? LIMIT ?)");
  const removeSoonest = db.prepare(`DELETE FROM suppression WHERE number IN (
    SELECT number FROM suppression ORDER BY until LIMIT ?)`);
  const counted = (row: Record<string, unknown> | undefined): number => Number(row?.["count"]);

  return {
    suppressionsOf: (addresses: readonly string[]): Suppression[] =>
      addresses.flatMap((address) => ofAddress.all(address).map((row) => recordOf(row)!)),

    suppressionsAfter(number: number, limit: number): SuppressionNews {
      const rows = after.all(number, limit);
      return { suppressions: rows.map((row) => recordOf(row)!), upTo: Number(rows.at(-1)?.["number"] ?? number) };
    },

    strike(strikes: readonly Strike[]): void {
      for (const strike of strikes) {
        const known = recordOf(find.get(strike.address, strike.sender));
        const suppression = struck(known, strike);
        const { address, sender, until } = suppression;
        if (suppression !== known) put.run(address, sender, until, JSON.stringify(suppression));
      }
    },

    liftSuppressions: (keys: readonly LiftedKey[]): Suppression[] =>
      keys.flatMap(({ address, sender = null, ended = null }) =>
        lift.all(address, sender, ended).map((row) => recordOf(row)!),
      ),

    pruneSuppressions(before: Instant, most: number): number {
      const beyond = counted(count.get()) - most;
      const doomed = Math.max(beyond, counted(ended.get(before, suppressionSlice)));
      return doomed > 0 ? Number(removeSoonest.run(Math.min(doomed, suppressionSlice)).changes) : 0;
    },
  };
}
