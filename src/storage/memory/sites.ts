// What is known of destinations, of the memory driver.
import type { Instant } from "../../base/world.ts";
import type { ShareRequest, SiteRecord, SiteStore } from "../../deliver/site-store.ts";

interface Share {
  readonly connections: number;
  readonly until: Instant;
}

export class MemorySites implements SiteStore {
  readonly #learnt = new Map<string, string>();
  readonly #suspended = new Map<string, string>();
  /** By site, then by node. */
  readonly #shares = new Map<string, Map<string, Share>>();

  async sites(): Promise<SiteRecord[]> {
    const names = new Set([...this.#learnt.keys(), ...this.#suspended.keys()]);
    return [...names].map((site) => {
      const learnt = this.#learnt.get(site);
      const suspended = this.#suspended.get(site);
      return { site, ...(learnt !== undefined && { learnt }), ...(suspended !== undefined && { suspended }) };
    });
  }

  async saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): Promise<void> {
    for (const { site, learnt } of records)
      if (learnt === undefined) this.#learnt.delete(site);
      else this.#learnt.set(site, learnt);
  }

  async suspend(site: string, because: string | undefined): Promise<void> {
    if (because === undefined) this.#suspended.delete(site);
    else this.#suspended.set(site, because);
  }

  async share(by: string, requests: readonly ShareRequest[], times: { now: Instant; until: Instant }) {
    return requests.map((request) => this.#share(by, request, times));
  }

  #share(by: string, { site, wanted, limit }: ShareRequest, { now, until }: { now: Instant; until: Instant }): number {
    const shares = this.#shares.get(site) ?? new Map<string, Share>();
    for (const [node, share] of shares) if (node === by || share.until <= now) shares.delete(node);
    const taken = [...shares.values()].reduce((sum, { connections }) => sum + connections, 0);
    const connections = Math.max(0, Math.min(wanted, limit - taken));
    if (connections > 0) shares.set(by, { connections, until });
    if (shares.size > 0) this.#shares.set(site, shares);
    else this.#shares.delete(site);
    return connections;
  }
}
