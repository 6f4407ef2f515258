// The octets of a body as they come in, for one reader. Whoever brings them learns when they were read.
export class Inflow implements AsyncIterable<Uint8Array> {
  readonly #turn: () => Promise<void>;
  #waiting: { readonly bytes: Uint8Array; readonly wasRead: () => void }[] = [];
  #state: "open" | "ended" | "left" = "open";
  #failure: Error | undefined;
  /** The reader waits. */
  #wake: () => void = () => {};

  /** `turn`: to be awaited before the reader goes on. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  /** Resolves when they were read, or nobody reads any more. */
  push(bytes: Uint8Array): Promise<void> {
    if (this.#state !== "open") return Promise.resolve();
    return new Promise((wasRead) => {
      this.#waiting.push({ bytes, wasRead });
      this.#wake();
    });
  }

  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#wake();
  }

  /** The reader fails with this. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  /** Nobody reads any more. */
  leave(): void {
    this.#state = "left";
    for (const { wasRead } of this.#waiting.splice(0)) wasRead();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure;
        const next = this.#waiting.shift();
        if (next !== undefined) {
          await this.#turn();
          try {
            yield next.bytes;
          } finally {
            next.wasRead(); // or the reader has left
          }
        } else if (this.#state === "open") await new Promise<void>((wake) => (this.#wake = wake));
        else break;
      }
      await this.#turn();
    } finally {
      this.leave();
    }
  }
}
