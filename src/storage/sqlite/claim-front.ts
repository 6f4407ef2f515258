// Where to begin looking for due deliveries. A destination that has as much work in hand as it may can leave a backlog of
// 100,000 due deliveries in front of all others; what one claim learned of it, the next need not read again.
import type { Instant } from "../../base/world.ts";

/** All waiting deliveries that fell due before `dueAt` are of these domains. */
interface Front {
  readonly domains: ReadonlySet<string>;
  dueAt: Instant;
}

const mostFronts = 8; // sets of busy domains that come and go

const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  [...some].every((domain) => all.has(domain));

export class ClaimFronts {
  #fronts: Front[] = [];

  /** Waiting deliveries that fell due before this instant are all of these domains. */
  start(exceptDomains: ReadonlySet<string>): Instant {
    const known = this.#fronts.filter(({ domains }) => isWithin(domains, exceptDomains));
    return Math.max(0, ...known.map(({ dueAt }) => dueAt));
  }

  /** A claim found nothing but these domains before `dueAt`. */
  learn(exceptDomains: ReadonlySet<string>, dueAt: Instant): void {
    const others = this.#fronts.filter(({ domains }) => !isWithin(exceptDomains, domains));
    this.#fronts = [{ domains: exceptDomains, dueAt }, ...others].slice(0, mostFronts);
  }

  /** A delivery waits that was not waiting before. */
  arrived(dueAt: Instant): void {
    for (const front of this.#fronts) front.dueAt = Math.min(front.dueAt, dueAt);
  }

  /** Anything may have changed. */
  forget(): void {
    this.#fronts = [];
  }
}
