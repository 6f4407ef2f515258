// The worker: claims due deliveries and hands them to the journey, within limits; sleeps until the next falls due.
import type { Instant, World } from "../base/world.ts";
import { domainOf } from "../mail/address.ts";
import type { Delivery, QueueStore } from "./store.ts";

export const workerLimits = {
  claim: 500, // deliveries per claim: large enough to share the cost, small enough to be fair
  inFlight: 2_000, // deliveries in hand at once: bounds memory
  perDomain: 400, // of them to one domain, so that a slow one leaves room for the others
  leaseMs: 60 * 60_000, // longer than any attempt may last
  attemptMs: 50 * 60_000, // an attempt is ended before its lease does
  sweepMs: 60_000, // how often overdue attempts are looked for
  idleMs: 60_000, // look again at least so often, whatever the store says
  faultMs: 1_000, // pause after the store failed
} as const;

export interface WorkerParts {
  readonly queue: QueueStore;
  readonly world: World;
  /** Name of this worker in leases; a new one at each start. */
  readonly by: string;
  /** Attempts all deliveries given (of one message) and settles them. Must not reject. */
  readonly attempt: (deliveries: readonly Delivery[], ending: Ending) => Promise<void>;
  /** The store failed, or an attempt did: for the log. */
  readonly onFault: (error: unknown) => void;
}

/** Why an attempt may have to end before it is through. */
export interface Ending {
  /** It has taken too long, or Waybill stops: no more work on it. */
  readonly signal: AbortSignal;
  /** Waybill stops: what is not settled now waits for the next start. */
  readonly stopping: AbortSignal;
}

interface Attempt {
  readonly controller: AbortController;
  /** performance.now() */
  readonly startedAt: number;
  readonly ended: Promise<void>;
}

export class Worker {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  /** The grace for what is in flight is over. */
  readonly #stopping = new AbortController();
  readonly #inFlight = new Map<number, Delivery>();
  readonly #perDomain = new Map<string, number>();
  #bell = new AbortController();
  #loop: Promise<void> | undefined;
  #sweep: NodeJS.Timeout | undefined;
  readonly #attempts = new Set<Attempt>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
    this.#sweep = setInterval(() => this.#endOverdueAttempts(), workerLimits.sweepMs).unref();
  }

  /** Something may be due: look now. */
  wake(): void {
    this.#bell.abort("look again"); // a reason of our own, for the default one is an Error with a stack
  }

  /** Deliveries being attempted now. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Claims nothing more, lets attempts finish for `graceMs`, then ends them; their leases end with the next start. */
  async close(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#loop;
    const timer = setTimeout(() => {
      this.#stopping.abort();
      this.#endAttempts(() => true);
    }, graceMs);
    while (this.#attempts.size > 0) await Promise.race([...this.#attempts].map(({ ended }) => ended));
    clearTimeout(timer);
    clearInterval(this.#sweep);
  }

  #endOverdueAttempts(): void {
    const startedBefore = performance.now() - workerLimits.attemptMs;
    this.#endAttempts(({ startedAt }) => startedAt < startedBefore);
  }

  #endAttempts(which: (attempt: Attempt) => boolean): void {
    for (const attempt of this.#attempts) if (which(attempt)) attempt.controller.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#bell = new AbortController();
      try {
        const lookedAt = this.#parts.world.now();
        const limit = Math.min(this.#room(), workerLimits.claim);
        const claimed = limit > 0 ? await this.#claim(lookedAt, limit) : [];
        this.#dispatch(claimed);
        // fewer than asked for: nothing more is due, unless the bell has rung since
        if (claimed.length < limit || limit === 0) await this.#rest(lookedAt);
      } catch (error) {
        this.#parts.onFault(error);
        await this.#parts.world.sleep(workerLimits.faultMs, this.#stop.signal);
      }
    }
  }

  #room(): number {
    return workerLimits.inFlight - this.#inFlight.size;
  }

  #busyDomains(): string[] {
    return [...this.#perDomain].filter(([, count]) => count >= workerLimits.perDomain).map(([domain]) => domain);
  }

  async #claim(now: Instant, limit: number): Promise<Delivery[]> {
    const { queue, by } = this.#parts;
    const { leaseMs } = workerLimits;
    const claimed = await queue.claim({ by, now, leaseMs, limit, exceptDomains: this.#busyDomains() });
    // with attempts unchanged, it is a lease that ended while we still try; else it was settled, and is due again
    return claimed.filter(({ deliveryId, attempts }) => this.#inFlight.get(deliveryId)?.attempts !== attempts);
  }

  #dispatch(claimed: readonly Delivery[]): void {
    for (const deliveries of Map.groupBy(claimed, ({ message }) => message.queueId).values()) {
      for (const delivery of deliveries) this.#count(delivery, 1);
      const controller = new AbortController();
      const ended = this.#parts
        .attempt(deliveries, { signal: controller.signal, stopping: this.#stopping.signal })
        .catch((error: unknown) => this.#parts.onFault(error)) // a bug: the lease ends, and it is tried again
        .finally(() => {
          for (const delivery of deliveries) this.#count(delivery, -1);
          this.#attempts.delete(attempt);
          this.wake();
        });
      const attempt = { controller, startedAt: performance.now(), ended };
      this.#attempts.add(attempt);
    }
  }

  #count(delivery: Delivery, by: 1 | -1): void {
    const { deliveryId } = delivery;
    if (by === 1) this.#inFlight.set(deliveryId, delivery);
    else if (this.#inFlight.get(deliveryId) === delivery) this.#inFlight.delete(deliveryId);
    const domain = domainOf(delivery.recipient.address);
    const count = (this.#perDomain.get(domain) ?? 0) + by;
    if (count > 0) this.#perDomain.set(domain, count);
    else this.#perDomain.delete(domain);
  }

  /** Until the next due time, a wake-up, or the longest rest; `lookedAt`: when nothing was found. */
  async #rest(lookedAt: Instant): Promise<void> {
    const { queue, world } = this.#parts;
    const bell = AbortSignal.any([this.#bell.signal, this.#stop.signal]);
    const dueAt = (await queue.nextDueAt()) ?? world.now() + workerLimits.idleMs;
    // what is due now but was not claimed is beyond our limits: an attempt that ends rings the bell
    const overdue = dueAt <= lookedAt;
    const waitMs = overdue ? workerLimits.faultMs : Math.min(dueAt - world.now(), workerLimits.idleMs);
    await world.sleep(waitMs, bell);
  }
}
