// Shares of connections, of nodes of one process: they end with it.
import type { Instant } from "../base/world.ts";
import type { ShareRequest } from "../deliver/site-store.ts";
import { shareOf, type SiteShare } from "./site-shares.ts";

export class ProcessShares {
  /** By site, then by node. */
  readonly #shares = new Map<string, Map<string, SiteShare>>();

  /** As SiteStore.share promises. */
  share(by: string, requests: readonly ShareRequest[], times: { now: Instant; until: Instant }): number[] {
    return requests.map((request) => this.#share(by, { ...request, ...times }));
  }

  #share(by: string, request: ShareRequest & { readonly now: Instant; readonly until: Instant }): number {
    const ofSite = this.#shares.get(request.site) ?? new Map<string, SiteShare>();
    for (const [node, { until, beforeUntil }] of ofSite)
      if (node !== by && Math.max(until, beforeUntil) <= request.now) ofSite.delete(node);
    const share = shareOf(by, [...ofSite.values()], request);
    if (share === undefined) ofSite.delete(by);
    else ofSite.set(by, share);
    if (ofSite.size > 0) this.#shares.set(request.site, ofSite);
    else this.#shares.delete(request.site);
    return share?.granted ?? 0;
  }
}
