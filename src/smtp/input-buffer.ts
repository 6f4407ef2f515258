// The octets that came and are not used yet: taken as command lines, or as content. RFC 5321 §2.3.8, §4.1.1.
import { isUtf8 } from "node:buffer";
import { reply } from "../mail/reply.ts";
import type { Problem } from "./command.ts";
import { limits } from "./limits.ts";

export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "problem"; readonly problem: Problem };

const empty = Buffer.alloc(0);
const lf = 0x0a;
const cr = 0x0d;
const printable = /^[ -~\t]*$/;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export class InputBuffer {
  #octets: Buffer = empty;
  /** The line was answered already; what is left of it is thrown away, up to its CRLF. */
  #skipping = false;

  get isEmpty(): boolean {
    return this.#octets.length === 0;
  }

  push(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#octets = this.isEmpty ? buffer : Buffer.concat([this.#octets, buffer]);
  }

  clear(): void {
    this.#octets = empty;
    this.#skipping = false;
  }

  /** All octets, or `limit` of them at most; without copying. */
  take(limit: number): Buffer {
    const taken = this.#octets.subarray(0, limit);
    this.#octets = this.#octets.subarray(taken.length);
    return taken;
  }

  /** The next line, if it is complete or already too long. */
  line(): Line | undefined {
    if (this.#skipping && !this.#skip()) return undefined;
    const end = this.#octets.indexOf(lf);
    const length = end === -1 ? this.#octets.length : end + 1;
    if (length > limits.commandBytes)
      return this.#bad("5.5.6", `line too long; the limit is ${limits.commandBytes} octets`, 0);
    if (end === -1) return undefined;
    // RFC 5321 §2.3.8: only CRLF ends a line; what others took for a line end must not start a command here
    if (this.#octets[end - 1] !== cr) return this.#bad("5.5.2", "bare LF; lines must end with CRLF", end + 1);
    const octets = this.take(length).subarray(0, -2);
    return lineOf(octets);
  }

  /** Answers once for the line; up to `used` it is known to have no CRLF. */
  #bad(enhanced: "5.5.2" | "5.5.6", text: string, used: number): Line {
    const line = badLine(this.#octets, text, enhanced);
    this.#octets = this.#octets.subarray(used);
    this.#skip();
    return line;
  }

  /** True when the line that is being skipped has ended. */
  #skip(): boolean {
    const end = this.#octets.indexOf("\r\n");
    this.#skipping = end === -1;
    // a CR at the end may be half of a CRLF
    const kept = this.#octets.at(-1) === cr ? this.#octets.length - 1 : this.#octets.length;
    this.#octets = this.#octets.subarray(end === -1 ? kept : end + 2);
    return !this.#skipping;
  }
}

function lineOf(octets: Buffer): Line {
  const text = octets.toString("latin1");
  if (printable.test(text)) return { kind: "line", text };
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
