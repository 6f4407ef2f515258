// Files of large bodies, below bodies/ of the data directory: on the disk before their message is kept. In front of the
// body is room for what is put on top of it in the end, a hole that takes no space; the name tells where the body starts.
import { randomBytes } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesIn, type Parts } from "../../base/parts.ts";
import { bodyTopBytes, StoreFull } from "../../queue/store.ts";

const readBytes = 128 * 1024; // per chunk

/** Of one thread of ours. The runtime has four for files, and the spool needs one at any time. */
const writesAtOnce = 2;

export class BodyFiles {
  readonly #dir: string;
  #writing = 0;
  readonly #waiting: (() => void)[] = [];
  /** Names of files that no message has yet, but may come to have. */
  readonly #composing = new Set<string>();

  constructor(dataDir: string) {
    this.#dir = join(dataDir, "bodies");
  }

  /** In turn: many large messages at once would keep small ones from the disk, and from the server's attention. */
  async inTurn<T>(write: () => Promise<T>): Promise<T> {
    if (this.#writing < writesAtOnce) this.#writing += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // the turn is handed on
    try {
      return await write();
    } finally {
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else this.#writing -= 1;
    }
  }

  async create(): Promise<BodyFile> {
    const id = randomBytes(16).toString("hex");
    const base = join(id.slice(0, 2), id);
    const name = nameOf(base, bodyTopBytes);
    this.#composing.add(name);
    try {
      const handle = await this.#createIn(name);
      return new BodyFile({ base, handle, files: this });
    } catch (error) {
      this.#composing.delete(name);
      throw inWords(error, this.#dir);
    }
  }

  /** Its folder is made when first needed. */
  async #createIn(name: string): Promise<FileHandle> {
    const path = join(this.#dir, name);
    try {
      return await open(path, "wx", 0o600);
    } catch {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await syncDirectory(this.#dir);
      await syncDirectory(dirname(this.#dir));
      return open(path, "wx", 0o600);
    }
  }

  /** Of a file that is being composed. */
  async rename(from: string, to: string): Promise<void> {
    this.#composing.add(to);
    try {
      await rename(join(this.#dir, from), join(this.#dir, to));
      this.#composing.delete(from);
    } catch (error) {
      this.#composing.delete(to);
      throw error;
    }
  }

  /** The file belongs to a message now, or is gone. */
  settle(name: string): void {
    this.#composing.delete(name);
  }

  /** Never rejects: what cannot be removed now is a leftover of the next start. */
  async remove(names: readonly string[]): Promise<void> {
    await Promise.allSettled(names.map((name) => unlink(join(this.#dir, name))));
    for (const name of names) this.#composing.delete(name);
  }

  read(name: string): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.#dir, name), { start: startIn(name), highWaterMark: readBytes });
  }

  syncEntry(name: string): Promise<void> {
    return syncDirectory(dirname(join(this.#dir, name)));
  }

  /** Files that are not being composed: of messages, or left over. A folder at a time. */
  async *settled(): AsyncIterable<string[]> {
    for (const folder of await entries(this.#dir)) {
      const names = (await entries(join(this.#dir, folder))).map((file) => join(folder, file));
      yield names.filter((name) => !this.#composing.has(name));
    }
  }

  inWords(error: unknown): unknown {
    return inWords(error, this.#dir);
  }
}

const nameOf = (base: string, start: number): string => `${base}+${start}`;

/** Where the body starts; a file without it in its name is of an older store, and has no room in front. */
const startIn = (name: string): number => Number(name.split("+")[1] ?? 0);

/** A file that is being written. */
export class BodyFile {
  readonly #base: string;
  readonly #handle: FileHandle;
  readonly #files: BodyFiles;
  #start: number = bodyTopBytes;
  #end: number = bodyTopBytes;

  constructor({ base, handle, files }: { base: string; handle: FileHandle; files: BodyFiles }) {
    this.#base = base;
    this.#handle = handle;
    this.#files = files;
  }

  get name(): string {
    return nameOf(this.#base, this.#start);
  }

  async append(parts: Parts): Promise<void> {
    try {
      const wanted = bytesIn(parts);
      const { bytesWritten } = await this.#files.inTurn(() => this.#handle.writev(parts as Uint8Array[], this.#end));
      // the disk may have room for the rest, or says why not
      if (bytesWritten < wanted)
        await this.#write(Buffer.concat(parts).subarray(bytesWritten), this.#end + bytesWritten);
      this.#end += wanted;
    } catch (error) {
      throw this.#files.inWords(error);
    }
  }

  /** To be called before `sync`, which is what makes the new name last. */
  async putOnTop(top: Uint8Array): Promise<void> {
    const start = this.#start - top.length;
    try {
      await this.#files.inTurn(() => this.#write(top, start));
      await this.#files.rename(this.name, nameOf(this.#base, start));
      this.#start = start;
    } catch (error) {
      throw this.#files.inWords(error);
    }
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.subarray(written);
      written += (await this.#handle.write(rest, 0, rest.length, position + written)).bytesWritten;
    }
  }

  /** Ends the file; it and its name are on the disk. */
  async sync(): Promise<void> {
    try {
      await this.#files.inTurn(() => this.#handle.sync());
      await this.#handle.close();
      await this.#files.syncEntry(this.name);
    } catch (error) {
      throw this.#files.inWords(error);
    }
  }

  /** Never rejects. */
  async remove(): Promise<void> {
    await this.#handle.close().catch(() => {}); // closed already
    await this.#files.remove([this.name]);
  }
}

async function entries(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []; // no large body yet
    throw error;
  }
}

/** Makes names in it survive a power loss. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same for a thread that may wait. */
export function syncDirectorySync(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

/** A full disk in words; any other error as it is. */
export function inWords(error: unknown, dir: string): unknown {
  const code = codeOf(error);
  return code === "ENOSPC" || code === "EDQUOT" ? new StoreFull(`no room in ${dir}: free disk space`) : error;
}
