// A body on its way in: in memory while small, in a synced file once it is large.
import { isAscii } from "node:buffer";
import type { Parts } from "../../base/parts.ts";
import type { Body, BodyWriter } from "../../queue/store.ts";
import { checkTop, headWith } from "../body-top.ts";
import type { BodyFile, BodyFiles } from "./body-files.ts";

export const bodyLimits = {
  heldBytes: 128 * 1024, // of one body in memory; one that needs more goes to a file
  headBytes: 64 * 1024,
} as const;

/** A small body's bytes, or the file of a large one below bodies/, which is on the disk already. */
export type HeldBody = { readonly parts: Parts } | { readonly file: string };

/** A finished body; to be kept once. */
export class SpooledBody implements Body {
  readonly sizeBytes: number;
  readonly head: Uint8Array;
  readonly eightBit: boolean;
  readonly stored: HeldBody;
  /** Set by keep: from then on the body is the store's. */
  taken = false;

  constructor(facts: Body, stored: HeldBody) {
    this.sizeBytes = facts.sizeBytes;
    this.head = facts.head;
    this.eightBit = facts.eightBit;
    this.stored = stored;
  }
}

/** A chunk of this size is kept as it came; smaller ones are copied together. */
const ownPartBytes = 8 * 1024;
/** Of a block of small chunks; one that uses less of it is copied to one that fits. */
const mostlyUsed = 3 / 4;
const none = new Uint8Array(0);
const headerEnd = Buffer.from("\r\n\r\n");

export class SpoolingWriter implements BodyWriter {
  readonly #files: BodyFiles;
  readonly #largeBytes: number;
  /** In memory, before the block. */
  #parts: Uint8Array[] = [];
  /** Small chunks that came one after the other. */
  #block: Uint8Array = none;
  #blockUsed = 0;
  /** In memory. */
  #heldBytes = 0;
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
    if (this.#busy === undefined && this.#heldBytes + bytes.length <= bodyLimits.heldBytes) return this.#hold(bytes);
    const mine = (this.#busy ?? Promise.resolve()).then(() => this.#spill(bytes));
    this.#busy = mine;
    void mine.then(() => this.#busy === mine && (this.#busy = undefined)).catch(() => {}); // the caller has the failure
    return mine;
  }

  #hold(bytes: Uint8Array): undefined {
    this.#heldBytes += bytes.length;
    if (bytes.length >= ownPartBytes) {
      this.#endBlock();
      this.#parts.push(bytes);
    } else this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    const used = this.#blockUsed + bytes.length;
    if (used > this.#block.length) {
      const size = Math.max(used, this.#block.length * 2);
      const grown = Buffer.allocUnsafeSlow(size); // of its own: it is mostly used as it is
      if (this.#blockUsed > 0) grown.set(this.#block.subarray(0, this.#blockUsed));
      this.#block = grown;
    }
    this.#block.set(bytes, this.#blockUsed);
    this.#blockUsed = used;
  }

  /** Its memory stays as a whole as long as what is used of it: it may not be much larger. */
  #endBlock(): void {
    if (this.#blockUsed === 0) return;
    const used = this.#block.subarray(0, this.#blockUsed);
    this.#parts.push(used.length >= mostlyUsed * used.buffer.byteLength ? used : new Uint8Array(used));
    this.#block = none;
    this.#blockUsed = 0;
  }

  async #spill(bytes: Uint8Array): Promise<void> {
    this.#hold(bytes);
    if (this.#heldBytes > bodyLimits.heldBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const parts = this.#takeParts();
    this.#head ??= headOf(parts);
    this.#file ??= await this.#files.create();
    await this.#file.append(parts);
  }

  #takeParts(): Uint8Array[] {
    this.#endBlock();
    const parts = this.#parts;
    this.#parts = [];
    this.#heldBytes = 0;
    return parts;
  }

  finish(top: Uint8Array = none): Promise<SpooledBody> {
    this.#finished ??= this.#finish(top);
    return this.#finished;
  }

  async #finish(top: Uint8Array): Promise<SpooledBody> {
    try {
      await this.#busy;
      checkTop(top);
      if (top.length > 0) await this.#putOnTop(top);
      if (this.#file !== undefined || this.#sizeBytes > this.#largeBytes) await this.#flush();
      await this.#file?.sync();
    } catch (error) {
      await this.#file?.remove();
      throw error;
    }
    if (this.#file !== undefined) return this.#body(this.#head!, { file: this.#file.name });
    const parts = this.#takeParts();
    return this.#body(headOf(parts), { parts });
  }

  async #putOnTop(top: Uint8Array): Promise<void> {
    this.#sizeBytes += top.length;
    this.#eightBit ||= !isAscii(top);
    if (this.#file === undefined) this.#parts.unshift(top);
    else {
      this.#head = headWith(top, this.#head!, bodyLimits.headBytes);
      await this.#file.putOnTop(top);
    }
  }

  #body(head: Uint8Array, stored: HeldBody): SpooledBody {
    return new SpooledBody({ sizeBytes: this.#sizeBytes, head, eightBit: this.#eightBit }, stored);
  }

  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    const body = await this.#finished?.catch(() => undefined);
    await this.#busy?.catch(() => {});
    if (body?.taken !== true) await this.#file?.remove();
  }
}

/** The header section, as far as it goes, without more copies of the rest than it takes. */
function headOf(parts: Parts): Uint8Array {
  if (parts.length === 1) return parts[0]!.subarray(0, bodyLimits.headBytes);
  const head: Uint8Array[] = [];
  for (let [at, bytes] = [0, 0]; at < parts.length && bytes < bodyLimits.headBytes; at += 1) {
    const part = Buffer.from(parts[at]!.buffer, parts[at]!.byteOffset, parts[at]!.length);
    const end = part.indexOf(headerEnd);
    const taken = part.subarray(
      0,
      Math.min(end === -1 ? part.length : end + headerEnd.length, bodyLimits.headBytes - bytes),
    );
    head.push(taken);
    bytes += taken.length;
    if (end !== -1) break;
  }
  return Buffer.concat(head);
}
