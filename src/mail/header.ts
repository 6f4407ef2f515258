// Reading and writing header fields on raw bytes. RFC 5322 §2.2, RFC 5321 §4.4.
import type { Instant } from "../base/world.ts";
import { type Address, isInternational } from "./address.ts";
import type { Client } from "./client.ts";
import type { QueueId } from "./message.ts";

export interface HeaderField {
  readonly name: string;
  /** Unfolded, trimmed. */
  readonly value: string;
}

const emptyLine = Buffer.from("\r\n\r\n");

/** A name at the start of a line, if a colon follows. RFC 5322 §2.2 */
const fieldName = /[!-9;-~]+(?=[ \t]*:)/y;

/** The fields of a header section, read from a message's first bytes. Lines that are no field end it, as the empty line does. */
export function readHeader(head: Uint8Array): HeaderField[] {
  const fields: HeaderField[] = [];
  const bytes = Buffer.isBuffer(head) ? head : Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const sectionEnd = bytes.indexOf(emptyLine); // what follows it may be long, and no line of it matters
  const text = bytes.toString("utf8", 0, sectionEnd === -1 ? bytes.length : sectionEnd);
  for (let start = 0, end; start < text.length; start = end + 1) {
    fieldName.lastIndex = start;
    if (!fieldName.test(text)) break;
    const colon = text.indexOf(":", fieldName.lastIndex);
    end = lineEnd(text, colon);
    while (isWhiteSpace(text[end + 1])) end = lineEnd(text, end + 1);
    fields.push(new RawField(text.slice(start, fieldName.lastIndex), text.slice(colon + 1, end)));
  }
  return fields;
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
};

const isWhiteSpace = (character: string | undefined): boolean => character === " " || character === "\t";

/** Most fields are only counted, so a value is unfolded when it is asked for. */
class RawField implements HeaderField {
  readonly name: string;
  readonly #folded: string;

  constructor(name: string, folded: string) {
    this.name = name;
    this.#folded = folded;
  }

  get value(): string {
    if (!this.#folded.includes("\n")) return this.#folded.trim();
    const lines = this.#folded.split("\n");
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

export interface Arrival {
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

/** A client's words, fit to stand in a header field. */
const clean = (text: string): string => text.replaceAll(/[^!-'*-[\]-~]/g, "?").slice(0, 255);
