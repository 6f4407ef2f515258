// How a stretch of content ends: DATA at a lone dot (dot-reader.ts), a chunk of BDAT after its octets. RFC 3030 §2.
import type { InputBuffer } from "./input-buffer.ts";

export interface ContentRead {
  /** Octets of the message. */
  readonly content: Uint8Array;
  readonly ended: boolean;
}

export interface Framing {
  /** Uses up what belongs to the stretch and leaves the rest; undefined: more input is needed. */
  read(input: InputBuffer): ContentRead | undefined;
}

export class ChunkReader implements Framing {
  #leftBytes: number;

  constructor(sizeBytes: number) {
    this.#leftBytes = sizeBytes;
  }

  read(input: InputBuffer): ContentRead | undefined {
    if (input.isEmpty && this.#leftBytes > 0) return undefined;
    const content = input.take(this.#leftBytes);
    this.#leftBytes -= content.length;
    return { content, ended: this.#leftBytes === 0 };
  }
}
