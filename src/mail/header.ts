// Reading and writing header fields on raw bytes. RFC 5322 §2.2, RFC 5321 §4.4.
import type { Instant } from "../base/world.ts";
import { type Address, isInternational } from "./address.ts";
import type { Client } from "./client.ts";
import type { QueueId } from "./message.ts";
import { asciiLine } from "./printable.ts";

export interface HeaderField {
  readonly name: string;
  /** Unfolded, trimmed. */
  readonly value: string;
}

/** Where a field stands in the text of a header section. */
export interface FieldPlace {
  /** In lower case; "" of lines at the top that are no field. */
  readonly name: string;
  readonly start: number;
  /** Where its value begins, behind the colon. */
  readonly value: number;
  /** Behind its last line end. */
  readonly end: number;
  readonly lines: number;
}

/**
 * What becomes of a line that is no field and goes on with none: the section ends there, or it is left out, or it is a part
 * of the field before. With "join", the colon may stand on the line after the name, too, where some readers look for it.
 */
export type StrayLines = "end" | "skip" | "join";

/** A name at the start of a line, and its colon. RFC 5322 §2.2, §4.5.8 */
const fieldStart = /([!-9;-~]+)[ \t]*:/y;
const lenientFieldStart = /([!-9;-~]+)[ \t]*(?:\r?\n[ \t]*)?:/y;

/** Up to the empty line. `text` in Latin-1 has places that are places in its bytes, too. */
export function splitHeader(text: string, stray: StrayLines): FieldPlace[] {
  const pattern = stray === "join" ? lenientFieldStart : fieldStart;
  const fields: { name: string; start: number; value: number; end: number; lines: number }[] = [];
  let last: (typeof fields)[number] | undefined;
  for (let start = 0, end; start < text.length; start = end) {
    end = text.indexOf("\n", start) + 1 || text.length;
    if (isEmptyLine(text, start)) break;
    pattern.lastIndex = start;
    const isFold = last?.end === start && isWhiteSpace(text[start]);
    const name = isFold ? undefined : pattern.exec(text)?.[1];
    if (last !== undefined && (isFold || (name === undefined && stray === "join"))) {
      last.end = end;
      last.lines += 1;
    } else if (name !== undefined || stray === "join") {
      last = {
        name: name?.toLowerCase() ?? "",
        start,
        value: name === undefined ? start : pattern.lastIndex,
        end,
        lines: 1,
      };
      fields.push(last);
    } else if (stray === "end") break;
  }
  return fields;
}

const isWhiteSpace = (character: string | undefined): boolean => character === " " || character === "\t";

const isEmptyLine = (text: string, start: number): boolean =>
  text[start] === "\n" || (text[start] === "\r" && text[start + 1] === "\n");

export const latin1 = (bytes: Uint8Array): string => asBuffer(bytes).toString("latin1");

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** Behind the empty line that ends the section; undefined: it is not there. */
export function sectionEnd(bytes: Buffer): number | undefined {
  for (let lf = -1; ;) {
    const start = lf + 1;
    if (bytes[start] === 0x0a) return start + 1;
    if (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) return start + 2;
    lf = bytes.indexOf(0x0a, start);
    if (lf === -1) return undefined;
  }
}

const emptyLine = Buffer.from("\r\n\r\n");

/** The fields of a header section, read from a message's first bytes. Lines that are no field end it, as the empty line does. */
export function readHeader(head: Uint8Array): HeaderField[] {
  const bytes = asBuffer(head);
  const end = bytes.indexOf(emptyLine); // what follows it may be long, and no line of it matters
  const text = bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
  return splitHeader(text, "end").map(
    ({ name, start, value, end }) => new FoldedField(text.slice(start, start + name.length), text.slice(value, end)),
  );
}

/** Most fields are only counted, so a value is unfolded when it is asked for. */
class FoldedField implements HeaderField {
  readonly name: string;
  readonly #folded: string;

  constructor(name: string, folded: string) {
    this.name = name;
    this.#folded = folded;
  }

  get value(): string {
    const lines = this.#folded.replace(/\n$/, "").split("\n");
    return lines.map((line) => line.trim()).join(" ");
  }
}

/** The first field of that name. */
export function fieldValue(header: readonly HeaderField[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return header.find((field) => isNamed(field, wanted))?.value;
}

/** Hops so far. RFC 5321 §6.3. */
export const countReceived = (header: readonly HeaderField[]): number =>
  header.reduce((count, field) => count + Number(isNamed(field, "received")), 0);

const isNamed = ({ name }: HeaderField, lowerCase: string): boolean =>
  name.length === lowerCase.length && name.toLowerCase() === lowerCase;

/** RFC 5322 §3.3 date-time, in UTC. */
export function formatDate(at: Instant): string {
  const second = Math.floor(at / 1_000);
  if (second !== lastDate.second) lastDate = { second, text: new Date(at).toUTCString().replace("GMT", "+0000") };
  return lastDate.text;
}

/** A busy server writes the same second many times. */
let lastDate = { second: NaN, text: "" };

interface Arrival {
  readonly client: Client;
  readonly hostname: string;
  readonly queueId: QueueId;
  readonly at: Instant;
  readonly smtpUtf8: boolean;
  readonly recipients: readonly { readonly address: Address }[];
}

/** The Received field for a message that arrives now, CRLF included. RFC 5321 §4.4; the words after `with`: RFC 3848, RFC 6531 §4.3. */
export function formatReceived({ client, hostname, queueId, at, smtpUtf8, recipients }: Arrival): string {
  const literal = client.address.includes(":") ? `[IPv6:${client.address}]` : `[${client.address}]`;
  const from = client.helloName === undefined ? literal : clean(client.helloName).replaceAll(/[^\w.:[\]-]/g, "?");
  const origin =
    client.protocol === "LOCAL"
      ? ""
      : `from ${from} (${client.name === undefined ? "" : `${clean(client.name)} `}${literal})\r\n\t`;
  const tls = client.tls === undefined ? "" : `(${clean(client.tls.version)} ${clean(client.tls.cipher)})\r\n\t`;
  const only = recipients.length === 1 ? recipients[0]!.address : undefined; // naming several would reveal Bcc recipients
  const to = only === undefined || (isInternational(only) && !smtpUtf8) ? "" : `\r\n\tfor <${only}>`;
  return `Received: ${origin}by ${hostname} ${tls}with ${withWord(client, smtpUtf8)} id ${queueId}${to};\r\n\t${formatDate(at)}\r\n`;
}

/** RFC 3848 §3: S for TLS, A for a login, in this order. */
function withWord({ protocol, tls, account }: Client, smtpUtf8: boolean): string {
  const word = protocol === "ESMTP" && smtpUtf8 ? "UTF8SMTP" : protocol;
  return word === "SMTP" ? word : `${word}${tls === undefined ? "" : "S"}${account === undefined ? "" : "A"}`;
}

/** A client's words, fit to stand in a comment. RFC 5322 §3.2.2 */
const clean = (text: string): string => asciiLine(text, 255).replaceAll(/[ ()\\]/g, "?");
