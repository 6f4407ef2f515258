// Shares of the connections that all nodes together may hold to a site: leases, asked for in one call for all sites.
import type { World } from "../../base/world.ts";
import type { ShareRequest, SiteStore } from "../site-store.ts";
import { pacingLimits } from "./limits.ts";
import type { Site } from "./site.ts";

export interface SharesParts {
  readonly sites: SiteStore;
  /** Name of this node. */
  readonly by: string;
  readonly world: Pick<World, "now" | "sleep">;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** Connections to the site that are open. */
  readonly open: (site: Site) => number;
  /** A share has changed. */
  readonly changed: (site: Site) => void;
  readonly onFault: (error: unknown) => void;
}

export class Shares implements AsyncDisposable {
  readonly #parts: SharesParts;
  readonly #stop: AbortSignal;
  /** Sites in use, and until when their shares are ours. */
  readonly #until = new Map<Site, number>();
  readonly #wanted = new Set<Site>();
  #asking: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(parts: SharesParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
  }

  /** Resolves when the site has a share, or when it is known that it gets none now. */
  ask(site: Site): Promise<void> {
    this.#wanted.add(site);
    this.#asking ??= Promise.resolve().then(() => {
      const sites = [...this.#wanted];
      this.#wanted.clear();
      this.#asking = undefined;
      return this.#request(sites);
    });
    return this.#asking;
  }

  /** The site has mail in hand: its share is renewed, and raised where it is too small. */
  follow(site: Site): void {
    if (!this.#until.has(site)) this.#until.set(site, 0);
    this.#renewing ??= this.#renew();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#asking, this.#renewing]);
    const { sites, by, world, onFault } = this.#parts;
    const requests = [...this.#until.keys()].map(({ name, rules }) => giveBack(name, rules.maxConnections));
    const now = world.now();
    if (requests.length > 0) await sites.share(by, requests, { now, until: now }).catch(onFault);
  }

  async #renew(): Promise<void> {
    while (this.#until.size > 0 && !this.#stop.aborted) {
      await this.#parts.world.sleep(this.#parts.renewMs, this.#stop);
      if (!this.#stop.aborted) await this.#request([...this.#until.keys()]);
    }
    this.#renewing = undefined;
  }

  async #request(asked: readonly Site[]): Promise<void> {
    const { sites, by, world, leaseMs, onFault } = this.#parts;
    const now = world.now();
    const until = now + leaseMs;
    for (const site of asked) if (this.#isUnused(site)) this.#set(site, 0); // its idle connections close before others may have theirs
    const requests = asked.map((site) => this.#requestFor(site));
    try {
      const given = await sites.share(by, requests, { now, until });
      for (const [i, site] of asked.entries()) {
        if (!this.#isUnused(site)) this.#set(site, given[i] ?? 0);
        if (requests[i]!.wanted > 0) this.#until.set(site, until);
        else if (site.inHand === 0) this.#until.delete(site);
      }
    } catch (error) {
      onFault(error);
      for (const site of asked) if ((this.#until.get(site) ?? 0) <= world.now()) this.#set(site, 0);
    }
  }

  #set(site: Site, share: number): void {
    if (site.share === share) return;
    site.share = share;
    this.#parts.changed(site);
  }

  /** It had a share, and needs none any more. */
  #isUnused(site: Site): boolean {
    return site.inHand === 0 && this.#until.has(site);
  }

  #requestFor(site: Site): ShareRequest {
    const { name, inHand, rules, window, learnt } = site;
    const open = this.#parts.open(site);
    // a site that does not answer is probed by one of all nodes
    const limit = learnt.closure === undefined ? rules.maxConnections : 1;
    const request = { site: name, open, limit };
    if (this.#isUnused(site)) return { ...request, wanted: open };
    // of a rate for all nodes, each has the part that its share is of the whole
    if (rules.maxMessagesPerMinute !== Infinity) return { ...request, wanted: limit };
    const atFirst = Math.min(window, pacingLimits.firstWindow);
    return { ...request, wanted: Math.min(limit, inHand === 0 ? atFirst : Math.min(window, inHand)) };
  }
}

const giveBack = (site: string, limit: number) => ({ site, wanted: 0, limit });
