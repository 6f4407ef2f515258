// What a program hands to sendmail, made into a whole message: Bcc removed, From, Date and Message-ID added.
// RFC 5322 §3.6, RFC 6409 §8.
import { isUtf8 } from "node:buffer";
import addressparser from "nodemailer/lib/addressparser";
import type { Instant } from "../base/world.ts";
import { fieldValue, formatDate, type HeaderField, readHeader, splitHeader } from "../mail/header.ts";

interface Submitter {
  /** From, when the message has none: an address, or MAILER-DAEMON for the null reverse-path. */
  readonly author: string;
  readonly fullName?: string;
  readonly at: Instant;
  /** With its angle brackets. */
  readonly messageId: string;
}

interface CompleteMessage {
  readonly content: Buffer;
  /** Addresses of To, Cc and Bcc as written, or of Resent-To, Resent-Cc and Resent-Bcc if there are any. */
  readonly recipients: readonly string[];
  /** The header section is UTF-8 beyond ASCII. RFC 6532. */
  readonly needsSmtpUtf8: boolean;
}

/** `raw` with any line ends; the body is not touched. */
export function completeMessage(raw: Uint8Array, submitter: Submitter): CompleteMessage {
  const { fields, body } = split(Buffer.from(raw).toString("latin1")); // one character per byte
  const section = Buffer.from(fields.map((field) => `${field}\r\n`).join(""), "latin1");
  const header = readHeader(section);
  const kept = fields.filter((field) => !/^(?:resent-)?bcc[ \t]*:/i.test(field));
  const head = [...kept, ...missing(header, submitter)].map((field) => `${field}\r\n`).join("");
  return {
    content: Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), Buffer.from(body, "latin1")]),
    recipients: recipientsOf(header),
    needsSmtpUtf8: /[\u0080-\u00ff]/.test(head) && isUtf8(section),
  };
}

/** Header fields without their line ends, and the body; a first line that is no field begins the body. */
function split(text: string): { fields: string[]; body: string } {
  const message = text.replace(/^From [^\n]*\n/, ""); // the separator of mbox files
  const places = splitHeader(message, "end");
  const lines = places.map(({ start, end }) => message.slice(start, end).replaceAll(/\r?\n/g, "\r\n"));
  const fields = lines.map((field) => field.replace(/\r\n$/, ""));
  return { fields, body: message.slice(places.at(-1)?.end ?? 0).replace(/^\r?\n/, "") };
}

function missing(header: readonly HeaderField[], { author, fullName, at, messageId }: Submitter): string[] {
  const from = fullName === undefined ? author : `${phrase(fullName)} <${author}>`;
  const wanted = { From: from, Date: formatDate(at), "Message-ID": messageId };
  return Object.entries(wanted).flatMap(([name, value]) =>
    fieldValue(header, name) === undefined ? [`${name}: ${value}`] : [],
  );
}

/** RFC 5322 §3.2.5; beyond ASCII an encoded-word, RFC 2047 §5. */
function phrase(text: string): string {
  const name = text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  if (/^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name)) return name;
  if (/^[ -~]+$/.test(name)) return `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  return `=?utf-8?B?${Buffer.from(name).toString("base64")}?=`;
}

function recipientsOf(header: readonly HeaderField[]): string[] {
  const named = (...names: readonly string[]): string[] =>
    header.filter(({ name }) => names.includes(name.toLowerCase())).map(({ value }) => value);
  const resent = named("resent-to", "resent-cc", "resent-bcc"); // RFC 5322 §3.6.6: these are for this sending
  const values = resent.length > 0 ? resent : named("to", "cc", "bcc");
  const parsed = values.flatMap((value) => addressparser(value, { flatten: true }));
  return parsed.map(({ address, name }) => (address === "" ? name : address)).filter((text) => text !== "");
}
