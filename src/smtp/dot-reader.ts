// DATA's framing: undoes dot-stuffing and finds the one true end of the message, CRLF.CRLF. RFC 5321 §4.5.2.
import type { ContentRead, Framing } from "./framing.ts";
import type { InputBuffer } from "./input-buffer.ts";

const end = Buffer.from("\r\n.\r\n");
const lineDot = Buffer.from("\r\n.");
const empty = Buffer.alloc(0);
const dot = 0x2e;

export class DotReader implements Framing {
  /** The last octets, as far as they may begin `end`. The message starts at a line's start: as if behind a CRLF. */
  #held: Buffer = Buffer.from("\r\n");
  /** So many of the held octets are that CRLF, and no content. */
  #skip = 2;

  read(input: InputBuffer): ContentRead | undefined {
    if (input.isEmpty) return undefined;
    const bytes = input.take(Infinity);
    // nothing but that CRLF is held, and no dot follows it: it is of no use
    if (this.#skip === this.#held.length && bytes[0] !== dot) {
      this.#held = empty;
      this.#skip = 0;
    }
    const octets = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    // the only dot at the start of a line is most often that of the end: then one search finds that nothing is stuffed
    const dotAt = octets.indexOf(lineDot);
    const endAt = dotAt === -1 ? -1 : octets.indexOf(end, dotAt);
    const ended = endAt !== -1;
    const upTo = ended ? endAt + 2 : octets.length - heldLength(octets);
    const isStuffed = dotAt !== -1 && dotAt + lineDot.length <= upTo;
    const content = isStuffed
      ? unstuffed(octets.subarray(0, upTo)).subarray(this.#skip)
      : octets.subarray(this.#skip, upTo);
    if (ended) input.push(octets.subarray(endAt + end.length));
    else {
      this.#held = upTo === octets.length ? empty : Buffer.from(octets.subarray(upTo));
      this.#skip = Math.max(this.#skip - upTo, 0);
    }
    return { content, ended };
  }
}

const unstuffed = (octets: Buffer): Buffer =>
  Buffer.from(octets.toString("latin1").replaceAll("\r\n.", "\r\n"), "latin1");

/** Length of the longest tail that may be the beginning of `end`. */
function heldLength(octets: Buffer): number {
  for (let length = Math.min(end.length - 1, octets.length); length > 0; length -= 1)
    if (octets.subarray(-length).equals(end.subarray(0, length))) return length;
  return 0;
}
