// A body on its way in: in one block of memory while small, in a synced file once it is large.
import { isAscii } from "node:buffer";
import type { Body, BodyWriter } from "../../queue/store.ts";
import type { BodyFile, BodyFiles } from "./body-files.ts";
import type { StoredBody } from "./keeping.ts";

export const bodyLimits = {
  blockBytes: 128 * 1024, // memory of one body; one that needs more goes to a file, a write for each block
  headBytes: 64 * 1024,
} as const;

/** A finished body; to be kept once. */
export class SpooledBody implements Body {
  readonly sizeBytes: number;
  readonly head: Uint8Array;
  readonly eightBit: boolean;
  readonly stored: StoredBody;
  /** Set by keep: from then on the body is the store's. */
  taken = false;

  constructor(facts: Body, stored: StoredBody) {
    this.sizeBytes = facts.sizeBytes;
    this.head = facts.head;
    this.eightBit = facts.eightBit;
    this.stored = stored;
  }
}

/** Of a small body's buffer; a body that uses less of it is copied to one that fits. */
const mostlyUsed = 3 / 4;
const none = new Uint8Array(0);

export class SpoolingWriter implements BodyWriter {
  readonly #files: BodyFiles;
  readonly #largeBytes: number;
  /** Grows up to blockBytes; then it goes to the file whenever it is full. */
  #block: Uint8Array = none;
  #used = 0;
  #sizeBytes = 0;
  #eightBit = false;
  #head: Uint8Array | undefined;
  #file: BodyFile | undefined;
  /** Writes to the file, one after the other; undefined while none is under way. */
  #busy: Promise<void> | undefined;
  #finished: Promise<SpooledBody> | undefined;
  #discarded = false;

  constructor(files: BodyFiles, largeBytes: number) {
    this.#files = files;
    this.#largeBytes = largeBytes;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#discarded) return undefined;
    this.#sizeBytes += bytes.length;
    this.#eightBit ||= !isAscii(bytes);
    if (this.#busy === undefined && this.#used + bytes.length <= bodyLimits.blockBytes) return this.#append(bytes);
    const mine = (this.#busy ?? Promise.resolve()).then(() => this.#spill(bytes));
    this.#busy = mine;
    void mine.then(() => this.#busy === mine && (this.#busy = undefined)).catch(() => {}); // the caller has the failure
    return mine;
  }

  #append(bytes: Uint8Array): undefined {
    const used = this.#used + bytes.length;
    if (used > this.#block.length) {
      const size = Math.min(Math.max(used, this.#block.length * 2), bodyLimits.blockBytes);
      // the first bytes are our own trace header: the content follows, and then a block of its own is due
      const grown = this.#block === none ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
      if (this.#used > 0) grown.set(this.#block.subarray(0, this.#used));
      this.#block = grown;
    }
    this.#block.set(bytes, this.#used);
    this.#used = used;
  }

  /** Block by block to the file. */
  async #spill(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const part = bytes.subarray(from, from + bodyLimits.blockBytes - this.#used);
      this.#append(part);
      from += part.length;
      if (this.#used === bodyLimits.blockBytes) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    // a copy: the block is filled again
    this.#head ??= new Uint8Array(this.#block.subarray(0, Math.min(this.#used, bodyLimits.headBytes)));
    this.#file ??= await this.#files.create();
    await this.#file.append(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }

  finish(): Promise<SpooledBody> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<SpooledBody> {
    try {
      await this.#busy;
      if (this.#file !== undefined || this.#sizeBytes > this.#largeBytes) await this.#flush();
      await this.#file?.sync();
    } catch (error) {
      await this.#file?.remove();
      throw error;
    }
    const stored = this.#file === undefined ? { bytes: this.#fittingBlock() } : { file: this.#file.name };
    const head = this.#head ?? this.#block.subarray(0, bodyLimits.headBytes);
    return new SpooledBody({ sizeBytes: this.#sizeBytes, head, eightBit: this.#eightBit }, stored);
  }

  /** What is used. Its buffer stays in memory as a whole, and is copied between threads so: it may not be much larger. */
  #fittingBlock(): Uint8Array {
    const used = this.#block.subarray(0, this.#used);
    this.#block = used.length < mostlyUsed * used.buffer.byteLength ? new Uint8Array(used) : used;
    return this.#block;
  }

  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    const body = await this.#finished?.catch(() => undefined);
    await this.#busy?.catch(() => {});
    if (body?.taken !== true) await this.#file?.remove();
  }
}
