// Slots for connections, few per site and in total, in which the senders of a site take turns; sessions that wait for
// the next message, and sessions that the next one may write to although the last reply is still to come.
import type { Instant, World } from "../base/world.ts";
import type { Place, SlotKeeper } from "./slot.ts";
import { Slot } from "./slot.ts";
import { Turns } from "./turns.ts";

export interface PoolLimits {
  /** In total. */
  readonly maxConnections: number;
  /** To one site; asked again each time, for it may change: then `reconsider`. */
  readonly connectionsTo: (site: string) => number;
  /** An unused session is kept so long. */
  readonly idleTimeoutMs: number;
  readonly world: World;
}

/**
 * A message waits so long for a session in use, rather than take another: fewer sessions that are written to without a
 * pause cost less than many that do nothing most of the time, on both sides.
 */
const patienceMs = 10;

/** The clock is too coarse to tell less. */
const quickestMs = 0.5;

/** What the pool asks of a session. */
interface Pooled {
  /** Good for another message. */
  readonly isQuiet: boolean;
  /** Says goodbye and closes. Never rejects. */
  quit(): Promise<void>;
}

interface Idle<T> {
  readonly place: Place;
  readonly session: T;
  readonly since: Instant;
}

interface Waiter<T> {
  readonly place: Place;
  /** Lower is older. */
  readonly ticket: number;
  readonly since: Instant;
  readonly resolve: (slot: Slot<T>) => void;
}

interface Site<T> {
  readonly name: string;
  /** Connections in use, idle or being closed. */
  open: number;
  /** The longest unused first; the last one is used again first, so that those that are too many grow old. */
  readonly idle: Idle<T>[];
  /** Slots whose session may be written to. */
  readonly offers: Set<Slot<T>>;
  readonly waiters: Turns<Waiter<T>>;
  /** From an offer to the last reply, lately. */
  replyMs: number;
}

export class ConnectionPool<T extends Pooled> implements AsyncDisposable {
  readonly #limits: PoolLimits;
  readonly #sites = new Map<string, Site<T>>();
  /** Sites that wait for a connection of the total; each that gets one goes to the end. */
  readonly #line = new Set<Site<T>>();
  /** Sites whose waiters need not wait, but had better. */
  readonly #patient = new Set<Site<T>>();
  /** All idle sessions, the longest unused first. */
  readonly #idle = new Set<Idle<T>>();
  readonly #closing = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #isSweeping = false;
  #isWatching = false;
  #open = 0;
  #tickets = 0;

  readonly #keeper: SlotKeeper<T> = {
    offer: (slot) => this.#offer(slot),
    answered: (slot, offeredAt) => this.#answered(slot, offeredAt),
    keep: (place, session) => this.#keep(place, session),
    retire: (place, session) => this.#end(this.#site(place.site), session),
    release: (place) => this.#free(this.#site(place.site)),
  };

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Connections in use, idle or being closed. */
  get open(): number {
    return this.#open;
  }

  /** Of those, to one site. */
  openTo(site: string): number {
    return this.#sites.get(site)?.open ?? 0;
  }

  /** Waits for its turn; rejects only when `signal` aborts. */
  async acquire(place: Place, signal: AbortSignal): Promise<Slot<T>> {
    signal.throwIfAborted();
    const site = this.#site(place.site);
    const slot = site.waiters.size === 0 ? this.#takeOrWait(site, place) : undefined;
    if (slot) return slot;
    const { promise, resolve, reject } = Promise.withResolvers<Slot<T>>();
    this.#tickets += 1;
    const waiter: Waiter<T> = { place, ticket: this.#tickets, since: this.#limits.world.now(), resolve };
    this.#enter(site, waiter);
    const abort = (): void => {
      this.#leave(site, waiter);
      this.#forget(site);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort);
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** The limit of a site, or of any, has changed: serves those that wait, closes what is idle and too much. */
  reconsider(name?: string): void {
    const sites = name === undefined ? this.#sites.values() : [this.#sites.get(name)];
    for (const site of sites) {
      if (site === undefined) continue;
      const surplus = Math.max(0, site.open - this.#limits.connectionsTo(site.name));
      for (const idle of site.idle.slice(0, surplus)) this.#close(site, idle);
      this.#serve(site);
    }
  }

  /** Closes what is idle now, and what is in use when it is released. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    for (const idle of this.#idle) this.#close(this.#site(idle.place.site), idle);
    await Promise.all(this.#closing);
  }

  #site(name: string): Site<T> {
    let site = this.#sites.get(name);
    if (site === undefined) {
      site = { name, open: 0, idle: [], offers: new Set(), waiters: new Turns(), replyMs: Infinity };
      this.#sites.set(name, site);
    }
    return site;
  }

  #forget(site: Site<T>): void {
    if (site.open === 0 && site.waiters.size === 0) this.#sites.delete(site.name);
  }

  /** Undefined: wait, by need or by choice. */
  #takeOrWait(site: Site<T>, place: Place): Slot<T> | undefined {
    return this.#follow(site, place) ?? (this.#isWorthWaiting(site) ? undefined : this.#take(site, place));
  }

  #isWorthWaiting({ open, idle, waiters, replyMs }: Site<T>): boolean {
    const inUse = open - idle.length;
    return ((waiters.size + 1) * replyMs) / inUse < patienceMs;
  }

  /** A session that was offered, of a peer that answers soon. */
  #follow(site: Site<T>, place: Place): Slot<T> | undefined {
    if (site.offers.size === 0 || site.replyMs > patienceMs) return undefined;
    return site.open > this.#limits.connectionsTo(site.name) ? undefined : this.#takeOffer(site, place);
  }

  #takeOffer(site: Site<T>, place: Place): Slot<T> | undefined {
    for (const offer of site.offers) if (offer.place.key === place.key) return this.#passOn(site, offer, place);
    return undefined;
  }

  /** An idle session, the right to make one, or else one that was offered. */
  #take(site: Site<T>, place: Place): Slot<T> | undefined {
    const limit = this.#limits.connectionsTo(site.name);
    if (site.open > limit) return undefined;
    for (let at = site.idle.length - 1; at >= 0; at -= 1) {
      const idle = site.idle[at]!;
      if (idle.place.key !== place.key) continue;
      if (idle.session.isQuiet) {
        this.#drop(site, idle);
        return this.#slot(place, idle.session);
      }
      this.#close(site, idle); // it died while it waited
    }
    if (site.open >= limit || this.#open >= this.#limits.maxConnections) return this.#takeOffer(site, place);
    site.open += 1;
    this.#open += 1;
    return this.#slot(place, undefined);
  }

  #slot(place: Place, session: T | undefined): Slot<T> {
    return new Slot(this.#keeper, place, session);
  }

  #passOn(site: Site<T>, offer: Slot<T>, to: Place): Slot<T> {
    site.offers.delete(offer);
    return offer.passOn(to);
  }

  #offer(slot: Slot<T>): Instant {
    const site = this.#site(slot.place.site);
    const next = site.waiters.next;
    if (next === undefined) site.offers.add(slot);
    else if (this.#maySucceed(site, next, slot.place)) {
      this.#leave(site, next);
      next.resolve(this.#passOn(site, slot, next.place));
    }
    return this.#limits.world.now();
  }

  #answered(slot: Slot<T>, offeredAt: Instant): void {
    const site = this.#sites.get(slot.place.site); // gone, if the slot was passed on and given back
    if (site === undefined) return;
    const replyMs = Math.max(quickestMs, this.#limits.world.now() - offeredAt);
    site.replyMs = site.replyMs === Infinity ? replyMs : 0.8 * site.replyMs + 0.2 * replyMs;
    site.offers.delete(slot);
  }

  /** A session goes from one message straight to the next of its site, unless that is unfair to others. */
  #maySucceed(site: Site<T>, next: Waiter<T>, { key }: Place): boolean {
    if (this.#closed.signal.aborted || next.place.key !== key) return false;
    if (site.open > this.#limits.connectionsTo(site.name)) return false;
    const [first] = this.#line;
    const isOvertaken = first !== undefined && first.waiters.next!.ticket < next.ticket;
    return !isOvertaken || this.#closing.size >= this.#line.size; // room for them is being made
  }

  #keep(place: Place, session: T): void {
    const site = this.#site(place.site);
    const next = site.waiters.next;
    if (!session.isQuiet || this.#closed.signal.aborted) return this.#end(site, session);
    if (next === undefined) {
      if (site.open > this.#limits.connectionsTo(site.name)) return this.#end(site, session);
      const idle: Idle<T> = { place, session, since: this.#limits.world.now() };
      site.idle.push(idle);
      this.#idle.add(idle);
      if (this.#line.size > this.#closing.size) this.#close(site, idle); // others wait for a connection
      else if (!this.#isSweeping) void this.#sweep();
    } else if (this.#maySucceed(site, next, place)) {
      this.#leave(site, next);
      next.resolve(this.#slot(next.place, session));
    } else this.#end(site, session);
  }

  /** Ends idle sessions when their time has come; one sleeper for all of them. */
  async #sweep(): Promise<void> {
    const { world, idleTimeoutMs } = this.#limits;
    this.#isSweeping = true;
    for (let [oldest] = this.#idle; oldest !== undefined; [oldest] = this.#idle) {
      const restMs = oldest.since + idleTimeoutMs - world.now();
      if (restMs > 0) await world.sleep(restMs, this.#closed.signal);
      else this.#close(this.#site(oldest.place.site), oldest);
    }
    this.#isSweeping = false;
  }

  #drop(site: Site<T>, idle: Idle<T>): void {
    this.#idle.delete(idle);
    site.idle.splice(site.idle.indexOf(idle), 1);
  }

  #close(site: Site<T>, idle: Idle<T>): void {
    this.#drop(site, idle);
    this.#end(site, idle.session);
  }

  /** The slot is free when the connection is gone, not before: the server counts too. */
  #end(site: Site<T>, session: T): void {
    const closed = session.quit().then(() => {
      this.#closing.delete(closed);
      return this.#free(site);
    });
    this.#closing.add(closed);
  }

  #free(site: Site<T>): void {
    site.open -= 1;
    this.#open -= 1;
    this.#forget(site);
    this.#serve(site);
  }

  /** Room was made: the sites in line take turns; each that is full itself waits for a connection of its own. */
  #serve(site: Site<T>): void {
    if (site.waiters.size > 0) this.#line.add(site);
    for (const next of this.#line) {
      if (this.#isWorthWaiting(next)) this.#wait(next);
      else if (!this.#serveNext(next)) {
        this.#makeRoom(next);
        if (this.#open >= this.#limits.maxConnections) return;
        this.#line.delete(next);
      }
    }
  }

  #serveNext(site: Site<T>): boolean {
    const waiter = site.waiters.next!;
    const slot = this.#take(site, waiter.place);
    if (slot === undefined) return false;
    this.#leave(site, waiter);
    waiter.resolve(slot);
    return true;
  }

  #wait(site: Site<T>): void {
    this.#line.delete(site);
    this.#patient.add(site);
    if (!this.#isWatching) void this.#watch();
  }

  /** A session that was worth waiting for may take its time after all. */
  async #watch(): Promise<void> {
    const { world } = this.#limits;
    this.#isWatching = true;
    while (this.#patient.size > 0 && !this.#closed.signal.aborted) {
      await world.sleep(patienceMs, this.#closed.signal);
      const before = world.now() - patienceMs;
      for (const site of this.#patient) {
        while (site.waiters.size > 0 && site.waiters.next!.since <= before && this.#serveNext(site));
        if (site.waiters.size > 0 && site.waiters.next!.since > before) continue;
        this.#patient.delete(site);
        if (site.waiters.size > 0) this.#queue(site);
      }
    }
    this.#isWatching = false;
  }

  #enter(site: Site<T>, waiter: Waiter<T>): void {
    const isWorthWaiting = this.#isWorthWaiting(site);
    site.waiters.add(waiter);
    if (isWorthWaiting) this.#wait(site);
    else if (!this.#serveNext(site)) this.#queue(site);
  }

  #queue(site: Site<T>): void {
    if (site.open < this.#limits.connectionsTo(site.name)) this.#line.add(site);
    this.#makeRoom(site);
  }

  /** Its lane and its site have had their turn. */
  #leave(site: Site<T>, waiter: Waiter<T>): void {
    site.waiters.delete(waiter);
    if (this.#line.delete(site) && site.waiters.size > 0) this.#line.add(site);
  }

  /** Closes an idle session that stands in the way: of the same site, or else the longest unused of all. */
  #makeRoom(site: Site<T>): void {
    const isSiteFull = site.open >= this.#limits.connectionsTo(site.name);
    const [inTheWay] = isSiteFull ? site.idle : this.#idle;
    if (inTheWay) this.#close(this.#site(inTheWay.place.site), inTheWay);
  }
}
