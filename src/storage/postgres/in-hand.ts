// What this node was given to attempt. A claim whose answer never came may have been committed: its deliveries have our
// lease, and nobody attempts them. They are those that have our lease and are not in hand.
import type { Runner, Statement } from "./database.ts";
import { bigints } from "./parameters.ts";

const release: Statement = {
  name: "release_unknown",
  text: `UPDATE delivery SET lease_by = NULL, lease_until = NULL
    WHERE lease_until IS NOT NULL AND lease_by = $1 AND delivery_id <> ALL($2::bigint[]) RETURNING 1`,
};

/** The server may still be at a statement that we no longer wait for. */
const doubtMs = 30_000;

export class InHand {
  readonly #deliveryIds = new Set<number>();
  #doubtUntil = 0;
  /** Claims under way. */
  #claiming = 0;
  #alone: Promise<void> | undefined;
  #whenNone: (() => void) | undefined;

  /** Around each statement that gives leases, up to `add`. */
  async giving<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    this.#claiming++;
    try {
      return await work();
    } catch (error) {
      this.#doubtUntil = performance.now() + doubtMs;
      throw error;
    } finally {
      if (--this.#claiming === 0) this.#whenNone?.();
    }
  }

  add(deliveryIds: Iterable<number>): void {
    for (const id of deliveryIds) this.#deliveryIds.add(id);
  }

  remove(deliveryIds: Iterable<number>): void {
    for (const id of deliveryIds) this.#deliveryIds.delete(id);
  }

  /** If an answer was lost: ends the leases of `by` that are not in hand, while none is given. Answers how many. */
  async releaseUnknown(runner: Runner, by: string): Promise<number> {
    if (performance.now() > this.#doubtUntil || this.#alone !== undefined) return 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone = promise;
    try {
      if (this.#claiming > 0) await new Promise<void>((none) => (this.#whenNone = none));
      return (await runner.run(release, [by, bigints([...this.#deliveryIds])])).length;
    } finally {
      this.#whenNone = undefined;
      this.#alone = undefined;
      resolve();
    }
  }
}
