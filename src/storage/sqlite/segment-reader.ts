// Reading segments of the spool: through a window, so that many small records cost few reads.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { SegmentBytes } from "./spool-record.ts";

const windowBytes = 256 * 1024;

export class SegmentReader implements SegmentBytes, Disposable {
  readonly number: number;
  readonly #fd: number;
  #window: Uint8Array = new Uint8Array(0);
  /** Of the file. */
  #windowOffset = 0;

  /** Throws when there is no such file. */
  constructor(file: string, number: number) {
    this.number = number;
    this.#fd = openSync(file, "r");
  }

  read(offset: number, bytes: number): Uint8Array {
    if (bytes > windowBytes) return this.#load(offset, bytes);
    const from = offset - this.#windowOffset;
    if (from >= 0 && from + bytes <= this.#window.length) return this.#window.subarray(from, from + bytes);
    this.#window = this.#load(offset, windowBytes); // a new one: who has read still looks at the old one
    this.#windowOffset = offset;
    return this.#window.subarray(0, bytes);
  }

  #load(offset: number, bytes: number): Uint8Array {
    const there = Math.max(0, fstatSync(this.#fd).size - offset); // a length that is no record's may be anything
    const block = Buffer.allocUnsafeSlow(Math.min(bytes, there));
    return block.subarray(0, readSync(this.#fd, block, 0, block.length, offset));
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
