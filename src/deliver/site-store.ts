// The port for what is known of destinations: kept across restarts, and shared by all nodes of one store.
// Drivers live in storage/ and pass test/contract/site-store.contract.ts.
import type { Instant } from "../base/world.ts";

/** What is known of one site (mail/hop.ts). */
export interface SiteRecord {
  readonly site: string;
  /** JSON, of the pacer's own making; absent when nothing was learnt that is worth keeping. */
  readonly learnt?: string;
  /** The operator stopped mail to it, in the operator's words (may be empty). */
  readonly suspended?: string;
}

export interface ShareRequest {
  readonly site: string;
  /** Connections that this node would like to hold. */
  readonly wanted: number;
  /** That it has open now, and cannot close at once: it is given no less. */
  readonly open?: number;
  /** That all nodes together may hold. */
  readonly limit: number;
}

export interface SiteStore {
  sites(): Promise<SiteRecord[]>;
  /** Writes what was learnt, and leaves `suspended` as it is. */
  saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): Promise<void>;
  /** `undefined` resumes. Other nodes see it when they next ask for `sites`. */
  suspend(site: string, because: string | undefined): Promise<void>;
  /**
   * How many connections to each site this node may hold until `until`, in order of the requests: never more than
   * wanted, or than are open, and with what other nodes may hold never more than the limit. A node that is given less
   * asks again; a wish of 0 gives all back. Shares that are not asked for again lapse at their `until`.
   */
  share(by: string, requests: readonly ShareRequest[], times: { now: Instant; until: Instant }): Promise<number[]>;
}
