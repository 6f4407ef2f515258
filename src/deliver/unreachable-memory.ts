// Destinations that nobody could connect to a moment ago: whoever waits for one need not wait for the same time-out.
import type { Instant } from "../base/world.ts";
import type { Failure } from "../mail/failure.ts";
import { deliverLimits } from "./settings.ts";

export type Prospect =
  | { readonly kind: "open" }
  /** Somebody has to find out whether it is back. */
  | { readonly kind: "probe" }
  | { readonly kind: "closed"; readonly because: Failure };

export class UnreachableMemory {
  readonly #failures = new Map<string, { readonly because: Failure; readonly until: Instant }>();
  /** Sessions in use. */
  readonly #sessions = new Map<string, number>();

  /** Whether to try now. After the time is up, one who asks is told to; the others when it found out, or is late. */
  ask(destination: string, now: Instant): Prospect {
    const known = this.#failures.get(destination);
    if (known === undefined) return { kind: "open" };
    if (known.until > now) return { kind: "closed", because: known.because };
    this.#remember(destination, known.because, now);
    return { kind: "probe" };
  }

  /** No address could be reached; a server that only takes no more connections at once is not down. */
  failed(destination: string, because: Failure, now: Instant): void {
    if (!this.#sessions.has(destination)) this.#remember(destination, because, now);
  }

  /** There is a session, which ends when it is disposed of. */
  reached(destination: string): Disposable {
    this.#failures.delete(destination);
    this.#sessions.set(destination, (this.#sessions.get(destination) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = this.#sessions.get(destination)! - 1;
        if (left === 0) this.#sessions.delete(destination);
        else this.#sessions.set(destination, left);
      },
    };
  }

  forgetAll(): void {
    this.#failures.clear();
  }

  #remember(destination: string, because: Failure, now: Instant): void {
    this.#failures.delete(destination); // the oldest stands first
    this.#failures.set(destination, { because, until: now + deliverLimits.unreachableMemoryMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > deliverLimits.unreachableDestinations) this.#failures.delete(oldest!);
  }
}
