// How nodes share the connections that all of them together may hold to a site. First come, first served, until somebody
// has less than a fair part: then who has more gives some back when it next asks.
import type { Instant } from "../base/world.ts";
import type { ShareRequest } from "../deliver/site-store.ts";

/** What one node may hold to one site. */
export interface SiteShare {
  readonly node: string;
  readonly wanted: number;
  readonly granted: number;
  readonly until: Instant;
  /** What it had when it was last given less than that; it may hold it until `beforeUntil`, for so it was told. */
  readonly before: number;
  readonly beforeUntil: Instant;
  /** When it was last given something after it had nothing. */
  readonly servedAt: Instant;
}

const held = ({ granted, until, before, beforeUntil }: SiteShare, now: Instant): number =>
  Math.max(until > now ? granted : 0, beforeUntil > now ? before : 0);

/** The share of `by`, given all shares of the site. Undefined: it holds nothing, and wants nothing. */
export function shareOf(
  by: string,
  shares: readonly SiteShare[],
  {
    wanted,
    open = 0,
    limit,
    now,
    until,
  }: Omit<ShareRequest, "site"> & { readonly now: Instant; readonly until: Instant },
): SiteShare | undefined {
  const mine = shares.find(({ node }) => node === by);
  if (wanted <= 0) return undefined;
  const others = shares.filter(({ node }) => node !== by);
  const room = Math.max(0, limit - others.reduce((sum, share) => sum + held(share, now), 0));
  const rivals = others.filter((share) => share.until > now && share.wanted > 0);
  const fair = Math.floor(limit / (rivals.length + 1));
  const has = mine === undefined ? 0 : held(mine, now);
  const waiting = rivals.filter(({ wanted, granted }) => granted < Math.min(wanted, Math.max(fair, 1)));
  const servedAt = mine?.servedAt ?? 0;
  // with fewer connections than nodes, who had one lets those have it who waited longer
  const isMyTurn = has === 0 && waiting.every((rival) => rival.servedAt >= servedAt);
  const most = waiting.length === 0 ? limit : fair > 0 ? fair : isMyTurn ? 1 : 0;
  const granted = Math.min(Math.max(open, Math.min(wanted, most)), room);
  const isCut = has > granted && wanted > granted;
  return {
    node: by,
    wanted,
    granted,
    until,
    before: isCut ? has : 0,
    beforeUntil: isCut ? promisedUntil(mine!, now) : 0,
    servedAt: has === 0 && granted > 0 ? now : servedAt,
  };
}

/** Until when it was told that it may hold what it holds. */
const promisedUntil = ({ granted, until, before, beforeUntil }: SiteShare, now: Instant): Instant =>
  until > now && (granted >= before || beforeUntil <= now) ? until : beforeUntil;
