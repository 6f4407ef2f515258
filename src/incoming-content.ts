// The content of a message as it comes: the header section first, as a whole, then the body. Its bytes go to the store, to
// the checks of who sent it, and to the signer, at once; what they find stands on top of it in the end.
import type { Instant } from "./base/world.ts";
import type { Authenticator, ContentCheck } from "./judge/identity/authenticator.ts";
import { withoutForged } from "./judge/identity/results-field.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import { type HeaderField, readHeader, sectionEnd } from "./mail/header.ts";
import type { Authentication, SenderVerdicts } from "./mail/verdict.ts";
import { Intake, type Taken } from "./queue/intake.ts";
import type { BodyWriter } from "./queue/store.ts";
import type { Signer, Signing } from "./signing/signer.ts";

export interface IncomingParts {
  readonly queue: { compose(): BodyWriter };
  readonly hostname: string;
  /** Without one, nobody is asked who strangers are. */
  readonly authenticator?: Authenticator;
  readonly signer?: Signer;
  /** Of a header section. */
  readonly maxHeaderBytes: number;
  /** Adds what a header must have, where we take mail from mail apps. RFC 6409 §8 */
  readonly mend: (header: Uint8Array, about: { client: Client; envelope: Envelope; at: Instant }) => Uint8Array;
}

/** Of a report: what is read of it. The returned message behind it may be as large as it likes. */
const readBytes = 256 * 1024;

interface Origin {
  readonly client: Client;
  readonly envelope: Envelope;
  readonly trusted: boolean;
  /** Of strangers. */
  readonly sender?: Promise<SenderVerdicts>;
  readonly at: Instant;
  /** It may be a report, which is read when it is there. */
  readonly mayReport: boolean;
}

const emptyLine = Buffer.from("\r\n\r\n");
const none = Buffer.alloc(0);

export class IncomingContent {
  readonly #parts: IncomingParts;
  readonly #origin: Origin;
  readonly #content: Intake;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The last octets that came, in which an empty line may have begun; a message may begin with one. */
  #tail = Buffer.from("\r\n");
  #header: Buffer | undefined;
  #fields: readonly HeaderField[] | undefined;
  #check: ContentCheck | undefined;
  #signing: Signing | undefined;
  #sizeBytes = 0;
  readonly #start: Uint8Array[] = [];
  /** The header section is longer than allowed. */
  #isCut = false;

  constructor(parts: IncomingParts, origin: Origin) {
    this.#parts = parts;
    this.#origin = origin;
    this.#content = new Intake(parts.queue.compose());
  }

  /** A promise means: someone is behind, wait. Never rejects and never throws. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#origin.mayReport && this.#sizeBytes < readBytes) this.#start.push(bytes);
    this.#sizeBytes += bytes.length;
    return this.#header === undefined ? this.#hold(bytes) : this.#pass(bytes);
  }

  /** All of it has come. */
  end(): void {
    if (this.#header === undefined) void this.#begin(this.#heldBytes);
  }

  /** What a report begins with; of other mail nothing is held. */
  get start(): Uint8Array {
    return Buffer.concat(this.#start).subarray(0, readBytes);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** As it came. */
  get header(): readonly HeaderField[] {
    this.#fields ??= readHeader(this.#header ?? none);
    return this.#fields;
  }

  /** The header section is longer than it may be, but for our own networks', whose programs we know. */
  get isOversized(): boolean {
    const { trusted, client } = this.#origin;
    return this.#isCut && (!trusted || client.account !== undefined);
  }

  /** Of a stranger's. Never rejects. */
  async authentication(): Promise<Authentication | undefined> {
    return this.#check?.finish();
  }

  /** DKIM-Signature fields, or nothing. */
  async signatures(): Promise<string> {
    return this.#signing === undefined ? "" : this.#signing.finish();
  }

  /** `top`: header fields that are to stand above the others. */
  finish(top: string): Promise<Taken> {
    return this.#content.finish(Buffer.from(top));
  }

  async discard(): Promise<void> {
    this.#check?.discard();
    await this.#content.discard();
  }

  #hold(bytes: Uint8Array): Promise<void> | undefined {
    const before = this.#heldBytes;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    const end = this.#sectionEnd(bytes, before);
    const { maxHeaderBytes } = this.#parts;
    if (end === undefined && this.#heldBytes <= maxHeaderBytes) return undefined;
    this.#isCut = (end ?? this.#heldBytes) > maxHeaderBytes;
    return this.#begin(end ?? this.#heldBytes);
  }

  /** Behind the empty line, in all that is held; `bytes` came last, at `from`. */
  #sectionEnd(bytes: Uint8Array, from: number): number | undefined {
    const last = asBuffer(bytes);
    if (from === 0 && last.length >= emptyLine.length) {
      if (last[0] === 13 && last[1] === 10) return 2; // no header section
    } else {
      const border = Buffer.concat([this.#tail, last.subarray(0, this.#tail.length)]);
      const across = border.indexOf(emptyLine);
      if (across !== -1) return from - this.#tail.length + across + emptyLine.length;
    }
    const end = last.indexOf(emptyLine);
    if (end !== -1) return from + end + emptyLine.length;
    this.#tail = Buffer.concat([this.#tail, last.subarray(1 - emptyLine.length)]).subarray(1 - emptyLine.length);
    return undefined;
  }

  /** The header section is there: its `end` first bytes of what is held. */
  #begin(end: number): Promise<void> | undefined {
    const held = this.#held.length === 1 ? asBuffer(this.#held[0]!) : Buffer.concat(this.#held);
    const header = held.subarray(0, end);
    const body = held.subarray(end);
    this.#held = [];
    this.#header = header;
    const own = this.#asOurs(header);
    const { authenticator, signer } = this.#parts;
    const { client, trusted, envelope, sender } = this.#origin;
    if (trusted) this.#signing = this.#isCut ? undefined : signer?.begin(own);
    else if (authenticator !== undefined && sender !== undefined && !this.#isCut)
      this.#check = authenticator.content({ client, mailFrom: envelope.reversePath, sender }, header);
    if (own === header) {
      const written = this.#content.write(held);
      return together(written, this.#look(body));
    }
    const written = this.#content.write(own);
    // lines that were no fields are the body's now
    const moved = own.subarray(sectionEnd(asBuffer(own)) ?? own.length);
    return together(together(written, moved.length > 0 ? this.#signing?.write(moved) : undefined), this.#pass(body));
  }

  #asOurs(header: Buffer): Uint8Array {
    const { client, envelope, at, trusted } = this.#origin;
    if (this.#isCut) return header; // what is not seen cannot be mended
    const mended = trusted ? this.#parts.mend(header, { client, envelope, at }) : header;
    // RFC 8601 §5: in the name of nobody but us
    return trusted && client.account === undefined ? mended : withoutForged(mended, this.#parts.hostname);
  }

  #pass(bytes: Uint8Array): Promise<void> | undefined {
    return bytes.length === 0 ? undefined : together(this.#content.write(bytes), this.#look(bytes));
  }

  /** Those who only read. */
  #look(body: Uint8Array): Promise<void> | undefined {
    return body.length === 0 ? undefined : together(this.#check?.write(body), this.#signing?.write(body));
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const together = (a: Promise<void> | undefined, b: Promise<void> | undefined): Promise<void> | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Promise.all([a, b]).then(() => undefined);
