// The store that nodes share: the memory driver behind a network that can fail. It outlives every node's crash.
import type { Instant } from "../src/base/world.ts";
import type { SiteStore } from "../src/deliver/site-store.ts";
import type { HistoryStore } from "../src/journal/history.ts";
import type { Delivery, Lease, NewMessage, QueueAction, QueueFilter, QueueStore } from "../src/queue/store.ts";
import { MemorySites } from "../src/storage/memory/sites.ts";
import { openMemory } from "../src/storage/memory/store.ts";
import type { Clock, Process } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Ledger } from "./ledger.ts";

/** A fault that the simulation made: nobody's bug. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
}

/** What happens to the leases of a process that is not heard of any more. */
export type LeaseRule =
  /** They last to their end. */
  | "expire"
  /** One node: the next start ends them. */
  | "recover"
  /** They end when it was not heard of for a while. */
  | "heartbeat";

export interface StoreParts {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly ledger: Ledger;
  readonly leaseRule: LeaseRule;
  readonly say: (text: () => string) => void;
  /** In place of the memory driver. */
  readonly inner?: Store & SiteStore;
  /** Of single calls: fails before, or after it took effect. */
  readonly faultRate: () => number;
}

export const storeLimits = {
  hangMs: 30_000, // a call that gets no answer fails after this
  silentMs: 30_000, // a node that was not heard of for so long has lost its leases
} as const;

type Store = QueueStore & HistoryStore;

interface Outage {
  readonly kind: "fail" | "hang";
  readonly until: Instant;
  /** All, or one. */
  readonly of?: Process;
}

export class SharedStore {
  readonly #parts: StoreParts;
  readonly #inner: Store;
  readonly #sites: SiteStore;
  readonly #processes = new Map<string, Process>();
  #outages: Outage[] = [];

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#inner = parts.inner ?? openMemory();
    this.#sites = parts.inner ?? new MemorySites();
  }

  /** For the simulation itself: no faults, no delay. */
  get inner(): Store {
    return this.#inner;
  }

  breakDown(outage: Outage): void {
    this.#outages.push(outage);
    const hit = outage.of ? [outage.of] : this.#processes.values();
    for (const process of hit) process.cutOffUntil = Math.max(process.cutOffUntil, outage.until);
  }

  isReachable(process: Process): boolean {
    return this.#outage(process) === undefined;
  }

  /** A process died, froze or was cut off: its leases may end. */
  lost(process: Process): void {
    if (this.#parts.leaseRule !== "heartbeat") return;
    this.#parts.clock.planFor(undefined, storeLimits.silentMs, () => {
      const { now } = this.#parts.clock;
      const isHeard = process.isAlive && process.frozenUntil <= now && this.isReachable(process);
      if (!isHeard) void this.#endLeases(process);
    });
  }

  /** What one process sees; `by` is the name of its worker. */
  connect(process: Process, by: string): Store {
    this.#processes.set(by, process);
    const inner = this.#inner;
    const { ledger, clock } = this.#parts;
    const call = <T>(run: () => Promise<T>): Promise<T> => this.#call(process, run);
    const ask = <T>(run: () => Promise<T>): Promise<T> => this.#ask(process, run);
    return {
      compose: () => inner.compose(),
      keep: (message, lease) => call(() => this.#keep(message, process, lease)),
      claim: (request) =>
        call(async () => {
          const deliveries = await inner.claim(request);
          const lease = { by: request.by, until: request.now + request.leaseMs };
          ledger.claimed(deliveries, process, { lease, now: request.now });
          return deliveries;
        }),
      settle: (settlements, events, notices) =>
        call(async () => {
          await inner.settle(settlements, events, notices);
          const noticeDeliveries = await Promise.all(notices.map((notice) => this.#deliveriesOf(notice)));
          ledger.settled(process, by, { settlements, events, notices, noticeDeliveries, now: clock.now });
        }),
      read: (queueId) => ask(() => inner.read(queueId)),
      nextDueAt: () => ask(() => inner.nextDueAt()),
      list: (...query) => ask(() => inner.list(...query)),
      count: (filter) => ask(() => inner.count(filter)),
      change: (...how) => call(() => inner.change(...how)),
      recover: (name) => call(() => this.#recover(name)),
      record: (events) => call(() => inner.record(events)),
      story: (queueId) => ask(() => inner.story(queueId)),
      find: (...query) => ask(() => inner.find(...query)),
      prune: (...how) => call(() => inner.prune(...how)),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** What nodes know of destinations. */
  connectSites(process: Process): SiteStore {
    const sites = this.#sites;
    return {
      sites: () => this.#ask(process, () => sites.sites()),
      saveLearnt: (records) => this.#call(process, () => sites.saveLearnt(records)),
      suspend: (...how) => this.#call(process, () => sites.suspend(...how)),
      share: (...how) =>
        this.#call(process, async () => {
          const given = await sites.share(...how);
          const [by, requests] = how;
          this.#parts.say(
            () =>
              `${by} asks ${requests.map(({ site, wanted }, i) => `${site}: ${wanted}, gets ${given[i]}`).join("; ")}`,
          );
          return given;
        }),
    };
  }

  /** By the operator. */
  async change(filter: QueueFilter, action: QueueAction): Promise<void> {
    const { ledger, clock } = this.#parts;
    const before = await this.#inner.list(filter, 1_000_000);
    await this.#inner.change(filter, action, clock.now);
    const left = new Set((await this.#inner.list(filter, 1_000_000)).map(({ deliveryId }) => deliveryId));
    for (const { deliveryId } of before) if (!left.has(deliveryId)) ledger.dropped(deliveryId);
  }

  async #keep(message: NewMessage, process: Process, lease: Lease | undefined): Promise<Delivery[]> {
    const deliveries = await this.#inner.keep(message, lease);
    this.#parts.ledger.kept(message, deliveries, lease && { process, lease });
    return deliveries;
  }

  /** Empty when it was not kept: the settlements were of deliveries that are gone. */
  #deliveriesOf({ message: { queueId } }: NewMessage): Promise<Delivery[]> {
    return this.#inner.list({ queueId }, 1_000);
  }

  async #recover(by: string): Promise<number> {
    if (this.#parts.leaseRule !== "recover") return 0;
    const ended = await this.#inner.recover(by);
    this.#parts.ledger.leasesEnded((holder) => holder !== this.#processes.get(by));
    return ended;
  }

  async #endLeases(process: Process): Promise<void> {
    const { ledger, clock } = this.#parts;
    const held = [...ledger.queued.values()].filter(({ holder }) => holder?.process === process);
    for (const { deliveryId, holder } of held) {
      const [queued] = await this.#inner.list({}, 1, deliveryId - 1);
      const { delayNoticeSent } = queued!;
      const because = { kind: "internal", text: "the node was not heard of" } as const;
      const next = { kind: "deferred", dueAt: clock.now, because, delayNoticeSent, attempted: false } as const;
      await this.#inner.settle([{ deliveryId, by: holder!.lease.by, next }], [], []);
    }
    ledger.leasesEnded((holder) => holder === process);
  }

  #outage(process: Process): Outage | undefined {
    const { now } = this.#parts.clock;
    this.#outages = this.#outages.filter(({ until }) => until > now);
    return this.#outages.find(({ of }) => of === undefined || of === process);
  }

  /** There and back; what has left a process that died meanwhile still arrives. */
  #call<T>(process: Process, run: () => Promise<T>): Promise<T> {
    const { clock, dice, faultRate } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const latencyMs = dice.between(0.2, 2);
    const answer = (tell: () => void, ms = latencyMs): void => void clock.planFor(process, ms, tell);
    const fail = (text: string, ms?: number): void => answer(() => reject(new StoreFault(text)), ms);
    clock.planFor(undefined, latencyMs, () => {
      const outage = this.#outage(process);
      if (outage?.kind === "hang") return fail("the store does not answer", storeLimits.hangMs);
      if (outage || dice.chance(faultRate())) return fail("the store is out of reach");
      const losesAnswer = dice.chance(faultRate());
      return void run().then(
        (value) => (losesAnswer ? fail("the connection to the store was lost") : answer(() => resolve(value))),
        (error: unknown) => answer(() => reject(error)),
      );
    });
    return promise;
  }

  /** What changes nothing is one event instead of two: there are many. */
  #ask<T>(process: Process, run: () => Promise<T>): Promise<T> {
    const { clock, dice, faultRate } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    clock.planFor(process, dice.between(0.4, 4), () => {
      const outage = this.#outage(process);
      const fail = (): void => reject(new StoreFault("the store could not be asked"));
      if (outage?.kind === "hang") return void clock.planFor(process, storeLimits.hangMs, fail);
      if (outage || dice.chance(faultRate())) return fail();
      return void run().then(resolve, reject);
    });
    return promise;
  }
}
