// What is known of destinations, and how the nodes share their connections to them.
import type { Instant } from "../../base/world.ts";
import type { ShareRequest, SiteRecord } from "../../deliver/site-store.ts";
import { shareOf, type SiteShare } from "../site-shares.ts";
import type { Connections, Runner, Statement } from "./database.ts";
import { bigints, integers, texts } from "./parameters.ts";

const list: Statement = {
  name: "sites",
  text: "SELECT site, learnt, suspended FROM site WHERE learnt IS NOT NULL OR suspended IS NOT NULL ORDER BY site",
};
const save: Statement = {
  name: "save_learnt",
  text: `INSERT INTO site (site, learnt) SELECT * FROM unnest($1::text[], $2::text[]) AS s(site, learnt) ORDER BY site
    ON CONFLICT (site) DO UPDATE SET learnt = excluded.learnt`,
};
const suspend: Statement = {
  name: "suspend",
  text: `INSERT INTO site (site, suspended) VALUES ($1, $2)
    ON CONFLICT (site) DO UPDATE SET suspended = excluded.suspended`,
};

/** A site of which nothing is known any more. */
const forget: Statement = {
  name: "forget_sites",
  text: "DELETE FROM site WHERE site = ANY($1::text[]) AND learnt IS NULL AND suspended IS NULL",
};

interface SiteRow {
  readonly site: string;
  readonly learnt: string | null;
  readonly suspended: string | null;
}

export async function listSites(runner: Runner): Promise<SiteRecord[]> {
  const rows = await runner.run<SiteRow>(list);
  return rows.map(({ site, learnt, suspended }) => ({
    site,
    ...(learnt !== null && { learnt }),
    ...(suspended !== null && { suspended }),
  }));
}

export async function saveLearnt(
  runner: Runner,
  records: readonly Pick<SiteRecord, "site" | "learnt">[],
): Promise<void> {
  const latest = [...new Map(records.map((record) => [record.site, record])).values()];
  if (latest.length === 0) return;
  const sites = texts(latest.map(({ site }) => site));
  await runner.run(save, [sites, texts(latest.map(({ learnt }) => learnt))]);
  if (latest.some(({ learnt }) => learnt === undefined)) await runner.run(forget, [sites]);
}

export async function suspendSite(runner: Runner, site: string, because: string | undefined): Promise<void> {
  await runner.run(suspend, [site, because ?? null]);
  if (because === undefined) await runner.run(forget, [texts([site])]);
}

/** One node at a time: the shares of a site are counted together. */
const lock: Statement = {
  name: "lock_shares",
  text: "SELECT pg_advisory_xact_lock(hashtextextended('waybill shares ' || current_schema(), 0))",
};
const shares: Statement = {
  name: "shares",
  text: `SELECT site, node, wanted, granted, until, before, before_until AS "beforeUntil",
      served_at AS "servedAt" FROM site_share
    WHERE site = ANY($1::text[]) AND greatest(until, before_until) > $2`,
};
/** Shares that lapsed a day ago are of nodes that are gone. */
const forgetShares: Statement = {
  name: "forget_shares",
  text: `DELETE FROM site_share WHERE (node = $1 AND site = ANY($2::text[])) OR greatest(until, before_until) < $3`,
};
const writeShares: Statement = {
  name: "write_shares",
  text: `INSERT INTO site_share (site, node, wanted, granted, until, before, before_until, served_at)
    SELECT s.site, $1, s.wanted, s.granted, s.until, s.before, s.before_until, s.served_at
    FROM unnest($2::text[], $3::integer[], $4::integer[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[])
      AS s(site, wanted, granted, until, before, before_until, served_at)`,
};

const dayMs = 24 * 3_600_000;

export interface Asking {
  readonly by: string;
  readonly requests: readonly ShareRequest[];
  readonly times: { readonly now: Instant; readonly until: Instant };
}

export function shareSites(connections: Connections, { by, requests, times }: Asking): Promise<number[]> {
  if (requests.length === 0) return Promise.resolve([]);
  return connections.transaction(async (runner) => {
    const sites = texts(requests.map(({ site }) => site));
    await runner.run(lock);
    const rows = await runner.run<SiteShare & { site: string }>(shares, [sites, times.now]);
    const ofSite = Map.groupBy(rows, ({ site }) => site);
    const given = requests.map(({ site, ...request }) => shareOf(by, ofSite.get(site) ?? [], { ...request, ...times }));
    await runner.run(forgetShares, [by, sites, times.now - dayMs]);
    const kept = given.flatMap((share, i) => (share === undefined ? [] : { ...share, site: requests[i]!.site }));
    await runner.run(writeShares, [
      by,
      texts(kept.map(({ site }) => site)),
      integers(kept.map(({ wanted }) => wanted)),
      integers(kept.map(({ granted }) => granted)),
      bigints(kept.map(({ until }) => until)),
      integers(kept.map(({ before }) => before)),
      bigints(kept.map(({ beforeUntil }) => beforeUntil)),
      bigints(kept.map(({ servedAt }) => servedAt)),
    ]);
    return given.map((share) => share?.granted ?? 0);
  });
}
