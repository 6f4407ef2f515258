// The right to hold one connection of the pool, and what becomes of it.
import type { Instant } from "../base/world.ts";

export interface Place {
  readonly site: string;
  /** Sessions of one key are interchangeable: same site, same TLS mode, same account. */
  readonly key: string;
  /** Whose mail it is: the lanes of a site take turns, so that a big sender does not starve a small one. */
  readonly lane: string;
}

/** The right to hold one connection; given back by one of the last three words. */
export class Slot<T> {
  readonly place: Place;
  /** An open session: one that waited, or one that was offered and has the last reply to another message to come. */
  readonly session: T | undefined;
  readonly #pool: SlotKeeper<T>;
  #offered: T | undefined;
  #offeredAt: Instant | undefined;
  #isPassedOn = false;

  constructor(pool: SlotKeeper<T>, place: Place, session: T | undefined) {
    this.#pool = pool;
    this.place = place;
    this.session = session;
  }

  /** Our offer was taken: the session has another message under way. */
  get isPassedOn(): boolean {
    return this.#isPassedOn;
  }

  /** Our message is written: another may be written behind it. If one is, giving the slot back is its task, not ours. */
  offer(session: T): void {
    this.#offered = session;
    this.#offeredAt = this.#pool.offer(this);
  }

  /** For the pool: the same connection is another's now. */
  passOn(to: Place): Slot<T> {
    this.#isPassedOn = true;
    return new Slot(this.#pool, to, this.#offered);
  }

  /** The session may be used again. */
  keep(session: T): void {
    if (this.#isStillOurs()) this.#pool.keep(this.place, session);
  }

  /** The session is used up: the pool ends it. */
  retire(session: T): void {
    if (this.#isStillOurs()) this.#pool.retire(this.place, session);
  }

  /** There is no connection any more. */
  release(): void {
    if (this.#isStillOurs()) this.#pool.release(this.place);
  }

  /** Our message is through. */
  #isStillOurs(): boolean {
    if (this.#offeredAt !== undefined) this.#pool.answered(this, this.#offeredAt);
    return !this.#isPassedOn;
  }
}

/** What a slot asks of its pool. */
export interface SlotKeeper<T> {
  offer(slot: Slot<T>): Instant;
  /** The last reply to a message has come, whose session was offered at this instant. */
  answered(slot: Slot<T>, offeredAt: Instant): void;
  keep(place: Place, session: T): void;
  retire(place: Place, session: T): void;
  release(place: Place): void;
}
