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

/** The fields of a header section, read from a message's first bytes. Lines that are no field end it, as the empty line does. */
export function readHeader(head: Uint8Array): HeaderField[] {
  const fields: { name: string; value: string }[] = [];
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("utf8");
  for (const line of text.split(/\r?\n/)) {
    const last = fields.at(-1);
    if (last !== undefined && /^[ \t]/.test(line)) {
      last.value = `${last.value} ${line.trim()}`;
      continue;
    }
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (name === undefined) break;
    fields.push({ name, value: (value ?? "").trim() });
  }
  return fields;
}

/** The first field of that name. */
export const fieldValue = (header: readonly HeaderField[], name: string): string | undefined =>
  header.find((field) => field.name.toLowerCase() === name.toLowerCase())?.value;

/** Hops so far. RFC 5321 §6.3. */
export const countReceived = (header: readonly HeaderField[]): number =>
  header.filter(({ name }) => name.toLowerCase() === "received").length;

/** RFC 5322 §3.3 date-time, in UTC. */
export function formatDate(at: Instant): string {
  const [day, date, month, year, time] = new Date(at).toUTCString().split(/[ ,]+/);
  return `${day}, ${date} ${month} ${year} ${time} +0000`;
}

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

function withWord({ protocol, tls }: Client, smtpUtf8: boolean): string {
  const word = protocol === "ESMTP" && smtpUtf8 ? "UTF8SMTP" : protocol;
  return tls !== undefined && word !== "SMTP" ? `${word}S` : word;
}

/** A client's words, fit to stand in a header field. */
const clean = (text: string): string => text.replaceAll(/[^!-'*-[\]-~]/g, "?").slice(0, 255);
