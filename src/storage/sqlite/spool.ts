// The spool: segments to which everything that is promised is appended first, many promises in one synced write. The
// database gets it a moment later, in bulk; by then most messages are delivered, and only their history is left to write.
import { closeSync, constants, fdatasync, ftruncateSync, openSync, read, writev } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { bytesIn, gathered, type Parts } from "../../base/parts.ts";
import { inWords, syncDirectory } from "./body-files.ts";
import { type Position, segmentName, type Span } from "./spool-record.ts";

/** Below the data directory; each spool has a thread that writes it. */
export const spoolFolder = (spool: number): string => (spool === 0 ? "spool" : `spool-${spool}`);

/** The number of the spool that a folder is of, if it is one. */
export function spoolOf(folder: string): number | undefined {
  if (folder === spoolFolder(0)) return 0;
  const found = /^spool-([1-9]\d*)$/.exec(folder);
  return found === null ? undefined : Number(found[1]);
}

const patienceMs = 10; // of a record that nobody waits for
const segmentBytes = 64 * 1024 ** 2; // then the next one begins

/** Synced with each write where the system can; else by a call of its own. */
const writesAreSynced = typeof constants.O_DSYNC === "number";
const flags =
  constants.O_CREAT |
  constants.O_EXCL |
  constants.O_RDWR |
  constants.O_APPEND |
  (writesAreSynced ? constants.O_DSYNC : 0);

interface Segment {
  readonly number: number;
  readonly fd: number;
  sizeBytes: number;
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
  #next: number;
  #end: Position;
  #waiting: Waiting[] = [];
  /** Of those that wait, somebody waits for one. */
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  /** Writes to `folder`, which exists, and begins with segment `first`, which does not. */
  constructor(folder: string, first: number) {
    this.#dir = folder;
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
      await unlink(join(this.#dir, segmentName(segment.number)));
    }
  }

  /** After all that was appended. */
  async close(): Promise<void> {
    if (this.#waiting.length > 0) this.#writeNow();
    await this.#writing;
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

  async #segmentToWrite(): Promise<Segment> {
    if (this.#current !== undefined && this.#current.sizeBytes < segmentBytes) return this.#current;
    const number = this.#next;
    const fd = openSync(join(this.#dir, segmentName(number)), flags, 0o600);
    this.#next += 1;
    await syncDirectory(this.#dir);
    this.#current = { number, fd, sizeBytes: 0 };
    this.#segments.set(number, this.#current);
    return this.#current;
  }

  async #write(segment: Segment, together: readonly Waiting[]): Promise<void> {
    const bytes = together.reduce((sum, { bytes }) => sum + bytes, 0);
    const parts = together.flatMap(({ parts }) => parts);
    try {
      await writeSynced(segment.fd, gathered(parts), bytes);
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

async function writeSynced(fd: number, parts: Parts, bytes: number): Promise<void> {
  let written = 0;
  for (let from = 0; from < parts.length; from += mostParts)
    written += await writeParts(fd, parts.slice(from, from + mostParts));
  if (written !== bytes) throw Object.assign(new Error("the disk took only a part"), { code: "ENOSPC" });
  if (!writesAreSynced)
    await new Promise<void>((resolve, reject) =>
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
    );
}

const writeParts = (fd: number, parts: Parts): Promise<number> =>
  new Promise((resolve, reject) =>
    writev(fd, parts, (error, written) => (error === null ? resolve(written) : reject(error))),
  );
