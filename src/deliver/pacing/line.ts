// Who waits for a site's rate to let the next message go: few, for a short time, and its senders take turns.
import type { Instant, World } from "../../base/world.ts";
import { pacingLimits } from "./limits.ts";
import type { NotNow, Site, Visit } from "./site.ts";

interface Waiter {
  readonly visit: Visit;
  readonly resolve: (notNow: NotNow | undefined) => void;
}

/** Lanes of one line: more senders at once than this are not waited with in memory. */
const mostLanes = 100;

export class Line {
  readonly #site: Site;
  readonly #world: Pick<World, "now" | "sleep">;
  readonly #stop: AbortSignal;
  /** Waiters, oldest first; the lane whose turn it is stands first. */
  readonly #lanes = new Map<string, Set<Waiter>>();
  #serving = false;

  constructor(site: Site, world: Pick<World, "now" | "sleep">, stop: AbortSignal) {
    this.#site = site;
    this.#world = world;
    this.#stop = stop;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** A sender that waits with nothing may always join; others as far as the rate will serve them soon. */
  hasRoom(lane: string): boolean {
    const lanes = this.#lanes.size;
    const waiters = this.#lanes.get(lane);
    if (waiters === undefined) return lanes < mostLanes;
    return waiters.size < (this.#site.rate * pacingLimits.lineMs) / 60_000 / lanes;
  }

  /** Waits for its turn, or for why there is none; rejects when `signal` aborts. */
  async join(visit: Visit, lane: string, signal: AbortSignal): Promise<NotNow | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<NotNow | undefined>();
    const waiter: Waiter = { visit, resolve };
    const waiters = this.#lanes.get(lane) ?? new Set();
    this.#lanes.set(lane, waiters.add(waiter));
    const abort = (): void => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#lanes.get(lane) === waiters) this.#lanes.delete(lane);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort);
    if (!this.#serving) void this.#serve();
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** The site was closed: nobody gets a turn. */
  turnAway(now: Instant): void {
    const waiters = [...this.#lanes.values()].flatMap((lane) => [...lane]);
    this.#lanes.clear();
    for (const { visit, resolve } of waiters) resolve(this.#site.notNow(now, visit));
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    while (this.#lanes.size > 0) {
      const now = this.#world.now();
      const waitMs = this.#site.nextAt(now) - now;
      // a stop of ours ends the waiters by their own signals
      if (waitMs > 0) await this.#world.sleep(Math.min(waitMs, pacingLimits.lineMs), this.#stop); // the rate may change
      if (this.#stop.aborted) break;
      if (this.#lanes.size > 0 && this.#site.take(this.#world.now())) this.#next();
    }
    this.#serving = false;
  }

  #next(): void {
    const [turn] = this.#lanes;
    if (turn === undefined) return;
    const [lane, waiters] = turn;
    const [waiter] = waiters;
    waiters.delete(waiter!);
    this.#lanes.delete(lane);
    if (waiters.size > 0) this.#lanes.set(lane, waiters);
    waiter!.resolve(this.#site.notNow(this.#world.now(), waiter!.visit));
  }
}
