// What is known of destinations, in the database.
import type { DatabaseSync } from "node:sqlite";
import type { SiteRecord } from "../../deliver/site-store.ts";

/** For the migrations. */
export const siteTables = `
CREATE TABLE site (
  site TEXT PRIMARY KEY,
  learnt TEXT, -- JSON, of the pacer's own making
  suspended TEXT, -- by the operator, in the operator's words
  CHECK (learnt IS NOT NULL OR suspended IS NOT NULL)
) STRICT, WITHOUT ROWID;
`;

interface SiteRow {
  readonly site: string;
  readonly learnt: string | null;
  readonly suspended: string | null;
}

export type SiteReading = ReturnType<typeof siteReading>;

export function siteReading(db: DatabaseSync) {
  const all = db.prepare("SELECT site, learnt, suspended FROM site ORDER BY site");
  return {
    sites: (): SiteRecord[] =>
      (all.all() as unknown as SiteRow[]).map(({ site, learnt, suspended }) => ({
        site,
        ...(learnt !== null && { learnt }),
        ...(suspended !== null && { suspended }),
      })),
  };
}

export type SiteWriting = ReturnType<typeof siteWriting>;

/** To be run inside a transaction. */
export function siteWriting(db: DatabaseSync) {
  const forget = db.prepare("DELETE FROM site WHERE site = ? AND suspended IS NULL");
  const unlearn = db.prepare("UPDATE site SET learnt = NULL WHERE site = ?");
  const learn = db.prepare(`INSERT INTO site (site, learnt) VALUES (?, ?)
    ON CONFLICT (site) DO UPDATE SET learnt = excluded.learnt`);
  const resumeUnlearnt = db.prepare("DELETE FROM site WHERE site = ? AND learnt IS NULL");
  const resume = db.prepare("UPDATE site SET suspended = NULL WHERE site = ?");
  const suspend = db.prepare(`INSERT INTO site (site, suspended) VALUES (?, ?)
    ON CONFLICT (site) DO UPDATE SET suspended = excluded.suspended`);

  return {
    saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): void {
      for (const { site, learnt } of records)
        if (learnt !== undefined) learn.run(site, learnt);
        else {
          forget.run(site);
          unlearn.run(site);
        }
    },

    suspend(site: string, because: string | undefined): void {
      if (because !== undefined) suspend.run(site, because);
      else {
        resumeUnlearnt.run(site);
        resume.run(site);
      }
    },
  };
}
