// The thread of the identity engine as its node sees it: opened when there is work, watched while there is, and replaced when
// something blocks it.
import { extname } from "node:path";
import { Thread } from "../../base/calls/thread.ts";
import { inTime } from "../../base/in-time.ts";
import { realTime, type World } from "../../base/world.ts";
import type { IdentityThreadData, IdentityWork } from "./work.ts";

export interface EngineSettings extends Omit<IdentityThreadData, "running"> {
  /** For the time that signatures are compared with, and for what is remembered. */
  readonly world: World;
  /** The thread was replaced, or an error of ours met. */
  readonly onTrouble: (error: Error) => void;
  readonly limits?: Partial<Record<keyof typeof engineLimits, number>>;
  /** Module of the thread, where a test has its own. */
  readonly url?: URL;
}

const engineLimits = {
  /** While there is work, the thread is asked so often whether it lives. */
  pingMs: 500,
  /** No answer and no turn for so long: something blocks it. What keeps the limits takes it some 100 ms at most. */
  stuckMs: 2_500,
  /** A thread that is starting loads its libraries first. */
  startMs: 30_000,
  /** Of the thread, which then ends and is replaced. */
  memoryMb: 512,
} as const;

/** Something that the thread is asked for, and that is answered in any case. */
interface Piece<T> {
  /** Asks, or asks again after the thread was replaced. */
  readonly ask: (thread: Asked) => Promise<T>;
  /** May be asked again, once. */
  readonly canRepeat: () => boolean;
  /** There will be no answer. */
  readonly lost: (because: string) => T;
}

interface Entry {
  readonly begin: (life: Life) => void;
  readonly canRepeat: () => boolean;
  readonly lose: (because: string) => void;
  repeated: boolean;
}

export type Asked = Pick<Thread<IdentityWork>, "call">;

interface Life {
  readonly thread: Thread<IdentityWork>;
  readonly running: Int32Array;
  isOpen: boolean;
}

export class Engine implements AsyncDisposable {
  readonly #settings: EngineSettings;
  readonly #limits: { readonly [Name in keyof typeof engineLimits]: number };
  readonly #entries = new Map<number, Entry>();
  readonly #closing = new AbortController();
  #life: Life | undefined;
  #isWatched = false;
  #last = 0;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.#limits = { ...engineLimits, ...settings.limits };
  }

  /** The number for the next piece. */
  number(): number {
    this.#last = (this.#last % 0x7fff_ffff) + 1;
    return this.#last;
  }

  /** Never rejects. */
  run<T>(work: number, { ask, canRepeat, lost }: Piece<T>): Promise<T> {
    if (this.#closing.signal.aborted) return Promise.resolve(lost(stopping));
    return new Promise((resolve) => {
      const settle = (value: T): void => {
        this.#entries.delete(work);
        resolve(value);
      };
      const lose = (because: string): void => settle(lost(because));
      const failed = (life: Life, error: Error): void => {
        if (life !== this.#life) return; // it has ended, and what it was asked is asked again or lost
        if (!this.#entries.has(work)) return; // it was given up
        this.#settings.onTrouble(error);
        lose("of an error of ours");
      };
      const begin = (life: Life): void =>
        void ask(life.thread).then(settle, (error: unknown) => failed(life, asError(error)));
      this.#entries.set(work, { begin, canRepeat, lose, repeated: false });
      begin(this.#living());
      if (!this.#isWatched) void this.#watch();
    });
  }

  /** More of a piece that has begun; undefined: it has no thread any more. */
  more(work: number): Asked | undefined {
    return this.#entries.has(work) ? this.#life?.thread : undefined;
  }

  /** It was answered, or nobody wants to know any more. */
  end(work: number): void {
    this.#entries.delete(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const life = this.#life;
    this.#life = undefined;
    for (const { lose } of this.#entries.values()) lose(stopping);
    await life?.thread.terminate();
  }

  #living(): Life {
    if (this.#life !== undefined) return this.#life;
    const { hostname, dns, timeoutMs } = this.#settings;
    const running = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    const thread = new Thread<IdentityWork>({
      url: this.#settings.url ?? new URL(`thread${extname(import.meta.url)}`, import.meta.url),
      name: "the identity thread",
      workerData: { hostname, dns, timeoutMs, running } satisfies IdentityThreadData,
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb },
      onFailure: (error) => this.#replace(life, error),
    });
    const life: Life = { thread, running, isOpen: false };
    this.#life = life;
    thread.open().then(
      () => (life.isOpen = true),
      () => {}, // onFailure is told
    );
    return life;
  }

  async #watch(): Promise<void> {
    this.#isWatched = true;
    const { signal } = this.#closing;
    while (this.#entries.size > 0 && !signal.aborted) {
      await realTime.sleep(this.#limits.pingMs, signal);
      const life = this.#life;
      if (life !== undefined && this.#entries.size > 0 && !(await this.#answers(life)))
        this.#replace(life, new Error("the identity thread was blocked by one message, and replaced"));
    }
    this.#isWatched = false;
  }

  /** Or it is busy: many small pieces keep the answer waiting, but none of them for long. */
  async #answers({ thread, running, isOpen }: Life): Promise<boolean> {
    const limitMs = isOpen ? this.#limits.stuckMs : this.#limits.startMs;
    const pinged = thread.call("ping").then(
      () => true,
      () => true, // it has ended, which is told elsewhere
    );
    for (;;) {
      const before = turnsOf(running);
      if (await inTime(pinged, { limitMs, world: realTime, late: () => false })) return true;
      if (turnsOf(running) === before) return false;
    }
  }

  /** What ran is lost; what has not begun to be read is asked again. */
  #replace(life: Life, reason: Error): void {
    if (life !== this.#life) return;
    this.#life = undefined;
    void life.thread.terminate();
    this.#settings.onTrouble(reason);
    const blocking = Atomics.load(life.running, 0);
    for (const [work, entry] of this.#entries) {
      if (work === blocking) entry.lose("it takes too much work to read it");
      else if (entry.repeated || !entry.canRepeat()) entry.lose("our checks had to start anew meanwhile");
      else {
        entry.repeated = true;
        entry.begin(this.#living());
      }
    }
  }
}

const turnsOf = (running: Int32Array): number => Atomics.load(running, 1);

const stopping = "this server is stopping";

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
