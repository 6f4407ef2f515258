// The hash of a body in relaxed canonicalization, as the body comes: linear in time, of fixed size. RFC 6376 §3.4.4.
import { createHash } from "node:crypto";

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;

/** What has to be put together goes to the hash in pieces of this size. */
const pieceBytes = 16_384;

/** Longer runs go to the hash as they are, shorter ones would cost more in calls than in copies. */
const longRunBytes = 512;

export class RelaxedBodyHash {
  readonly #hash = createHash("sha256");
  readonly #piece = Buffer.allocUnsafe(pieceBytes);
  #used = 0;
  /** Line ends that count only if more comes behind them. */
  #lineEnds = 0;
  /** White space that counts, as one space, only if the line goes on. */
  #hasSpace = false;
  /** There is a tab in what is held back. */
  #hasTab = false;
  /** The last octet was a CR: a line end may have begun. */
  #hasCr = false;
  #isEmpty = true;

  /** `bytes` is not kept. */
  update(bytes: Uint8Array): void {
    const { length } = bytes;
    // a run of octets that are canonical as they stand, up to the last text
    let start = 0;
    let end = 0;
    for (let i = 0; i < length;) {
      const octet = bytes[i]!;
      if (this.#hasCr) {
        this.#hasCr = false;
        if (octet === LF) {
          this.#lineEnds += 1;
          this.#hasSpace = false;
          i += 1;
          continue;
        }
        this.#add(bytes, start, end); // a CR alone is text
        this.#release();
        this.#put(CR);
        start = end = i;
      }
      if (octet === CR) {
        this.#hasCr = true;
        i += 1;
      } else if (octet === SP || octet === TAB) {
        this.#hasSpace = true;
        this.#hasTab ||= octet === TAB;
        i += 1;
      } else {
        if (!this.#isVerbatim(end === start ? -1 : i - end)) {
          this.#add(bytes, start, end);
          this.#release();
          start = i;
        }
        this.#forget();
        i += 1;
        while (i < length && bytes[i]! > SP) i += 1;
        end = i;
      }
    }
    this.#add(bytes, start, end);
  }

  /** In base64; that is the end of it. */
  digest(): string {
    if (this.#hasCr) {
      this.#release();
      this.#put(CR);
    }
    // empty lines at the end are left out; a last line without an end gets one
    if (!this.#isEmpty) {
      this.#put(CR);
      this.#put(LF);
    }
    this.#pass();
    return this.#hash.digest("base64");
  }

  /** What is held back is so many octets long as what is to be hashed in its place, and so the same. */
  #isVerbatim(heldBytes: number): boolean {
    return !this.#hasTab && heldBytes === 2 * this.#lineEnds + (this.#hasSpace ? 1 : 0);
  }

  /** Text follows, so what was held back counts. */
  #release(): void {
    for (let i = 0; i < this.#lineEnds; i += 1) {
      this.#put(CR);
      this.#put(LF);
    }
    if (this.#hasSpace) this.#put(SP);
    this.#forget();
  }

  #forget(): void {
    this.#lineEnds = 0;
    this.#hasSpace = false;
    this.#hasTab = false;
    this.#isEmpty = false;
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= longRunBytes) {
      this.#pass();
      this.#hash.update(bytes.subarray(start, end));
    } else {
      for (let i = start; i < end; i += 1) this.#put(bytes[i]!);
    }
  }

  #put(octet: number): void {
    if (this.#used === pieceBytes) this.#pass();
    this.#piece[this.#used] = octet;
    this.#used += 1;
  }

  #pass(): void {
    this.#hash.update(this.#piece.subarray(0, this.#used));
    this.#used = 0;
  }
}
