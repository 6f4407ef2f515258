// The port for counts that all processes of one store share: debts (debts.ts), and what accounts have sent. Each process
// decides from its own memory, and exchanges with the others in the background (count-sharing.ts). Drivers live in
// storage/ and pass test/contract/count-store.contract.ts.
import type { Instant } from "../../base/world.ts";

/** Amounts, by the instant from which on each counts no more. */
export type Sums = Readonly<Record<string, number>>;

export interface SharedCount {
  readonly key: string;
  /** From then on, it is as if there were no record. Of a debt: when all is paid. */
  readonly until: Instant;
  readonly sums?: Sums;
}

/** What was counted since the last exchange (shared-count.ts says how changes add up). */
export interface CountChange {
  readonly key: string;
  /** `until` moves by so much … */
  readonly movedMs: number;
  /** … though to no more than some times so far ahead (a limit's whole), … */
  readonly mostMs: number;
  /** … and is no earlier than this. */
  readonly least: Instant;
  /** To be added. */
  readonly sums?: Sums;
}

export interface CountExchange {
  /** The process: a new name at each start. */
  readonly by: string;
  /** 1 and up, of one process. */
  readonly batch: number;
  /** At most one of a key. */
  readonly changes: readonly CountChange[];
  readonly now: Instant;
  /** `upTo` of the last answer; 0: nothing is known yet. */
  readonly since: number;
  /** So many counts at most; whoever gets as many asks again. */
  readonly limit: number;
}

export interface CountAnswer {
  /** What any process changed after `since`, this batch included, the oldest change first. */
  readonly counts: readonly SharedCount[];
  readonly upTo: number;
}

export interface CountStore {
  /**
   * Adds the changes, and answers what is new. Nothing is lost of what several processes count at once, and nothing is
   * counted twice: a batch that was taken before is not taken again. May be lost in a crash.
   */
  exchangeCounts(exchange: CountExchange): Promise<CountAnswer>;
  /**
   * Removes some of what ended before `ended`, and of what is beyond the most: those that end first. Answers how many went;
   * none: there is no more to do.
   */
  pruneCounts(ended: Instant, most: number): Promise<number>;
}

/** Counts that one call of `pruneCounts` removes. */
export const countSlice = 1_000;

/** A batch that is older is not handed over again. */
export const batchesKnownMs = 24 * 3_600_000;
