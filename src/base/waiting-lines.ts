// Lines on their way to a file or to standard output. They wait in memory for a disk or a reader that is slow, within a
// limit: who writes them never does.
import { close, closeSync, constants, fstatSync, mkdirSync, openSync, write } from "node:fs";
import { dirname } from "node:path";
import { inTime } from "./in-time.ts";
import { realTime } from "./world.ts";

export const lineLimits = {
  waitingBytes: 1024 ** 2, // lines that wait to be written; further ones are lost, and counted
  lookAgainMs: 100, // at a reader that takes nothing more for now
  gatherMs: 10, // lines wait for one another: a write for each would cost more than to make them
  closeMs: 1_000, // for the last lines
  togetherBytes: 4_096, // written at once: to a pipe, so much is written whole, whatever other threads write (PIPE_BUF)
} as const;

/** To `file`, or to standard output. Throws, with words for the operator, when the file cannot be written. */
export const openLines = (file: string | undefined, onLost: (lines: number) => void): WaitingLines =>
  new WaitingLines(file === undefined ? openStandardOutput() : openFile(file), onLost);

/** A write that would have to wait fails instead: a thread that waits would keep the process from ending. */
const openFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

function openFile(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, openFlags | constants.O_CREAT, 0o666);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot write the log ${file} (${reason}): make it writable for the user that runs Waybill, or set another \`file\` under [log]`,
      { cause: error },
    );
  }
}

const standardOutput = 1;

/** Once more, so that not to wait holds for the log alone, not for all who share it; a file has a position to share. */
function openStandardOutput(): number {
  try {
    if (fstatSync(standardOutput).isFile()) return standardOutput;
    return openSync("/dev/stdout", openFlags);
  } catch {
    return standardOutput; // a socket, or another user's
  }
}

/** Lines on their way to a file: one write at a time, of all that wait. */
class WaitingLines {
  readonly #fd: number;
  readonly #isFile: boolean;
  readonly #onLost: (lines: number) => void;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Not told of yet. */
  #lost = 0;
  /** The last bytes that were written are half a line. */
  #torn = false;
  #closed = false;
  #writing: Promise<void> | undefined;

  constructor(fd: number, onLost: (lines: number) => void) {
    this.#fd = fd;
    this.#isFile = fstatSync(fd).isFile();
    this.#onLost = onLost;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#closed || this.#waitingBytes + bytes > lineLimits.waitingBytes) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    if (this.#writing !== undefined)
      await inTime(this.#writing, { limitMs: lineLimits.closeMs, world: realTime, late: () => {} });
    if (this.#closed) return;
    this.#closed = true;
    if (this.#fd === standardOutput) return;
    if (this.#writing === undefined) closeSync(this.#fd);
    else void this.#writing.then(() => close(this.#fd, () => {})); // a number in use again would be another's file
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, lineLimits.gatherMs));
    while (this.#waiting.length > 0 && !this.#closed) {
      const lines = Buffer.from((this.#torn ? "\n" : "") + this.#waiting.splice(0, this.#together()).join(""));
      this.#waitingBytes = this.#waiting.length === 0 ? 0 : Math.max(0, this.#waitingBytes - lines.length);
      const written = await this.#writeOut(lines);
      if (written && this.#lost > 0 && this.#waiting.length === 0) this.#tell();
    }
    this.#writing = undefined;
  }

  /** How many lines go in one write: a file takes all that wait. */
  #together(): number {
    if (this.#isFile) return this.#waiting.length;
    let bytes = 0;
    const tooMany = this.#waiting.findIndex((line) => (bytes += Buffer.byteLength(line)) > lineLimits.togetherBytes);
    return tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany);
  }

  #tell(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#onLost(lost);
  }

  /** False: not all of it could be written, and the rest is lost. */
  async #writeOut(bytes: Buffer): Promise<boolean> {
    for (let rest = bytes; rest.length > 0;) {
      const { code, written } = await writeSome(this.#fd, rest);
      if (written > 0) this.#torn = rest[written - 1] !== newline;
      rest = rest.subarray(written);
      if (code === undefined) continue;
      if (code === "EAGAIN" && !this.#closed) {
        await new Promise((resolve) => setTimeout(resolve, lineLimits.lookAgainMs).unref());
        continue;
      }
      this.#lost += rest.filter((byte) => byte === newline).length;
      return false;
    }
    return true;
  }
}

const newline = 10;

/** Never rejects. */
const writeSome = (fd: number, bytes: Buffer): Promise<{ code?: string | undefined; written: number }> =>
  new Promise((resolve) =>
    write(fd, bytes, (error, written) =>
      resolve(error === null ? { written } : { code: error.code ?? "unknown", written: 0 }),
    ),
  );
