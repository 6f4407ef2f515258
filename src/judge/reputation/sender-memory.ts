// One thread's view of what is remembered of senders: reads through a cache, and writes what it saw from time to time.
// Nobody waits for a write; for a read only who meets a sender that the cache does not know, and not for long.
import { inTime } from "../../base/in-time.ts";
import type { Instant, World } from "../../base/world.ts";
import { idText, isAlive, merged } from "../sender-record.ts";
import {
  type Fading,
  type Pin,
  type SenderChange,
  type SenderId,
  type SenderKind,
  type SenderRecord,
  type SenderStore,
} from "../sender-store.ts";

export const memoryLimits = {
  freshMs: 5_000, // what was read is used as it is
  staleMs: 10_000, // it is used while it is read again; when it is older, the reading is waited for
  recallMs: 1_000, // longest wait for the store; then nothing is known of the sender
  troubleMs: 5_000, // after that, so long nobody waits
  cached: 20_000, // records
  flushMs: 3_000, // what was seen is gathered for so long: a crash loses it
  waiting: 20_000, // records with something that is not written yet; what is seen of more is lost
  together: 500, // in one write
  pruneMs: 60_000,
  pruneAfter: 2_000, // records were written
} as const;

interface SenderMemoryParts {
  readonly store: SenderStore;
  readonly world: Pick<World, "now" | "sleep">;
  readonly halfLifeMs: number;
  /** Records of each kind that the store is to hold. */
  readonly most: Readonly<Record<SenderKind, number>>;
  /** Once in each stretch of trouble. */
  readonly onFault: (error: unknown) => void;
}

export interface Recalled {
  /** False: the store did not answer, and who is unknown may be known. */
  readonly isSure: boolean;
  get(id: SenderId): SenderRecord | undefined;
}

interface Cached {
  /** With all that was noted. */
  readonly record: SenderRecord | undefined;
  readonly at: Instant;
}

export class SenderMemory implements AsyncDisposable {
  readonly #parts: SenderMemoryParts;
  readonly #stop = new AbortController();
  /** The least recently used one first. */
  readonly #cache = new Map<string, Cached>();
  #waiting = new Map<string, SenderChange>();
  /** On their way to the store. */
  #sent = new Map<string, SenderChange>();
  /** To be read at the end of this turn. */
  #wanted = new Map<string, SenderId>();
  readonly #readings = new Map<string, Promise<void>>();
  #flushing: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #troubledUntil: Instant = -Infinity;
  #hasFailed = false;
  #prunedAt: Instant;
  #writtenSince = 0;

  constructor(parts: SenderMemoryParts) {
    this.#parts = parts;
    this.#prunedAt = parts.world.now();
  }

  /** At once, where no more than the cache is needed. Never rejects. */
  recall(ids: readonly SenderId[]): Recalled | Promise<Recalled> {
    const now = this.#parts.world.now();
    const awaited: Promise<void>[] = [];
    for (const id of ids) {
      const age = now - (this.#cache.get(idText(id))?.at ?? -Infinity);
      if (age <= memoryLimits.freshMs) continue;
      const reading = this.#read(id);
      if (age > memoryLimits.staleMs) awaited.push(reading);
    }
    if (awaited.length === 0 || now < this.#troubledUntil) return this.#recalled(ids);
    return this.#inTime(Promise.all(awaited)).then(() => this.#recalled(ids));
  }

  /** False: there is no room for it, and it is lost. */
  note(change: SenderChange): boolean {
    const key = idText(change);
    if (!this.#add(key, change)) return false;
    const cached = this.#cache.get(key);
    if (cached !== undefined)
      this.#cache.set(key, { ...cached, record: merged(cached.record, change, this.#fading()) });
    this.#writing ??= this.#writeLater();
    return true;
  }

  /** The store has all that was noted, if it can be written. Never rejects. */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  /** At once in this thread, in others when their caches ask again. Rejects when the store does. */
  async pin(id: SenderId, pin: Pin | undefined): Promise<void> {
    await this.flush();
    await this.#parts.store.pinSender(id, pin, this.#fading());
    this.#cache.delete(idText(id));
  }

  /** False: nothing was known. Rejects when the store does. */
  async forget(id: SenderId): Promise<boolean> {
    await this.flush();
    this.#waiting.delete(idText(id));
    const wasKnown = await this.#parts.store.forgetSender(id);
    this.#cache.delete(idText(id));
    return wasKnown;
  }

  /** As the store has it now, for people's questions. Rejects when the store does. */
  async read(ids: readonly SenderId[]): Promise<SenderRecord[]> {
    await this.flush();
    return this.#parts.store.recallSenders(ids, this.#parts.world.now());
  }

  /** All of one kind, what is not written yet included as far as this thread knows. Rejects when the store does. */
  async *all(kind: SenderKind): AsyncGenerator<SenderRecord> {
    const { store, world } = this.#parts;
    await this.flush();
    for (let after = ""; ;) {
      const page = await store.pageSenders(kind, { after, limit: memoryLimits.together, now: world.now() });
      yield* page;
      if (page.length < memoryLimits.together) return;
      after = page.at(-1)!.key;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#writing;
    await this.flush();
  }

  #add(key: string, change: SenderChange): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined && this.#waiting.size >= memoryLimits.waiting) return false;
    this.#waiting.set(key, merged(waiting, change, this.#fading()));
    return true;
  }

  #fading(): Fading {
    return { now: this.#parts.world.now(), halfLifeMs: this.#parts.halfLifeMs };
  }

  #recalled(ids: readonly SenderId[]): Recalled {
    const now = this.#parts.world.now();
    const found = new Map<string, SenderRecord>();
    let isSure = true;
    for (const id of ids) {
      const key = idText(id);
      const cached = this.#cache.get(key);
      isSure &&= cached !== undefined && now - cached.at <= memoryLimits.staleMs;
      const record = cached === undefined ? this.#withNoted(key, undefined) : cached.record;
      if (record !== undefined && isAlive(record, now)) found.set(key, record);
      if (cached !== undefined) this.#keep(key, cached); // it was used
    }
    return { isSure, get: (id) => found.get(idText(id)) };
  }

  /** What the store does not know yet. */
  #withNoted(key: string, record: SenderRecord | undefined): SenderRecord | undefined {
    let known = record;
    for (const noted of [this.#sent.get(key), this.#waiting.get(key)])
      if (noted !== undefined) known = merged(known, noted, this.#fading());
    return known;
  }

  #keep(key: string, cached: Cached): void {
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    if (this.#cache.size <= memoryLimits.cached) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      break;
    }
  }

  /** All that is asked for in one turn is read together. Never rejects. */
  #read(id: SenderId): Promise<void> {
    const key = idText(id);
    const before = this.#readings.get(key);
    if (before !== undefined) return before;
    const turn = this.#wanted.size === 0 ? this.#readAtTurn() : this.#readings.get(this.#wanted.keys().next().value!)!;
    this.#wanted.set(key, id);
    this.#readings.set(key, turn);
    return turn;
  }

  async #readAtTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const wanted = this.#wanted;
    this.#wanted = new Map();
    const { store, world } = this.#parts;
    const at = world.now();
    try {
      const records = await store.recallSenders([...wanted.values()], at);
      const found = new Map(records.map((record) => [idText(record), record]));
      for (const key of wanted.keys()) this.#keep(key, { record: this.#withNoted(key, found.get(key)), at });
      this.#troubledUntil = -Infinity;
    } catch (error) {
      this.#failed(error);
    } finally {
      for (const key of wanted.keys()) this.#readings.delete(key);
    }
  }

  #inTime(reading: Promise<unknown>): Promise<unknown> {
    const { world } = this.#parts;
    const late = (): void => void (this.#troubledUntil = world.now() + memoryLimits.troubleMs);
    return inTime(reading, { limitMs: memoryLimits.recallMs, world, late });
  }

  async #writeLater(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stop.signal.aborted) {
      await this.#parts.world.sleep(memoryLimits.flushMs, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.flush();
    }
    this.#writing = undefined;
  }

  async #flush(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const { store } = this.#parts;
    this.#sent = this.#waiting;
    this.#waiting = new Map();
    try {
      while (this.#sent.size > 0) {
        const changes = [...this.#sent.values().take(memoryLimits.together)];
        await store.learnSenders(changes, this.#fading());
        for (const change of changes) this.#sent.delete(idText(change));
        this.#writtenSince += changes.length;
      }
      await this.#prune();
      this.#hasFailed = false;
    } catch (error) {
      this.#failed(error);
      const later = this.#waiting;
      this.#waiting = this.#sent;
      for (const [key, change] of later) this.#add(key, change);
    } finally {
      this.#sent = new Map();
    }
  }

  async #prune(): Promise<void> {
    const { store, world, most } = this.#parts;
    const isDue = world.now() - this.#prunedAt >= memoryLimits.pruneMs || this.#writtenSince >= memoryLimits.pruneAfter;
    if (!isDue) return;
    this.#prunedAt = world.now();
    this.#writtenSince = 0;
    while ((await store.pruneSenders(world.now(), most)) > 0) if (this.#stop.signal.aborted) return;
  }

  #failed(error: unknown): void {
    if (!this.#hasFailed) this.#parts.onFault(error);
    this.#hasFailed = true;
  }
}
