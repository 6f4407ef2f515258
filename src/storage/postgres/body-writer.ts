// A body on its way in: in memory while small, in a temporary file once it is large. The file has no name, so that
// nothing is left of it however the process ends.
import { isAscii } from "node:buffer";
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Body, type BodyWriter, StoreFull } from "../../queue/store.ts";
import { checkTop, headWith } from "../body-top.ts";

export const bodyLimits = {
  inlineBytes: 100 * 1024, // larger bodies are kept in chunks, and never whole in memory
  chunkBytes: 128 * 1024,
  headBytes: 64 * 1024,
} as const;

/** A file, and what goes before it. */
interface FileContent {
  readonly top: Uint8Array;
  readonly file: FileHandle;
}

/** A finished body; to be kept once. */
export class SpooledBody implements Body {
  readonly sizeBytes: number;
  readonly head: Uint8Array;
  readonly eightBit: boolean;
  /** Its bytes, or the file that has them. */
  readonly content: Uint8Array | FileContent;
  #taken = false;

  constructor(facts: Body, content: Uint8Array | FileContent) {
    this.sizeBytes = facts.sizeBytes;
    this.head = facts.head;
    this.eightBit = facts.eightBit;
    this.content = content;
  }

  /** False: it was kept before. From here on it is the store's. */
  take(): boolean {
    const first = !this.#taken;
    this.#taken = true;
    return first;
  }

  get taken(): boolean {
    return this.#taken;
  }

  async close(): Promise<void> {
    if (!(this.content instanceof Uint8Array)) await this.content.file.close().catch(() => {}); // closed already
  }
}

/** Pieces of what is in a file or in memory; each is good until the next is asked for. */
export async function* chunksOf(content: Uint8Array | FileContent): AsyncGenerator<Buffer> {
  const { chunkBytes } = bodyLimits;
  const block = content instanceof Uint8Array ? undefined : Buffer.alloc(chunkBytes);
  for (let from = 0; ; from += chunkBytes) {
    const chunk =
      content instanceof Uint8Array
        ? Buffer.from(content.buffer, content.byteOffset, content.length).subarray(from, from + chunkBytes)
        : await readAt(content, from, block!);
    if (chunk.length > 0) yield chunk;
    if (chunk.length < chunkBytes) return;
  }
}

async function readAt({ top, file }: FileContent, from: number, chunk: Buffer): Promise<Buffer> {
  const rest = top.subarray(from); // it fits into a chunk
  chunk.set(rest);
  let used = rest.length;
  const position = from - top.length;
  while (used < chunk.length) {
    const { bytesRead } = await file.read(chunk, used, chunk.length - used, position + used);
    if (bytesRead === 0) break;
    used += bytesRead;
  }
  return chunk.subarray(0, used);
}

const none = new Uint8Array(0);

export class SpoolingWriter implements BodyWriter {
  /** Of temporary files. */
  readonly #dir: string;
  /** Grows up to chunkBytes; then it goes to the file whenever it is full. */
  #block = Buffer.alloc(0);
  #used = 0;
  #sizeBytes = 0;
  #eightBit = false;
  #head: Uint8Array | undefined;
  #file: FileHandle | undefined;
  /** Writes to the file, one after the other; undefined while none is under way. */
  #busy: Promise<void> | undefined;
  #finished: Promise<SpooledBody> | undefined;
  #discarded = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#discarded) return undefined;
    this.#sizeBytes += bytes.length;
    this.#eightBit ||= !isAscii(bytes);
    if (this.#busy === undefined && this.#used + bytes.length <= bodyLimits.chunkBytes) return this.#append(bytes);
    const mine = (this.#busy ?? Promise.resolve()).then(() => this.#spill(bytes));
    this.#busy = mine;
    void mine.then(() => this.#busy === mine && (this.#busy = undefined)).catch(() => {}); // the caller has the failure
    return mine;
  }

  #append(bytes: Uint8Array): undefined {
    const used = this.#used + bytes.length;
    if (used > this.#block.length) {
      const grown = Buffer.alloc(Math.min(Math.max(used, this.#block.length * 2), bodyLimits.chunkBytes));
      this.#block.copy(grown, 0, 0, this.#used);
      this.#block = grown;
    }
    this.#block.set(bytes, this.#used);
    this.#used = used;
  }

  /** Block by block to the file. */
  async #spill(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const part = bytes.subarray(from, from + bodyLimits.chunkBytes - this.#used);
      this.#append(part);
      from += part.length;
      if (this.#used === bodyLimits.chunkBytes) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    this.#head ??= Buffer.from(this.#block.subarray(0, bodyLimits.headBytes));
    try {
      this.#file ??= await temporaryFile(this.#dir);
      await this.#file.appendFile(this.#block.subarray(0, this.#used));
    } catch (error) {
      throw inWords(error, this.#dir);
    }
    this.#used = 0;
  }

  finish(top: Uint8Array = none): Promise<SpooledBody> {
    this.#finished ??= this.#finish(top);
    return this.#finished;
  }

  async #finish(top: Uint8Array): Promise<SpooledBody> {
    try {
      await this.#busy;
      checkTop(top);
      if (this.#file !== undefined) await this.#flush();
    } catch (error) {
      await this.#file?.close();
      throw error;
    }
    const facts = { sizeBytes: this.#sizeBytes + top.length, eightBit: this.#eightBit || !isAscii(top) };
    if (this.#file !== undefined) {
      const head = headWith(top, this.#head!, bodyLimits.headBytes);
      return new SpooledBody({ ...facts, head }, { top, file: this.#file });
    }
    const written = this.#block.subarray(0, this.#used);
    const content = top.length === 0 ? written : Buffer.concat([top, written]);
    return new SpooledBody({ ...facts, head: content.subarray(0, bodyLimits.headBytes) }, content);
  }

  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    await this.#busy?.catch(() => {});
    const body = await this.#finished?.catch(() => undefined);
    if (body === undefined) await this.#file?.close().catch(() => {}); // finish() failed, and closed it
    else if (!body.taken) await body.close();
  }
}

/** Removed at once: it lives as long as it is open. */
async function temporaryFile(dir: string): Promise<FileHandle> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `body-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  return file;
}

function inWords(error: unknown, dir: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT"
    ? new StoreFull(`no room for a large message in ${dir}: free disk space`)
    : error;
}
