// Suppression for people: which addresses mail is not sent to and why, and the operator's word on them.
import type { Instant, World } from "../../base/world.ts";
import type { Address } from "../../mail/address.ts";
import { isActive } from "./strikes.ts";
import type { LiftedKey, Suppression, SuppressionStore } from "./suppression-store.ts";
import type { Suppressions } from "./suppression.ts";

export interface SuppressionFilter {
  readonly address?: Address;
  /** Those that have ended, and are only remembered, as well. */
  readonly ended?: boolean;
}

export interface SuppressionDesk {
  /** The latest first. */
  list(filter: SuppressionFilter, limit: number): Promise<Suppression[]>;
  /** Answers what was lifted. */
  lift(key: { readonly address: Address; readonly sender?: Address }): Promise<Suppression[]>;
  /** Undefined: mail to this address is never stopped. */
  add(order: { readonly address: Address; readonly because: string }): Promise<Suppression[] | undefined>;
}

/** Read at once. */
const pageRows = 1_000;

interface DeskParts {
  readonly suppressions: Suppressions;
  readonly store: SuppressionStore;
  readonly world: Pick<World, "now">;
}

export function suppressionDesk({ suppressions, store, world }: DeskParts): SuppressionDesk {
  const lower = (key: LiftedKey): LiftedKey => ({
    address: key.address.toLowerCase(),
    ...(key.sender !== undefined && { sender: key.sender.toLowerCase() }),
  });
  const latest = async (isMeant: (one: Suppression) => boolean, limit: number): Promise<Suppression[]> => {
    let found: Suppression[] = [];
    for (let after = 0, isRest = true; isRest;) {
      const page = await store.suppressionsAfter(after, pageRows);
      found = [...found, ...page.suppressions.filter(isMeant)].slice(-limit);
      [after, isRest] = [page.upTo, page.suppressions.length === pageRows];
    }
    return found.toReversed();
  };
  return {
    async list({ address, ended = false }, limit) {
      await suppressions.settled();
      const now: Instant = world.now();
      const isMeant = (one: Suppression): boolean => ended || isActive(one, now);
      if (address === undefined) return latest(isMeant, limit);
      return (await store.suppressionsOf([address.toLowerCase()])).filter(isMeant).slice(0, limit);
    },
    lift: (key) => suppressions.lift(lower(key)),
    async add({ address, because }) {
      const strike = { address: address.toLowerCase(), sender: "", because, at: world.now() };
      const isTaken = await suppressions.add({ ...strike, cause: "stopped-by-operator" });
      return isTaken ? store.suppressionsOf([strike.address]) : undefined;
    },
  };
}
