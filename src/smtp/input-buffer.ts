// The octets that came and are not used yet: taken as command lines, or as content. RFC 5321 §2.3.8, §4.1.1.
import { isUtf8 } from "node:buffer";
import { reply } from "../mail/reply.ts";
import type { Problem } from "./command.ts";
import { limits } from "./limits.ts";

type Line = { readonly kind: "line"; readonly text: string } | { readonly kind: "problem"; readonly problem: Problem };

const empty = Buffer.alloc(0);
const lf = 0x0a;
const cr = 0x0d;
const printable = /^[ -~\t]*$/;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export class InputBuffer {
  /** Used up to `#at`: a slice for each line would cost more than to read the line. */
  #octets: Buffer = empty;
  #at = 0;
  /** The line was answered already; what is left of it is thrown away, up to its CRLF. */
  #skipping = false;

  get isEmpty(): boolean {
    return this.#at === this.#octets.length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const buffer = asBuffer(bytes);
    this.#octets = this.isEmpty ? buffer : Buffer.concat([this.#octets.subarray(this.#at), buffer]);
    this.#at = 0;
  }

  clear(): void {
    this.#useUpTo(this.#octets.length);
    this.#skipping = false;
  }

  /** All octets, or `limit` of them at most; without copying. */
  take(limit: number): Buffer {
    const from = this.#at;
    const octets = this.#octets;
    this.#useUpTo(Math.min(from + limit, octets.length));
    return octets.subarray(from, from + limit);
  }

  /** The next line, if it is complete or already too long; that of a command, without another limit. */
  line(limitBytes?: number): Line | undefined {
    if (this.#skipping && !this.#skip()) return undefined;
    const octets = this.#octets;
    const from = this.#at;
    const end = octets.indexOf(lf, from);
    const next = end === -1 ? octets.length : end + 1;
    if (next - from > limits.commandBytes) {
      const limit = limitBytes ?? commandLimit(octets, from);
      if (next - from > limit) return this.#bad("5.5.6", `line too long; the limit is ${limit} octets`, from);
    }
    if (end === -1) return this.#awaitRest();
    // RFC 5321 §2.3.8: only CRLF ends a line; what others took for a line end must not start a command here
    if (end === from || octets[end - 1] !== cr) return this.#bad("5.5.2", "bare LF; lines must end with CRLF", next);
    this.#useUpTo(next);
    const text = octets.toString("latin1", from, end - 1);
    return printable.test(text) ? { kind: "line", text } : unusualLine(octets.subarray(from, end - 1));
  }

  /** The beginning of a line waits without the read that it came at the end of: that may be 30 times as long. */
  #awaitRest(): undefined {
    if (this.#at === 0) return;
    this.#octets = Buffer.from(this.#octets.subarray(this.#at));
    this.#at = 0;
  }

  /** What is used up is not held: most sessions wait for their next command. */
  #useUpTo(at: number): void {
    const isAll = at === this.#octets.length;
    this.#at = isAll ? 0 : at;
    if (isAll) this.#octets = empty;
  }

  /** Answers once for the line; up to `used` it is known to have no CRLF. */
  #bad(enhanced: "5.5.2" | "5.5.6", text: string, used: number): Line {
    const line = badLine(this.#octets.subarray(this.#at), text, enhanced);
    this.#useUpTo(used);
    this.#skip();
    return line;
  }

  /** True when the line that is being skipped has ended. */
  #skip(): boolean {
    const octets = this.#octets;
    const end = octets.indexOf("\r\n", this.#at);
    this.#skipping = end === -1;
    // a CR at the end may be half of a CRLF
    const kept = octets.at(-1) === cr && !this.isEmpty ? octets.length - 1 : octets.length;
    this.#useUpTo(end === -1 ? kept : end + 2);
    return !this.#skipping;
  }
}

/** AUTH may come with a token. */
const commandLimit = (octets: Buffer, from: number): number =>
  /^auth /i.test(octets.toString("latin1", from, from + 5)) ? limits.authLineBytes : limits.commandBytes;

/** Not all of it is printable ASCII. */
function unusualLine(octets: Buffer): Line {
  const text = octets.toString("latin1");
  if (text.includes("\r")) return badLine(octets, "bare CR; lines must end with CRLF");
  if (text.includes("\0")) return badLine(octets, "NUL octet in a command; send text");
  if (control.test(text) || !isUtf8(octets))
    return badLine(octets, "control characters or broken UTF-8; send ASCII or UTF-8");
  return { kind: "line", text: octets.toString() };
}

/** RFC 3030 §2: where BDAT may have been meant, a chunk may follow, and we cannot tell where it ends. */
function badLine(octets: Buffer, text: string, enhanced: "5.5.2" | "5.5.6" = "5.5.2"): Line {
  const fatal = octets.toString("latin1", 0, 4).toUpperCase() === "BDAT";
  return {
    kind: "problem",
    problem: { ...(fatal && { verb: "BDAT" }), reply: reply(500, enhanced, fatal ? `${text}; closing` : text), fatal },
  };
}

/** Without copying. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
