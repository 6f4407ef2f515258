// What was learnt of sites, on its way to the store and back: written together, from time to time.
import type { World } from "../../base/world.ts";
import type { SiteRecord, SiteStore } from "../site-store.ts";
import { pacingLimits } from "./limits.ts";
import type { Learnt, Site } from "./site.ts";

interface MemoryParts {
  readonly sites: SiteStore;
  readonly sharedBy?: string;
  readonly world: Pick<World, "now" | "sleep">;
  readonly onFault: (error: unknown) => void;
}

interface Remembered {
  readonly site: string;
  readonly learnt?: Learnt;
  readonly domains: readonly string[];
  readonly suspended?: string;
}

/** The JSON of a record. */
interface Kept {
  readonly format: typeof format;
  readonly learnt?: Learnt;
  readonly domains: readonly string[];
}

/** Of another format, what was learnt is learnt again. */
const format = 1;

export class Memory implements AsyncDisposable {
  readonly #parts: MemoryParts;
  readonly #stop: AbortSignal;
  readonly #dirty = new Set<Site>();
  /** Have a record. */
  readonly #written = new Set<string>();
  #saving: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  constructor(parts: MemoryParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
  }

  async read(): Promise<Remembered[]> {
    const records = await this.#parts.sites.sites();
    for (const { site, learnt } of records) if (learnt !== undefined) this.#written.add(site);
    return records.map(parse);
  }

  /** Something about the site changed. Sites without trouble are not worth a record. */
  changed(site: Site): void {
    if (!isWorthKeeping(site) && !this.#written.has(site.name)) return;
    this.#dirty.add(site);
    this.#saving ??= this.#saveLater();
  }

  /** Keeps up with what the operator suspends and resumes at other nodes. */
  follow(siteOf: (name: string) => Site): void {
    if (this.#parts.sharedBy !== undefined) this.#following = this.#follow(siteOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#saving, this.#following]);
    await this.#save();
  }

  async #saveLater(): Promise<void> {
    const { world } = this.#parts;
    while (this.#dirty.size > 0 && !this.#stop.aborted) {
      await world.sleep(pacingLimits.saveMs, this.#stop);
      if (!this.#stop.aborted) await this.#save();
    }
    this.#saving = undefined;
  }

  async #save(): Promise<void> {
    const sites = [...this.#dirty];
    if (sites.length === 0) return;
    this.#dirty.clear();
    try {
      await this.#parts.sites.saveLearnt(sites.map(recordOf));
      for (const site of sites)
        if (isWorthKeeping(site)) this.#written.add(site.name);
        else this.#written.delete(site.name);
    } catch (error) {
      this.#parts.onFault(error);
      for (const site of sites) this.#dirty.add(site);
    }
  }

  async #follow(siteOf: (name: string) => Site): Promise<void> {
    const { world, sites, onFault } = this.#parts;
    let before = new Set<string>();
    for (;;) {
      await world.sleep(pacingLimits.saveMs, this.#stop);
      if (this.#stop.aborted) return;
      try {
        const suspended = (await sites.sites()).flatMap(({ site, suspended: words }) =>
          words === undefined ? [] : [{ site, words }],
        );
        const names = new Set(suspended.map(({ site }) => site));
        for (const { site, words } of suspended) siteOf(site).suspended ??= { words };
        for (const name of before) if (!names.has(name)) siteOf(name).suspended = undefined;
        before = names;
      } catch (error) {
        onFault(error);
      }
    }
  }
}

const isWorthKeeping = (site: Site): boolean => site.isLearnt || site.suspended !== undefined;

function recordOf(site: Site): Pick<SiteRecord, "site" | "learnt"> {
  if (!isWorthKeeping(site)) return { site: site.name };
  const domains = [...site.domains].slice(-pacingLimits.domainsKept);
  const kept: Kept = { format, ...(site.isLearnt && { learnt: site.learnt }), domains };
  return { site: site.name, learnt: JSON.stringify(kept) };
}

function parse({ site, learnt: text, suspended }: SiteRecord): Remembered {
  const rest = { site, ...(suspended !== undefined && { suspended }) };
  try {
    const kept = JSON.parse(text ?? "null") as Kept | null;
    if (kept?.format !== format) return { ...rest, domains: [] };
    const { learnt, domains } = kept;
    return { ...rest, domains, ...(learnt && { learnt }) };
  } catch {
    return { ...rest, domains: [] };
  }
}
