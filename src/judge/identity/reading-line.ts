// Whose turn it is to have a piece of a body read. The next is of the network that has had the least time: whoever sends what
// is slow to read, in however many messages, waits for himself, and others for one piece of his at most.

interface LineParts {
  /** Of a clock that stands for work done, in ms. */
  readonly now: () => number;
  /** Calls back when what a turn set off has been done: in the next round of the event loop. */
  readonly soon: (then: () => void) => void;
}

interface Reader {
  /** Messages that are being read. */
  bodies: number;
  /** Time that it has had, on a clock that is common to all: none saves up time while it has nothing to be read. */
  usedMs: number;
}

export class ReadingLine {
  readonly #parts: LineParts;
  readonly #readers = new Map<string, Reader>();
  /** The first to come first. */
  #waiting: { readonly reader: Reader; readonly go: () => void }[] = [];
  #isBusy = false;
  /** What the last one to be called had used before. */
  #usedMs = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  /** A message begins to be read. */
  enter(network: string): void {
    const reader = this.#readers.get(network) ?? { bodies: 0, usedMs: 0 };
    reader.bodies += 1;
    this.#readers.set(network, reader);
  }

  leave(network: string): void {
    const reader = this.#readers.get(network)!;
    reader.bodies -= 1;
    if (reader.bodies === 0) this.#readers.delete(network);
  }

  /** Resolves when it is the turn of a message of this network, which has entered. */
  turn(network: string): Promise<void> {
    const reader = this.#readers.get(network)!;
    reader.usedMs = Math.max(reader.usedMs, this.#usedMs);
    return new Promise((go) => {
      this.#waiting.push({ reader, go });
      if (this.#isBusy) return;
      this.#isBusy = true;
      this.#parts.soon(() => this.#callNext());
    });
  }

  #callNext(): void {
    const next = this.#waiting.reduce((best, one) => (one.reader.usedMs < best.reader.usedMs ? one : best));
    this.#waiting = this.#waiting.filter((one) => one !== next);
    const { reader, go } = next;
    this.#usedMs = Math.max(this.#usedMs, reader.usedMs);
    const startedAt = this.#parts.now();
    go();
    this.#parts.soon(() => {
      reader.usedMs += this.#parts.now() - startedAt;
      if (this.#waiting.length > 0) this.#callNext();
      else this.#isBusy = false;
    });
  }
}
