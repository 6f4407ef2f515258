// The pacer: how fast each destination site gets mail. It learns from the answers, obeys the config and the operator, and
// remembers both across restarts.
import type { CauseName } from "../../explain/explanation.ts";
import type { World } from "../../base/world.ts";
import type { SiteStore } from "../site-store.ts";
import { Line } from "./line.ts";
import { pacingLimits } from "./limits.ts";
import { Memory } from "./memory.ts";
import { Shares, type SharesParts } from "./shares.ts";
import { type Answer, type ClosedTimes, type NotNow, Site, type SiteRules, type Visit } from "./site.ts";
import { type DestinationRule, rulesFor } from "./site-rules.ts";
import { type DestinationStatus, statusOf } from "./status.ts";

export interface PacingSettings {
  readonly world: World;
  readonly defaults: SiteRules;
  readonly destinations?: readonly DestinationRule[];
  readonly closed?: Partial<ClosedTimes>;
  /** Without one, what is learnt ends with the process. */
  readonly store?: {
    readonly sites: SiteStore;
    /** Other nodes use it, too, under other names. */
    readonly sharedBy?: string;
    /** How long they may hold what they were given, and how often they ask again. */
    readonly shares?: { readonly leaseMs: number; readonly renewMs: number };
    readonly onFault: (error: unknown) => void;
  };
}

/** A delivery that wants to go to a site. */
export interface Caller {
  readonly site: string;
  /** Of the recipient. */
  readonly domain: string;
  /** Of the sender: the senders of a site take turns. */
  readonly lane: string;
  /** Names of the site's mail hosts. */
  readonly hosts: () => readonly string[];
  readonly addresses: () => readonly string[];
}

/** A delivery's time at the site, until it leaves with an answer. */
export class Stay {
  readonly #pacer: Pacer;
  readonly #site: Site;
  readonly #visit: Visit;

  constructor(pacer: Pacer, site: Site, visit: Visit) {
    this.#pacer = pacer;
    this.#site = site;
    this.#visit = visit;
  }

  /** A connection is to be had: why it is not to be used after all. */
  notNow(): NotNow | undefined {
    return this.#site.notNow(this.#pacer.now(), this.#visit);
  }

  /** A session is in use, until the disposal. */
  inSession(): Disposable {
    this.#site.sessions += 1;
    return { [Symbol.dispose]: () => (this.#site.sessions -= 1) };
  }

  /** How it went, and why not, once for each recipient that failed. */
  tell(answer: Answer, causes: readonly CauseName[] = []): void {
    for (const cause of causes) this.#site.causes.set(cause, (this.#site.causes.get(cause) ?? 0) + 1);
    this.#pacer.learn(this.#site, this.#visit, answer);
  }

  leave(): void {
    this.#site.leave(this.#visit);
  }
}

export type Admission =
  | { readonly kind: "in"; readonly stay: Stay }
  | { readonly kind: "away"; readonly notNow: NotNow };

export class Pacer implements AsyncDisposable {
  readonly #settings: PacingSettings;
  readonly #closed: ClosedTimes;
  readonly #sites = new Map<string, Site>();
  readonly #siteOf = new Map<string, Site>();
  readonly #lines = new Map<Site, Line>();
  readonly #stop = new AbortController();
  readonly #memory: Memory | undefined;
  readonly #shares: Shares | undefined;
  #tell: (site?: string) => void = () => {};
  #openTo: (site: string) => number = () => 0;

  constructor(settings: PacingSettings) {
    this.#settings = settings;
    const { world, store, closed } = settings;
    const { firstClosedMs, longestClosedMs } = pacingLimits;
    this.#closed = { firstMs: firstClosedMs, longestMs: longestClosedMs, ...closed };
    if (store === undefined) return;
    this.#memory = new Memory({ ...store, world }, this.#stop.signal);
    if (store.sharedBy === undefined) return;
    const parts: SharesParts = {
      leaseMs: pacingLimits.leaseMs,
      renewMs: pacingLimits.renewMs,
      ...store.shares,
      sites: store.sites,
      by: store.sharedBy,
      world,
      onFault: store.onFault,
      open: ({ name }) => this.#openTo(name),
      changed: ({ name }) => this.#tell(name),
    };
    this.#shares = new Shares(parts, this.#stop.signal);
  }

  /** What earlier runs learnt, and what the operator suspended. Rejects when the store does. */
  async restore(): Promise<void> {
    for (const record of (await this.#memory?.read()) ?? []) {
      const site = this.#site(record.site);
      if (record.learnt !== undefined) site.restore(record.learnt);
      if (record.suspended !== undefined) site.suspended = { words: record.suspended };
      for (const domain of record.domains) this.#know(site, domain);
      this.#forget(site);
    }
    this.#memory?.follow((site) => this.#site(site));
  }

  /**
   * `changed` is called when a site (or any) may be given more, or fewer, connections than before; `openTo` says how many
   * there are.
   */
  onChange(changed: (site?: string) => void, openTo: (site: string) => number = () => 0): void {
    this.#tell = changed;
    this.#openTo = openTo;
  }

  now(): number {
    return this.#settings.world.now();
  }

  /** Lets a delivery in, when its turn comes, or tells it when to come again. Rejects when `signal` aborts. */
  async admit(caller: Caller, signal: AbortSignal): Promise<Admission> {
    const site = this.#siteFor(caller);
    if (site.share === 0) {
      await this.#shares?.ask(site);
      this.#shares?.follow(site); // whatever becomes of the delivery, the share is renewed or given back
    }
    this.#forget(site);
    const now = this.now();
    const visit = site.visit(caller.addresses);
    const notNow = site.notNow(now, visit) ?? this.#beyondRate(site, caller.lane);
    if (notNow !== undefined) return { kind: "away", notNow };
    site.enter(visit, now);
    this.#shares?.follow(site);
    const stay = new Stay(this, site, visit);
    const line = this.#lines.get(site);
    if (line?.isEmpty !== false && site.take(now)) return { kind: "in", stay };
    try {
      const late = await this.#line(site).join(visit, caller.lane, signal);
      if (late === undefined) return { kind: "in", stay };
      stay.leave();
      return { kind: "away", notNow: late };
    } catch (error) {
      stay.leave();
      throw error;
    }
  }

  learn(site: Site, visit: Visit, answer: Answer): void {
    const before = site.connections;
    const { learnt } = site;
    const now = this.now();
    site.learn(visit, answer, now);
    if (site.learnt !== learnt) this.#memory?.changed(site);
    if (site.connections !== before) this.#tell(site.name);
    if (site.learnt.closure !== learnt.closure) this.#lines.get(site)?.turnAway(now);
  }

  /** For the pool of connections. */
  connectionsTo(site: string): number {
    return this.#sites.get(site)?.connections ?? this.#settings.defaults.maxConnections;
  }

  messagesPerConnection(site: string): number {
    return this.#sites.get(site)?.messagesPerConnection ?? this.#settings.defaults.maxMessagesPerConnection;
  }

  /** Its site has so much in hand that further mail for the domain is better left in the queue. */
  isSated(domain: string): boolean {
    return this.#siteOf.get(domain)?.isSated ?? false;
  }

  satedDomains(): string[] {
    return [...this.#sites.values()].filter(({ isSated }) => isSated).flatMap(({ domains }) => [...domains]);
  }

  /** Sites that do not answer are tried at once. */
  tryAll(): void {
    for (const site of this.#sites.values()) this.#reopen(site);
  }

  /** The same for one. */
  drain(name: string): void {
    this.#reopen(this.#site(name));
  }

  /** No mail goes there until it is resumed; lasts across restarts, and holds for all nodes. */
  async suspend(name: string, words: string): Promise<void> {
    const site = this.#site(name);
    await this.#settings.store?.sites.suspend(name, words);
    site.suspended = { words, since: this.now() };
    this.#memory?.changed(site);
    this.#lines.get(site)?.turnAway(this.now());
  }

  async resume(name: string): Promise<void> {
    const site = this.#site(name);
    await this.#settings.store?.sites.suspend(name, undefined);
    site.suspended = undefined;
    this.#reopen(site);
  }

  /** The site that a person means: by its name, by a domain it takes mail for, or by one of its hosts. */
  find(name: string): string | undefined {
    if (this.#sites.has(name)) return name;
    const known = this.#siteOf.get(name);
    return known?.name ?? this.#sites.values().find((site) => site.name.split(" ").includes(name))?.name;
  }

  domainsOf(name: string): readonly string[] {
    return [...(this.#sites.get(name)?.domains ?? [])];
  }

  /** All sites of which something is known; those in trouble first. */
  status(): DestinationStatus[] {
    const now = this.now();
    return [...this.#sites.values()].map((site) => statusOf(site, now)).toSorted((a, b) => rank(a) - rank(b));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#shares?.[Symbol.asyncDispose]();
    await this.#memory?.[Symbol.asyncDispose]();
  }

  /** Trouble that is long past. */
  #forget(site: Site): void {
    const { learnt } = site;
    site.forget(this.now());
    if (site.learnt !== learnt) this.#memory?.changed(site);
  }

  #reopen(site: Site): void {
    const { learnt } = site;
    site.reopen();
    if (site.learnt === learnt) return;
    this.#memory?.changed(site);
    this.#tell(site.name);
  }

  #siteFor({ site: name, domain, hosts }: Caller): Site {
    const site = this.#site(name);
    if (site.domains.has(domain) && this.#siteOf.get(domain) === site && site.isRuled) return site;
    this.#know(site, domain);
    const { destinations = [], defaults } = this.#settings;
    if (destinations.length > 0) site.rules = rulesFor(destinations, defaults, [...hosts(), ...site.domains]);
    site.isRuled = true;
    return site;
  }

  #site(name: string): Site {
    let site = this.#sites.get(name);
    if (site !== undefined) return site;
    const { world, defaults } = this.#settings;
    site = new Site(name, { rules: defaults, closed: this.#closed, random: () => world.random() });
    if (this.#shares) site.share = 0;
    this.#sites.set(name, site);
    if (this.#sites.size > pacingLimits.sites) this.#makeRoom();
    return site;
  }

  /** Forgets the oldest site that need not be remembered. */
  #makeRoom(): void {
    for (const site of this.#sites.values()) {
      this.#forget(site);
      if (site.inHand > 0 || site.isLearnt || site.suspended) continue;
      this.#sites.delete(site.name);
      this.#lines.delete(site);
      for (const domain of site.domains) if (this.#siteOf.get(domain) === site) this.#siteOf.delete(domain);
      return;
    }
  }

  #know(site: Site, domain: string): void {
    this.#siteOf.get(domain)?.domains.delete(domain);
    site.domains.add(domain);
    this.#siteOf.set(domain, site);
    if (site.domains.size <= pacingLimits.domainsPerSite) return;
    const [oldest] = site.domains;
    site.domains.delete(oldest!);
    this.#siteOf.delete(oldest!);
  }

  /** The rate has no place for it soon. */
  #beyondRate(site: Site, lane: string): NotNow | undefined {
    if (site.rate === Infinity || this.#line(site).hasRoom(lane)) return undefined;
    return site.book(this.now());
  }

  #line(site: Site): Line {
    let line = this.#lines.get(site);
    if (line === undefined) {
      line = new Line(site, this.#settings.world, this.#stop.signal);
      this.#lines.set(site, line);
    }
    return line;
  }
}

const ranks = { suspended: 0, closed: 1, slowed: 2, open: 3 } as const;

const rank = ({ state }: DestinationStatus): number => ranks[state];
