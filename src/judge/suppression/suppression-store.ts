// The port for addresses that mail is not sent to for a time. Shared by all threads and nodes of one store. Drivers live in
// storage/ and pass test/contract/suppression-store.contract.ts.
import type { Instant } from "../../base/world.ts";
import type { CauseName } from "../../explain/explanation.ts";

export interface SuppressionKey {
  /** Of the recipient, in lower case. */
  readonly address: string;
  /** Whose mail is stopped, in lower case; "": everybody's. */
  readonly sender: string;
}

export interface Suppression extends SuppressionKey {
  readonly cause: CauseName;
  /** In words: one sentence, and whose word it is. */
  readonly because: string;
  readonly since: Instant;
  /** From then on mail is tried again; that it was stopped is remembered for longer. */
  readonly until: Instant;
  /** How often it was stopped, this time included. */
  readonly times: number;
}

/** A reason to stop mail to an address. */
export interface Strike extends SuppressionKey {
  readonly cause: CauseName;
  readonly because: string;
  readonly at: Instant;
}

export interface SuppressionNews {
  readonly suppressions: readonly Suppression[];
  /** To be given as `after` the next time. */
  readonly upTo: number;
}

export interface SuppressionStore {
  /** All that is remembered of these addresses, for whatever sender, ended ones included. */
  suppressionsOf(addresses: readonly string[]): Promise<Suppression[]>;
  /** What any node changed after number `after`, the oldest change first; 0: all. What was lifted is not told. */
  suppressionsAfter(after: number, limit: number): Promise<SuppressionNews>;
  /** Adds to what is known (strikes.ts); of several nodes, none loses what another wrote. May be lost in a crash. */
  strike(strikes: readonly Strike[]): Promise<void>;
  /** Forgets, and answers what went. */
  liftSuppressions(keys: readonly LiftedKey[]): Promise<Suppression[]>;
  /**
   * Removes some of what ended before `ended`, and of what is beyond the most: those that end first. Answers how many went;
   * none: there is no more to do.
   */
  pruneSuppressions(ended: Instant, most: number): Promise<number>;
}

export interface LiftedKey extends Pick<SuppressionKey, "address"> {
  /** Without it, for all senders. */
  readonly sender?: string;
  /** Only if it has ended by then. */
  readonly ended?: Instant;
}

/** Records that one call of `pruneSuppressions` removes, so that no message waits long for it. */
export const suppressionSlice = 500;
