// Reads replies out of the bytes that a server sends. RFC 5321 §4.2, §4.2.1.
import { assembleReply, parseReplyLine } from "../mail/reply.ts";
import type { Reply } from "../mail/reply.ts";

export const replyLimits = {
  lineBytes: 4_096, // RFC 5321 §4.5.3.1.5 asks for 512; the world writes longer ones
  replyBytes: 64 * 1_024, // one reply, all its lines
  waitingBytes: 1_024 * 1_024, // replies that nobody read yet; a pipelined group has some hundred
} as const;

const empty = Buffer.alloc(0);

/** What came is not a reply; the message says what it was, in words. */
export class NotSmtp extends Error {
  override readonly name = "NotSmtp";
}

/**
 * Feed it bytes split anywhere, then take replies until there is none. Both throw NotSmtp. What is fed belongs to the
 * reader: it must not change.
 */
export class ReplyReader {
  /** Not read yet, from `#from` up to `#to`; behind that is room for more. */
  #octets: Buffer = empty;
  #from = 0;
  #to = 0;
  #texts: string[] = [];
  /** Of the lines so far. */
  #code: number | undefined;
  #replyBytes = 0;

  /** Nothing has come that was not read. */
  get isEmpty(): boolean {
    return this.#from === this.#to && this.#texts.length === 0;
  }

  feed(bytes: Uint8Array): void {
    const length = this.#to - this.#from + bytes.length;
    if (length > replyLimits.waitingBytes) throw new NotSmtp("it sends without end");
    if (this.#from === this.#to) return this.#begin(bytes);
    if (this.#to + bytes.length > this.#octets.length) this.#makeRoom(length);
    this.#octets.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  /** The next whole reply, if all its lines have come. */
  next(): Reply | undefined {
    for (let line = this.#line(); line !== undefined; line = this.#line()) {
      const parsed = parseReplyLine(line);
      if (parsed === undefined) throw new NotSmtp(`it sent ${JSON.stringify(line.slice(0, 80))}`);
      this.#texts.push(parsed.text.trimEnd());
      // RFC 5321 §4.2.1: the same code on each line; else nobody knows whether it was a yes
      if (this.#code !== undefined && parsed.code !== this.#code)
        throw new NotSmtp(`it began a reply with ${this.#code} and went on with ${parsed.code}`);
      this.#code = parsed.code;
      if (!parsed.last) continue;
      const texts = this.#texts;
      this.#texts = [];
      this.#code = undefined;
      this.#replyBytes = 0;
      return assembleReply(parsed.code, texts);
    }
    return undefined;
  }

  /** Nothing is left of what came before: no need to copy. */
  #begin(bytes: Uint8Array): void {
    this.#octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#from = 0;
    this.#to = bytes.length;
  }

  /** For twice as much as there is, so that bytes which come one by one are copied a few times, not each time. */
  #makeRoom(length: number): void {
    const larger = Buffer.allocUnsafe(2 * length);
    this.#octets.copy(larger, 0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    this.#octets = larger;
  }

  /** Gives the room back when all is read: a session may wait for long. */
  #use(length: number): void {
    this.#from += length;
    if (this.#from < this.#to) return;
    this.#octets = empty;
    this.#from = 0;
    this.#to = 0;
  }

  /** One line, without its line end; a lone LF ends one too, as odd servers send it. */
  #line(): string | undefined {
    const octets = this.#octets;
    const from = this.#from;
    const found = octets.indexOf(0x0a, from);
    const isWhole = found >= 0 && found < this.#to; // behind `#to` is what was there before
    const end = isWhole ? found : this.#to;
    const length = end - from;
    if (!isWhole && length > 0 && !/^[2-5]/.test(printable(octets, from, from + 1))) {
      // a TLS or binary service may never send a line end
      throw new NotSmtp(`it sent ${JSON.stringify(printable(octets, from, Math.min(end, from + 80)))}`);
    }
    if (length > replyLimits.lineBytes) throw new NotSmtp(`a line is longer than ${replyLimits.lineBytes} bytes`);
    if (this.#replyBytes + length > replyLimits.replyBytes) {
      throw new NotSmtp(`a reply is longer than ${replyLimits.replyBytes} bytes`);
    }
    if (!isWhole) return undefined;
    this.#replyBytes += length;
    const line = printable(octets, from, length > 0 && octets[end - 1] === 0x0d ? end - 1 : end);
    this.#use(length + 1);
    return line;
  }
}

// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

/** A peer's words go into logs and notices: no control characters. */
const printable = (bytes: Buffer, from: number, to: number): string =>
  bytes.toString("utf8", from, to).replaceAll(controls, "?");
