// Reads replies out of the bytes that a server sends. RFC 5321 §4.2, §4.2.1.
import { assembleReply, parseReplyLine } from "../mail/reply.ts";
import type { Reply } from "../mail/reply.ts";

export const replyLimits = {
  lineBytes: 4_096, // RFC 5321 §4.5.3.1.5 asks for 512; the world writes longer ones
  replyBytes: 64 * 1_024, // one reply, all its lines
  waitingBytes: 1_024 * 1_024, // replies that nobody read yet; a pipelined group has some hundred
} as const;

/** What came is not a reply; the message says what it was, in words. */
export class NotSmtp extends Error {
  override readonly name = "NotSmtp";
}

/** Feed it bytes split anywhere, then take replies until there is none. Both throw NotSmtp. */
export class ReplyReader {
  #waiting: Buffer = Buffer.alloc(0);
  #texts: string[] = [];
  #replyBytes = 0;

  /** Nothing has come that was not read. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#texts.length === 0;
  }

  feed(bytes: Uint8Array): void {
    this.#waiting = Buffer.concat(this.#waiting.length === 0 ? [bytes] : [this.#waiting, bytes]);
    if (this.#waiting.length > replyLimits.waitingBytes) throw new NotSmtp("it sends without end");
  }

  /** The next whole reply, if all its lines have come. */
  next(): Reply | undefined {
    for (let line = this.#line(); line !== undefined; line = this.#line()) {
      const parsed = parseReplyLine(line);
      if (parsed === undefined) throw new NotSmtp(`it sent ${JSON.stringify(line.slice(0, 80))}`);
      this.#texts.push(parsed.text.trimEnd());
      if (!parsed.last) continue;
      const texts = this.#texts;
      this.#texts = [];
      this.#replyBytes = 0;
      return assembleReply(parsed.code, texts); // where the lines' codes differ, the last one counts
    }
    return undefined;
  }

  /** One line, without its line end; a lone LF ends one too, as odd servers send it. */
  #line(): string | undefined {
    const end = this.#waiting.indexOf(0x0a);
    const length = end < 0 ? this.#waiting.length : end;
    if (end < 0 && length > 0 && !/^[2-5]/.test(printable(this.#waiting.subarray(0, 1)))) {
      // a TLS or binary service may never send a line end
      throw new NotSmtp(`it sent ${JSON.stringify(printable(this.#waiting.subarray(0, 80)))}`);
    }
    if (length > replyLimits.lineBytes) throw new NotSmtp(`a line is longer than ${replyLimits.lineBytes} bytes`);
    if (end < 0) return undefined;
    this.#replyBytes += length;
    if (this.#replyBytes > replyLimits.replyBytes) {
      throw new NotSmtp(`a reply is longer than ${replyLimits.replyBytes} bytes`);
    }
    const line = printable(this.#waiting.subarray(0, this.#waiting[end - 1] === 0x0d ? end - 1 : end));
    this.#waiting = this.#waiting.subarray(end + 1);
    return line;
  }
}

// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

/** A peer's words go into logs and notices: no control characters. */
const printable = (bytes: Buffer): string => bytes.toString("utf8").replaceAll(controls, "?");
