// Slots for connections, few per site and in total, first come first served; sessions that wait for the next message.

export interface PoolLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerSite: number;
  /** An unused session is kept so long. */
  readonly idleTimeoutMs: number;
}

/** What the pool asks of a session. */
export interface Pooled {
  /** Good for another message. */
  readonly isQuiet: boolean;
  /** Says goodbye and closes. Never rejects. */
  quit(): Promise<void>;
}

export interface Place {
  readonly site: string;
  /** Sessions of one key are interchangeable: same site, same TLS mode, same account. */
  readonly key: string;
}

/** The right to hold one connection; given back by one of three words. */
export interface Slot<T> {
  /** An open session that waited. */
  readonly idle: T | undefined;
  /** The session may be used again. */
  keep(session: T): void;
  /** The session is used up: the pool ends it. */
  retire(session: T): void;
  /** There is no connection any more. */
  release(): void;
}

interface Idle<T> {
  readonly place: Place;
  readonly session: T;
  readonly timer: NodeJS.Timeout;
}

interface Waiter<T> {
  readonly place: Place;
  /** Lower is older. */
  readonly ticket: number;
  readonly resolve: (slot: Slot<T>) => void;
}

interface Site<T> {
  /** Connections in use, idle or being closed. */
  open: number;
  readonly idle: Set<Idle<T>>;
  readonly waiters: Set<Waiter<T>>;
}

export class ConnectionPool<T extends Pooled> implements AsyncDisposable {
  readonly #limits: PoolLimits;
  readonly #sites = new Map<string, Site<T>>();
  /** Sites that have waiters. */
  readonly #crowded = new Set<Site<T>>();
  /** All idle sessions, the longest unused first. */
  readonly #idle = new Set<Idle<T>>();
  readonly #closing = new Set<Promise<void>>();
  #open = 0;
  #tickets = 0;
  #isClosed = false;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Connections in use, idle or being closed. */
  get open(): number {
    return this.#open;
  }

  /** Waits for its turn; rejects only when `signal` aborts. */
  async acquire(place: Place, signal: AbortSignal): Promise<Slot<T>> {
    signal.throwIfAborted();
    const site = this.#site(place.site);
    const slot = site.waiters.size === 0 ? this.#take(place) : undefined;
    if (slot) return slot;
    const { promise, resolve, reject } = Promise.withResolvers<Slot<T>>();
    this.#tickets += 1;
    const waiter: Waiter<T> = { place, ticket: this.#tickets, resolve };
    site.waiters.add(waiter);
    this.#crowded.add(site);
    this.#makeRoom(waiter);
    const abort = (): void => {
      this.#leave(waiter);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort);
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Closes what is idle now, and what is in use when it is released. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const idle of this.#idle) this.#close(idle);
    await Promise.all(this.#closing);
  }

  #site(name: string): Site<T> {
    let site = this.#sites.get(name);
    if (site === undefined) {
      site = { open: 0, idle: new Set(), waiters: new Set() };
      this.#sites.set(name, site);
    }
    return site;
  }

  #forget(name: string): void {
    const site = this.#sites.get(name);
    if (site?.open === 0 && site.waiters.size === 0) this.#sites.delete(name);
  }

  /** An idle session, or the right to make one. */
  #take(place: Place): Slot<T> | undefined {
    const site = this.#site(place.site);
    for (const idle of site.idle) {
      if (idle.place.key !== place.key) continue;
      if (!idle.session.isQuiet) {
        this.#close(idle); // it died while it waited
        continue;
      }
      this.#drop(idle);
      return this.#slot(place, idle.session);
    }
    if (site.open >= this.#limits.maxConnectionsPerSite || this.#open >= this.#limits.maxConnections) return undefined;
    site.open += 1;
    this.#open += 1;
    return this.#slot(place, undefined);
  }

  #slot(place: Place, idle: T | undefined): Slot<T> {
    return {
      idle,
      keep: (session) => {
        if (session.isQuiet && !this.#isClosed) this.#keep(place, session);
        else this.#end(place, session);
      },
      retire: (session) => this.#end(place, session),
      release: () => this.#free(place),
    };
  }

  #keep(place: Place, session: T): void {
    const idle: Idle<T> = {
      place,
      session,
      timer: setTimeout(() => this.#close(idle), this.#limits.idleTimeoutMs),
    };
    this.#idle.add(idle);
    this.#site(place.site).idle.add(idle);
    this.#serve();
  }

  #drop(idle: Idle<T>): void {
    clearTimeout(idle.timer);
    this.#idle.delete(idle);
    this.#site(idle.place.site).idle.delete(idle);
  }

  #close(idle: Idle<T>): void {
    this.#drop(idle);
    this.#end(idle.place, idle.session);
  }

  /** The slot is free when the connection is gone, not before: the server counts too. */
  #end(place: Place, session: T): void {
    const closed = session.quit().then(() => {
      this.#closing.delete(closed);
      return this.#free(place);
    });
    this.#closing.add(closed);
  }

  #free(place: Place): void {
    this.#site(place.site).open -= 1;
    this.#open -= 1;
    this.#forget(place.site);
    this.#serve();
  }

  /** The oldest waiter of each site, oldest first, as long as one can be served. */
  #serve(): void {
    if (this.#crowded.size === 0) return;
    const heads = [...this.#crowded].flatMap(({ waiters: [oldest] }) => oldest ?? []);
    for (const waiter of heads.sort((a, b) => a.ticket - b.ticket)) {
      const slot = this.#take(waiter.place);
      if (slot === undefined) {
        this.#makeRoom(waiter);
        continue;
      }
      this.#leave(waiter);
      waiter.resolve(slot);
    }
  }

  #leave(waiter: Waiter<T>): void {
    const site = this.#site(waiter.place.site);
    site.waiters.delete(waiter);
    if (site.waiters.size === 0) this.#crowded.delete(site);
    this.#forget(waiter.place.site);
  }

  /** Closes an idle session that stands in the way: of the same site, or else the longest unused of all. */
  #makeRoom({ place }: Waiter<T>): void {
    const site = this.#site(place.site);
    const isSiteFull = site.open >= this.#limits.maxConnectionsPerSite;
    const [inTheWay] = isSiteFull ? site.idle : this.#idle;
    if (inTheWay) this.#close(inTheWay);
  }
}
