// Message content on its way out: dot-stuffed and ended by a dot (DATA), or counted (BDAT). RFC 5321 §4.5.2, RFC 3030 §2.
import { gathered, type Parts } from "../base/parts.ts";
import type { Reply } from "../mail/reply.ts";
import { isPositive } from "../mail/reply.ts";
import { clientLimits } from "./client-limits.ts";
import type { ClientSession } from "./client-session.ts";

type Content = AsyncIterable<Uint8Array>;

const dot = Buffer.from(".");
const lineDot = Buffer.from("\r\n.");
const finalDot = Buffer.from(".\r\n");
const lineAndFinalDot = Buffer.from("\r\n.\r\n");
const [cr, lf, period] = [0x0d, 0x0a, 0x2e];

/** Adds a dot to lines that begin with one; line ends may fall between chunks. RFC 5321 §4.5.2. */
export class DotStuffer {
  /** The last two bytes so far; the start counts as the start of a line. */
  #beforeLast = cr;
  #last = lf;

  /** Slices of the chunk with the added dots between them. */
  stuff(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const pieces: Uint8Array[] = [];
    let from = 0;
    const splitBefore = (at: number): void => {
      pieces.push(bytes.subarray(from, at), dot);
      from = at;
    };
    if (this.#atLineStart && bytes[0] === period) splitBefore(0);
    if (this.#last === cr && bytes[0] === lf && bytes[1] === period) splitBefore(1);
    for (let at = lineDotFrom(bytes, 2); at >= 0; at = lineDotFrom(bytes, at + 1)) splitBefore(at);
    pieces.push(bytes.subarray(from));
    this.#beforeLast = bytes.at(-2) ?? this.#last;
    this.#last = bytes.at(-1)!;
    return pieces;
  }

  /** The final dot; a last line without CRLF gets one. */
  end(): Uint8Array {
    return this.#atLineStart ? finalDot : lineAndFinalDot;
  }

  get #atLineStart(): boolean {
    return this.#beforeLast === cr && this.#last === lf;
  }
}

/** So many dots are looked at one by one. */
const sparseDots = 8;

/** The next dot, from `from` (at least 2), that begins a line. */
function lineDotFrom(bytes: Buffer, from: number): number {
  let at = from;
  // attachments have none at all, and one octet is found several times faster than three
  for (let seen = 0; seen < sparseDots; seen += 1) {
    at = bytes.indexOf(period, at);
    if (at < 0 || (bytes[at - 1] === lf && bytes[at - 2] === cr)) return at;
    at += 1;
  }
  const found = bytes.indexOf(lineDot, at - 2);
  return found < 0 ? -1 : found + 2;
}

/**
 * Sends content and the final dot, in blocks: a small message is one write. The reply is still to be read.
 * False: the server spoke or hung up before it had all; the rest, with the final dot, was kept back.
 */
export async function sendDotted(session: ClientSession, content: Content): Promise<boolean> {
  const stuffer = new DotStuffer();
  let pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of content) {
    if (!session.wire.isQuiet) return false;
    for (const piece of stuffer.stuff(chunk)) {
      pieces.push(piece);
      sizeBytes += piece.length;
    }
    if (sizeBytes < clientLimits.blockBytes) continue;
    await sendParts(session, pieces);
    pieces = [];
    sizeBytes = 0;
  }
  if (!session.wire.isQuiet) return false;
  await sendParts(session, [...pieces, stuffer.end()]);
  return true;
}

/** A promise means: wait before sending more. */
function sendParts(session: ClientSession, parts: Parts): Promise<void> | undefined {
  let wait: Promise<void> | undefined;
  for (const part of gathered(parts)) wait = session.sendBlock(part);
  return wait;
}

/**
 * Sends content in counted chunks, each after the last one's reply; a refusal before the last one ends it.
 * Undefined: the server spoke or hung up before it had all; the rest was kept back.
 */
export async function sendChunked(
  session: ClientSession,
  content: Content,
): Promise<{ readonly reply: Reply; readonly isLast: boolean } | undefined> {
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of content) {
    if (!session.wire.isQuiet) return undefined;
    if (held.length > 0) {
      const reply = await sendChunk(session, held, "");
      if (!isPositive(reply)) return { reply, isLast: false }; // RFC 3030 §2: the rest is of no use
    }
    held = chunk;
  }
  if (!session.wire.isQuiet) return undefined;
  return { reply: await sendChunk(session, held, " LAST"), isLast: true };
}

async function sendChunk(session: ClientSession, chunk: Uint8Array, mark: "" | " LAST"): Promise<Reply> {
  await session.sendBlock(joined([Buffer.from(`BDAT ${chunk.length}${mark}\r\n`), chunk]));
  return session.reply("content");
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array =>
  pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
