// Bodies of the memory driver: chunks in memory, within a limit for all of them together.
import { isAscii } from "node:buffer";
import { type Body, type BodyWriter, StoreFull } from "../../queue/store.ts";
import { checkTop } from "../body-top.ts";

const headBytes = 64 * 1024;

/** Room for bodies, those being composed included. */
export class Room {
  #freeBytes: number;

  constructor(maxBytes: number) {
    this.#freeBytes = maxBytes;
  }

  take(sizeBytes: number): void {
    if (sizeBytes > this.#freeBytes) throw new StoreFull("no room for the message in memory");
    this.#freeBytes -= sizeBytes;
  }

  giveBack(sizeBytes: number): void {
    this.#freeBytes += sizeBytes;
  }
}

/** A finished body; to be kept once. */
export class MemoryBody implements Body {
  readonly bytes: Uint8Array;
  readonly eightBit: boolean;
  /** Set by keep: from then on the body is the store's. */
  taken = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.eightBit = !isAscii(bytes);
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  get head(): Uint8Array {
    return this.bytes.subarray(0, headBytes);
  }
}

export class MemoryWriter implements BodyWriter {
  readonly #room: Room;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #full: StoreFull | undefined;
  #body: MemoryBody | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    try {
      this.#room.take(bytes.length);
    } catch (error) {
      this.#full = error as StoreFull;
      return Promise.reject(this.#full);
    }
    this.#sizeBytes += bytes.length;
    this.#chunks.push(Uint8Array.from(bytes));
  }

  async finish(top?: Uint8Array): Promise<MemoryBody> {
    try {
      this.#body ??= this.#bodyWith(top);
      return this.#body;
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  #bodyWith(top: Uint8Array | undefined): MemoryBody {
    if (this.#full !== undefined) throw this.#full;
    if (top !== undefined) {
      checkTop(top);
      this.#room.take(top.length);
      this.#sizeBytes += top.length;
      this.#chunks.unshift(top);
    }
    return new MemoryBody(new Uint8Array(Buffer.concat(this.#chunks)));
  }

  async discard(): Promise<void> {
    if (this.#body?.taken === true) return;
    this.#room.giveBack(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#chunks = [];
  }
}
