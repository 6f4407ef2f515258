// The spool: segments to which everything that is promised is appended first, many promises in one synced write. The
// database gets it a moment later, in bulk; by then most messages are delivered, and only their history is left to write.
import { closeSync, constants, fdatasync, ftruncateSync, openSync, read, writev } from "node:fs";
import { rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesIn, gathered, type Parts } from "../../base/parts.ts";
import { inWords, syncDirectory } from "./body-files.ts";
import { type Position, seal, segmentName, type Span } from "./spool-record.ts";

/** Of those that are done with, the segments that may be used again; the others are removed. */
export async function sparesAmong(folder: string, segments: readonly number[]): Promise<number[]> {
  const spares: number[] = [];
  for (const segment of segments) {
    const file = join(folder, segmentName(segment));
    if (spares.length < mostSpares && (await stat(file)).size >= segmentBytes) spares.push(segment);
    else await unlink(file);
  }
  await unlink(join(folder, madeSpare)).catch(() => {}); // there is none, most often
  return spares;
}

/** Below the data directory; each spool has a thread that writes it. */
export const spoolFolder = (spool: number): string => (spool === 0 ? "spool" : `spool-${spool}`);

/** The number of the spool that a folder is of, if it is one. */
export function spoolOf(folder: string): number | undefined {
  if (folder === spoolFolder(0)) return 0;
  const found = /^spool-([1-9]\d*)$/.exec(folder);
  return found === null ? undefined : Number(found[1]);
}

const patienceMs = 10; // of a record that nobody waits for
const segmentBytes = 16 * 1024 ** 2; // then the next one begins
const worthSpareBytes = 256 * 1024; // a spool that is used so little needs no spare
const mostSpares = 8;

/**
 * Synced with each write where the system can; else by a call of its own. To overwrite a file takes the disk half as long
 * as to make it longer, and so segments are used again.
 */
const writesAreSynced = typeof constants.O_DSYNC === "number";
const flags = constants.O_RDWR | (writesAreSynced ? constants.O_DSYNC : 0);

interface Segment {
  readonly number: number;
  readonly fd: number;
  /** Of its records. */
  sizeBytes: number;
  /** Of the file, if it was made as long as segments get. */
  readonly isFull: boolean;
}

interface Waiting {
  readonly parts: Parts;
  readonly bytes: number;
  readonly resolve: (at: Position) => void;
  readonly reject: (error: Error) => void;
}

export class Spool {
  readonly #dir: string;
  /** That a read may still want; the last one is written to. */
  readonly #segments = new Map<number, Segment>();
  #current: Segment | undefined;
  /** Files of full length that may be used again. */
  readonly #spares: string[];
  #making: Promise<void> | undefined;
  #next: number;
  #end: Position;
  #waiting: Waiting[] = [];
  /** Of those that wait, somebody waits for one. */
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  /** Writes to `folder`, which exists, and begins with segment `first`, which does not; `old`: segments that are done with. */
  constructor(folder: string, first: number, old: readonly number[] = []) {
    this.#dir = folder;
    this.#spares = old.map(segmentName);
    this.#next = first;
    this.#end = { segment: first, offset: 0 };
  }

  /** Behind the last record that is on the disk. */
  get end(): Position {
    return this.#end;
  }

  /**
   * Appends a record; resolves with its place once it is on the disk. A rejected one is not in the spool. One that is not
   * urgent goes with the next that is, or a moment later.
   */
  append(parts: Parts, isUrgent = true): Promise<Position> {
    return new Promise((resolve, reject) => {
      const bytes = bytesIn(parts);
      this.#waiting.push({ parts, bytes, resolve, reject });
      if (isUrgent) this.#writeNow();
      else this.#timer ??= setTimeout(() => this.#writeNow(), patienceMs);
    });
  }

  #writeNow(): void {
    this.#isUrgent = true;
    this.#writing ??= this.#writeAll();
  }

  /** Bytes of a record that was appended, while its segment is there. */
  async read(segment: number, { offset, bytes }: Span): Promise<Uint8Array> {
    const { fd } = this.#segments.get(segment)!;
    const block = Buffer.allocUnsafe(bytes);
    const got = await new Promise<number>((resolve, reject) =>
      read(fd, block, 0, bytes, offset, (error, count) => (error === null ? resolve(count) : reject(error))),
    );
    if (got !== bytes) throw new Error(`segment ${segment} of the spool ends too early`);
    return block;
  }

  /** The database has all before `position`: segments that end before it go. */
  async forget(position: Position): Promise<void> {
    for (const segment of this.#segments.values()) {
      if (segment.number >= position.segment) break;
      this.#segments.delete(segment.number);
      closeSync(segment.fd);
      const isSpare = (segment.isFull || segment.sizeBytes >= segmentBytes) && this.#spares.length < mostSpares;
      if (isSpare) this.#spares.push(segmentName(segment.number));
      else await unlink(join(this.#dir, segmentName(segment.number)));
    }
  }

  /** After all that was appended. */
  async close(): Promise<void> {
    if (this.#waiting.length > 0) this.#writeNow();
    await this.#writing;
    await this.#making;
    for (const { fd } of this.#segments.values()) closeSync(fd);
    this.#segments.clear();
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // the records of this turn go together
    while (this.#isUrgent) {
      const together = this.#waiting;
      this.#waiting = [];
      this.#isUrgent = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      try {
        const segment = await this.#segmentToWrite();
        await this.#write(segment, together);
      } catch (error) {
        for (const { reject } of together) reject(inWords(error, this.#dir) as Error);
      }
    }
    this.#writing = undefined;
  }

  /** The current one, unless it is full, or a spare is to be had for one that has to grow. */
  async #segmentToWrite(): Promise<Segment> {
    const current = this.#current;
    if (current !== undefined) {
      const wantsSpare = !current.isFull && this.#spares.length === 0 && current.sizeBytes > worthSpareBytes;
      if (wantsSpare) this.#making ??= this.#makeSpare().finally(() => (this.#making = undefined));
      const isGood = current.isFull || this.#spares.length === 0;
      if (isGood && current.sizeBytes < segmentBytes) return current;
    }
    const number = this.#next;
    const file = segmentName(number);
    const spare = this.#spares.pop();
    if (spare === undefined) await writeFile(join(this.#dir, file), "", { mode: 0o600 });
    else await rename(join(this.#dir, spare), join(this.#dir, file));
    try {
      await syncDirectory(this.#dir);
      const fd = openSync(join(this.#dir, file), flags);
      this.#current = { number, fd, sizeBytes: 0, isFull: spare !== undefined };
    } catch (error) {
      if (spare !== undefined) this.#spares.push(file); // under its new name, for the next try
      throw error;
    }
    this.#next += 1;
    this.#segments.set(number, this.#current);
    return this.#current;
  }

  /** Most spares were segments before. Without one, all goes on as well, but slower. */
  async #makeSpare(): Promise<void> {
    try {
      await writeFile(join(this.#dir, madeSpare), zeros(), { mode: 0o600, flush: true });
      this.#spares.push(madeSpare);
    } catch {
      await unlink(join(this.#dir, madeSpare)).catch(() => {}); // no room for it
    }
  }

  async #write(segment: Segment, together: readonly Waiting[]): Promise<void> {
    for (const { parts } of together) seal(parts, segment.number);
    const parts = together.flatMap(({ parts }) => parts);
    try {
      await writeSynced(segment, gathered(parts), bytesIn(parts));
    } catch (error) {
      this.#cutBack(segment);
      throw error;
    }
    for (const { bytes, resolve } of together) {
      resolve({ segment: segment.number, offset: segment.sizeBytes });
      segment.sizeBytes += bytes;
    }
    this.#end = { segment: segment.number, offset: segment.sizeBytes };
  }

  /** Nothing of a write that failed may be found later; where that is not possible, nothing more is written behind it. */
  #cutBack(segment: Segment): void {
    try {
      ftruncateSync(segment.fd, segment.sizeBytes);
    } catch {
      this.#current = undefined;
    }
  }
}

const mostParts = 1_000; // IOV_MAX is 1,024

async function writeSynced({ fd, sizeBytes }: Segment, parts: Parts, bytes: number): Promise<void> {
  let written = 0;
  for (let from = 0; from < parts.length; from += mostParts)
    written += await writeParts(fd, parts.slice(from, from + mostParts), sizeBytes + written);
  if (written !== bytes) throw Object.assign(new Error("the disk took only a part"), { code: "ENOSPC" });
  if (!writesAreSynced)
    await new Promise<void>((resolve, reject) =>
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
    );
}

const writeParts = (fd: number, parts: Parts, position: number): Promise<number> =>
  new Promise((resolve, reject) =>
    writev(fd, parts, position, (error, written) => (error === null ? resolve(written) : reject(error))),
  );

const madeSpare = "new.spare";

function* zeros(): Generator<Uint8Array> {
  const block = new Uint8Array(1024 ** 2);
  for (let bytes = 0; bytes < segmentBytes; bytes += block.length) yield block;
}
