// The port for what is remembered of senders: how they behaved, who has proven to come again, and whose mail was deferred.
// Shared by all threads and nodes of one store. Drivers live in storage/ and pass test/contract/sender-store.contract.ts.
import type { Instant } from "../base/world.ts";

/**
 * identity: how a sender behaved. host: a network, or an SPF domain, whose deferred mail came again. deferral: a message
 * that was asked to come again.
 */
export type SenderKind = "identity" | "host" | "deferral";

export const senderKinds: readonly SenderKind[] = ["identity", "host", "deferral"];

export interface SenderId {
  readonly kind: SenderKind;
  /** Unique among its kind. */
  readonly key: string;
}

/** How often something was seen. */
export interface Tally {
  /** What counts of it, at `lastAt`: it fades. */
  readonly weight: number;
  /** Since the record is kept; it does not fade. */
  readonly total: number;
  readonly lastAt: Instant;
}

/** The operator's word. */
export interface Pin {
  readonly as: "good" | "bad";
  readonly because: string;
  readonly at: Instant;
}

/** What was seen of a sender. */
export interface SenderChange extends SenderId {
  readonly firstAt: Instant;
  /** From then on, it is as if there were no record. Of identities, this follows from the tallies. */
  readonly expiresAt: Instant;
  readonly tallies: Readonly<Record<string, Tally>>;
  /** In words for people; the latest ones count. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

export interface SenderRecord extends SenderChange {
  readonly pin?: Pin;
}

/** How what is remembered fades. */
export interface Fading {
  readonly now: Instant;
  readonly halfLifeMs: number;
}

export interface SenderStore {
  /** Those of which something is known, and has not expired. */
  recallSenders(ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]>;
  /** Adds to what is known (src/judge/sender-record.ts); of several nodes, none loses what another wrote. May be lost in a crash. */
  learnSenders(changes: readonly SenderChange[], fading: Fading): Promise<void>;
  /** `undefined` takes the pin away. A pinned identity does not expire. */
  pinSender(id: SenderId, pin: Pin | undefined, fading: Fading): Promise<void>;
  /** False: nothing was known of it. */
  forgetSender(id: SenderId): Promise<boolean>;
  /** In the order of their keys, those after `after`. */
  pageSenders(kind: SenderKind, page: SenderPage): Promise<SenderRecord[]>;
  /**
   * Removes some of what expired, and of what is beyond the most: those who expire first. Pinned identities are neither
   * counted nor removed. Answers how many went; none: there is no more to do.
   */
  pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): Promise<number>;
}

export interface SenderPage {
  readonly now: Instant;
  readonly limit: number;
  readonly after?: string;
}

/** Records that one call of `pruneSenders` removes of a kind, so that no message waits long for it. */
export const pruneSlice = 500;
