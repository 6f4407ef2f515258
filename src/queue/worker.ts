// The worker: takes what was kept just now, claims what has fallen due, and hands both to the journey, within limits.
import type { Instant, World } from "../base/world.ts";
import { domainOf } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Delivery, Lease, WorkStore } from "./store.ts";

export const workerLimits = {
  claim: 500, // deliveries per claim: large enough to share the cost, small enough to be fair
  inFlight: 2_000, // deliveries in hand at once: bounds memory
  claimed: 1_500, // of them from the queue: the rest is for mail that was kept just now, whatever the backlog
  perDomain: 400, // of them to one domain, so that a slow one leaves room for the others
  roomToClaim: 100, // as soon as so many ended, more are claimed: one at a time would cost a claim each
  leaseMs: 60 * 60_000, // longer than any attempt may last
  attemptMs: 50 * 60_000, // an attempt is ended before its lease does
  sweepMs: 60_000, // how often overdue attempts are looked for
  idleMs: 60_000, // look again at least so often, whatever the store says
  faultMs: 1_000, // pause after the store failed
} as const;

interface WorkerParts {
  readonly queue: WorkStore;
  readonly world: World;
  /** Name of this worker in leases; a new one at each start. */
  readonly by: string;
  /** Attempts all deliveries given (of one message) and settles them. Must not reject. */
  readonly attempt: (deliveries: readonly Delivery[], ending: Ending) => Promise<void>;
  /** The store failed, or an attempt did: for the log. */
  readonly onFault: (error: unknown) => void;
  /** Something is due that our limits keep us from claiming: others may have room for it. */
  readonly onBeyond?: () => void;
  /** Which recipient domains have so much in hand already that further mail is better left in the queue. */
  readonly sated?: { isSated(domain: string): boolean; satedDomains(): readonly string[] };
}

/** Why an attempt may have to end before it is through. */
export interface Ending {
  /** It has taken too long, or Waybill stops: no more work on it. */
  readonly signal: AbortSignal;
  /** Waybill stops: what is not settled now waits for the next start. */
  readonly stopping: AbortSignal;
  /** To be told of deliveries that were settled, for they may be due again before all of their message are. */
  readonly settled?: (deliveries: readonly Delivery[]) => void;
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
  /** Of those in flight, how many came from the queue. */
  #claimed = 0;
  /** Something was due that our limits kept us from claiming. */
  #hungry = false;
  /** When to look at the queue again. */
  #lookAt: Instant = 0;
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

  /** Something is due, now or at an instant to come. */
  wake(at: Instant = 0): void {
    if (at >= this.#lookAt) return;
    this.#lookAt = at;
    this.#bell.abort("look again"); // a reason of our own, for the default one is an Error with a stack
  }

  /** For deliveries that are about to be kept: with room for them, the right to attempt them at once. */
  lease(recipients: readonly Recipient[]): Lease | undefined {
    if (this.#stop.signal.aborted || this.#inFlight.size + recipients.length > workerLimits.inFlight) return undefined;
    const isBusy = recipients.some(({ address }) => this.#isBusy(domainOf(address)));
    return isBusy ? undefined : { by: this.#parts.by, until: this.#parts.world.now() + workerLimits.leaseMs };
  }

  /** Attempts deliveries of one message that were kept with our lease. */
  take(deliveries: readonly Delivery[]): void {
    this.#attempt(deliveries, () => {});
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

  /** Others may have our deliveries now: attempts end where they are, as far as that is possible. */
  endAttempts(): void {
    this.#endAttempts(() => true);
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
      this.#lookAt = this.#parts.world.now() + workerLimits.idleMs; // from here on, earlier calls of wake() count
      try {
        const lookedAt = this.#parts.world.now();
        const limit = Math.min(this.#room(), workerLimits.claim);
        const claimed = limit > 0 ? await this.#claim(lookedAt, limit) : [];
        this.#dispatch(claimed);
        // fewer than asked for: nothing more is due, unless somebody has called since
        if (claimed.length < limit || limit === 0) await this.#rest(lookedAt);
      } catch (error) {
        this.#parts.onFault(error);
        await this.#parts.world.sleep(workerLimits.faultMs, this.#stop.signal);
      }
    }
  }

  #room(): number {
    return Math.max(0, Math.min(workerLimits.inFlight - this.#inFlight.size, workerLimits.claimed - this.#claimed));
  }

  #isBusy(domain: string): boolean {
    const count = this.#perDomain.get(domain) ?? 0;
    return count >= workerLimits.perDomain || (this.#parts.sated?.isSated(domain) ?? false);
  }

  #busyDomains(): string[] {
    const busy = [...this.#perDomain].filter(([, count]) => count >= workerLimits.perDomain).map(([domain]) => domain);
    const sated = this.#parts.sated?.satedDomains() ?? [];
    return sated.length === 0 ? busy : [...new Set([...busy, ...sated])];
  }

  async #claim(now: Instant, limit: number): Promise<Delivery[]> {
    const { queue, by } = this.#parts;
    const { leaseMs } = workerLimits;
    const claimed = await queue.claim({ by, now, leaseMs, limit, exceptDomains: this.#busyDomains() });
    // a lease that ended while we still try; with attempts changed, it was settled a moment ago, and is due again
    return claimed.filter(({ deliveryId, attempts }) => this.#inFlight.get(deliveryId)?.attempts !== attempts);
  }

  #dispatch(claimed: readonly Delivery[]): void {
    for (const deliveries of Map.groupBy(claimed, ({ message }) => message.queueId).values()) {
      this.#claimed += deliveries.length;
      this.#attempt(deliveries, () => (this.#claimed -= deliveries.length));
    }
  }

  #attempt(deliveries: readonly Delivery[], ended: () => void): void {
    for (const delivery of deliveries) this.#count(delivery, 1);
    const controller = new AbortController();
    const attempt: Attempt = {
      controller,
      startedAt: performance.now(),
      ended: this.#parts
        .attempt(deliveries, {
          signal: controller.signal,
          stopping: this.#stopping.signal,
          settled: (some) => some.forEach((delivery) => this.#putDown(delivery)),
        })
        .catch((error: unknown) => this.#parts.onFault(error)) // a bug: the lease ends, and it is tried again
        .finally(() => {
          for (const delivery of deliveries) this.#count(delivery, -1);
          this.#attempts.delete(attempt);
          ended();
          if (this.#hungry && this.#room() >= workerLimits.roomToClaim) this.wake();
        }),
    };
    this.#attempts.add(attempt);
  }

  #count(delivery: Delivery, by: 1 | -1): void {
    if (by === 1) this.#inFlight.set(delivery.deliveryId, delivery);
    else this.#putDown(delivery);
    const domain = domainOf(delivery.recipient.address);
    const count = (this.#perDomain.get(domain) ?? 0) + by;
    if (count > 0) this.#perDomain.set(domain, count);
    else this.#perDomain.delete(domain);
    if (by === -1 && this.#hungry && count === workerLimits.perDomain - workerLimits.roomToClaim) this.wake();
  }

  #putDown(delivery: Delivery): void {
    const { deliveryId } = delivery;
    if (this.#inFlight.get(deliveryId) === delivery) this.#inFlight.delete(deliveryId);
  }

  /** Until the next due time, a call, or the longest rest; `lookedAt`: when nothing was found. */
  async #rest(lookedAt: Instant): Promise<void> {
    const { queue, world } = this.#parts;
    const dueAt = (await queue.nextDueAt()) ?? Infinity;
    // what is due now but was not claimed is beyond our limits: attempts that end call
    this.#hungry = dueAt <= lookedAt;
    if (this.#hungry) this.#parts.onBeyond?.();
    this.#lookAt = Math.min(this.#lookAt, this.#hungry ? lookedAt + workerLimits.faultMs : dueAt);
    while (world.now() < this.#lookAt && !this.#stop.signal.aborted) {
      this.#bell = new AbortController();
      await world.sleep(this.#lookAt - world.now(), AbortSignal.any([this.#bell.signal, this.#stop.signal]));
    }
    this.#hungry = false;
  }
}
