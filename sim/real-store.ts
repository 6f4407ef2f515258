// The embedded driver in a simulation: its threads and its disk are real, so time stands still until they have answered.
import { cpSync, rmSync } from "node:fs";
import type { Body, BodyWriter } from "../src/queue/store.ts";
import type { Store } from "../src/storage/open.ts";
import type { Clock } from "./clock.ts";
import { StoreFault } from "./shared-store.ts";
import { really } from "./timers.ts";

export interface RealStoreParts {
  readonly clock: Clock;
  /** Data directories are made below it: each killed process leaves the next one a copy. */
  readonly dir: string;
  readonly open: (dir: string) => Promise<Store>;
}

type Arguments<Name extends keyof Store> = Store[Name] extends (...how: infer How) => unknown ? How : never;

export class RealStore implements Store {
  readonly #parts: RealStoreParts;
  readonly #composing = new Set<BodyWriter>();
  readonly #writerOf = new WeakMap<Body, BodyWriter>();
  readonly #reading = new Set<AsyncIterator<Uint8Array>>();
  #driver: Store | undefined;
  #kills = 0;

  constructor(parts: RealStoreParts) {
    this.#parts = parts;
  }

  /** The data directory. */
  get dir(): string {
    return `${this.#parts.dir}/data${this.#kills}`;
  }

  /** Bodies that are no message's yet, and such as are being read. */
  get openBodies(): number {
    return this.#composing.size + this.#reading.size;
  }

  get isOpen(): boolean {
    return this.#driver !== undefined;
  }

  async open(): Promise<void> {
    this.#driver = await this.#held(() => this.#parts.open(this.dir));
  }

  /** In good order. */
  async close(): Promise<void> {
    const driver = this.#driver;
    this.#driver = undefined;
    await this.#held(async () => driver?.[Symbol.asyncDispose]());
  }

  /** As by kill -9: what the disk has at this moment is all that the next process finds. */
  async kill(): Promise<void> {
    const { dir } = this;
    await this.sites(); // the writer thread has nothing in hand: a file that changes could not be copied as it was
    this.#kills += 1;
    cpSync(dir, this.dir, { recursive: true });
    await this.#held(() => Promise.all([...this.#composing].map((writer) => writer.discard())));
    await this.#held(() => Promise.all([...this.#reading].map(async (reading) => reading.return?.())));
    this.#composing.clear();
    this.#reading.clear();
    await this.close();
    rmSync(dir, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  compose(): BodyWriter {
    const writer = really(() => this.#open().compose());
    this.#composing.add(writer);
    return {
      write: (bytes) => {
        const written = really(() => writer.write(bytes));
        return written && this.#parts.clock.hold(written);
      },
      finish: async (top?: Uint8Array) => {
        const body = await this.#held(() => writer.finish(top));
        this.#writerOf.set(body, writer);
        return body;
      },
      discard: async () => {
        await this.#held(() => writer.discard());
        this.#composing.delete(writer);
      },
    };
  }

  async keep(...how: Arguments<"keep">): ReturnType<Store["keep"]> {
    const deliveries = await this.#call((driver) => driver.keep(...how));
    const [{ body }] = how;
    const writer = body instanceof Uint8Array ? undefined : this.#writerOf.get(body);
    if (writer) this.#composing.delete(writer);
    return deliveries;
  }

  async read(...how: Arguments<"read">): Promise<AsyncIterable<Uint8Array>> {
    const source = await this.#call((driver) => driver.read(...how));
    return this.#chunks(really(() => source[Symbol.asyncIterator]()));
  }

  async *#chunks(source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#reading.add(source);
    try {
      for (;;) {
        const next = await this.#held(() => source.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await this.#held(async () => source.return?.());
      this.#reading.delete(source);
    }
  }

  claim = (...how: Arguments<"claim">) => this.#call((driver) => driver.claim(...how));
  settle = (...how: Arguments<"settle">) => this.#call((driver) => driver.settle(...how));
  nextDueAt = () => this.#call((driver) => driver.nextDueAt());
  list = (...how: Arguments<"list">) => this.#call((driver) => driver.list(...how));
  count = (...how: Arguments<"count">) => this.#call((driver) => driver.count(...how));
  change = (...how: Arguments<"change">) => this.#call((driver) => driver.change(...how));
  recover = (...how: Arguments<"recover">) => this.#call((driver) => driver.recover(...how));
  record = (...how: Arguments<"record">) => this.#call((driver) => driver.record(...how));
  story = (...how: Arguments<"story">) => this.#call((driver) => driver.story(...how));
  find = (...how: Arguments<"find">) => this.#call((driver) => driver.find(...how));
  prune = (...how: Arguments<"prune">) => this.#call((driver) => driver.prune(...how));
  sites = () => this.#call((driver) => driver.sites());
  saveLearnt = (...how: Arguments<"saveLearnt">) => this.#call((driver) => driver.saveLearnt(...how));
  suspend = (...how: Arguments<"suspend">) => this.#call((driver) => driver.suspend(...how));
  recallSenders = (...how: Arguments<"recallSenders">) => this.#call((driver) => driver.recallSenders(...how));
  learnSenders = (...how: Arguments<"learnSenders">) => this.#call((driver) => driver.learnSenders(...how));
  pinSender = (...how: Arguments<"pinSender">) => this.#call((driver) => driver.pinSender(...how));
  forgetSender = (...how: Arguments<"forgetSender">) => this.#call((driver) => driver.forgetSender(...how));
  pageSenders = (...how: Arguments<"pageSenders">) => this.#call((driver) => driver.pageSenders(...how));
  pruneSenders = (...how: Arguments<"pruneSenders">) => this.#call((driver) => driver.pruneSenders(...how));
  suppressionsOf = (...how: Arguments<"suppressionsOf">) => this.#call((driver) => driver.suppressionsOf(...how));
  suppressionsAfter = (...how: Arguments<"suppressionsAfter">) =>
    this.#call((driver) => driver.suppressionsAfter(...how));
  strike = (...how: Arguments<"strike">) => this.#call((driver) => driver.strike(...how));
  liftSuppressions = (...how: Arguments<"liftSuppressions">) => this.#call((driver) => driver.liftSuppressions(...how));
  pruneSuppressions = (...how: Arguments<"pruneSuppressions">) =>
    this.#call((driver) => driver.pruneSuppressions(...how));
  share = (...how: Arguments<"share">) => this.#call((driver) => driver.share(...how));

  #call<T>(run: (driver: Store) => Promise<T>): Promise<T> {
    return this.#held(async () => run(this.#open()));
  }

  #open(): Store {
    if (this.#driver === undefined) throw new StoreFault("the store is closed: its process is gone");
    return this.#driver;
  }

  #held<T>(run: () => Promise<T>): Promise<T> {
    return this.#parts.clock.hold(really(run));
  }
}
