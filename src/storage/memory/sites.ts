// What is known of destinations, of the memory driver.
import type { SiteRecord, SiteStore } from "../../deliver/site-store.ts";
import { ProcessShares } from "../process-shares.ts";

export class MemorySites implements SiteStore {
  readonly #learnt = new Map<string, string>();
  readonly #suspended = new Map<string, string>();
  readonly #shares = new ProcessShares();

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

  async share(...asked: Parameters<SiteStore["share"]>): Promise<number[]> {
    return this.#shares.share(...asked);
  }
}
