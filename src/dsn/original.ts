// What a notice gives back of the message it is about. RFC 3461 §4.3, RFC 3464 §2, RFC 6522 §4, RFC 6533 §4.
import { decodeWords } from "postal-mime";
import type { Instant } from "../base/world.ts";
import type { LanguageSigns } from "../explain/languages/reader.ts";
import { fieldValue, readHeader } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";

export interface Original {
  /** The message's first bytes (its header section at least), or all of it when `whole`. */
  readonly bytes: Uint8Array;
  readonly whole: boolean;
}

/** What the message's header section tells of it: what people know it by, and what they read. */
export interface Remembered {
  readonly subject?: string;
  readonly sent?: { readonly at: Instant; readonly zone: string };
  readonly signs: LanguageSigns;
}

/** Most of a header section that is given back, in bytes. */
const headerBytes = 64 * 1024;

/** Most of an encoded subject that is decoded, in characters; the decoded one is cut again. */
const encodedSubject = 2_000;

export function remember({ bytes }: Original): Remembered {
  const header = readHeader(bytes.subarray(0, headerBytes));
  const encoded = (fieldValue(header, "Subject") ?? "").slice(0, encodedSubject);
  const subject = clean(decodeWords(encoded), textLimits.subject);
  const sent = sentAt(fieldValue(header, "Date") ?? "");
  const contentLanguage = fieldValue(header, "Content-Language");
  const charsets = `${fieldValue(header, "Content-Type") ?? ""} ${encoded}`;
  return {
    ...(subject !== "" && { subject }),
    ...(sent && { sent }),
    signs: { charsets, ...(contentLanguage !== undefined && { contentLanguage }) },
  };
}

/** A Date field, and the writer's zone in it, in which times say most to them; without one it says nothing. RFC 5322 §3.3. */
function sentAt(field: string): Remembered["sent"] {
  const text = field.slice(0, 60);
  const [, sign, hours, minutes] = / ([+-])(0\d|1[0-4])([0-5]\d)(?: *\(.*)?$/.exec(text) ?? [];
  const at = Date.parse(text);
  if (sign === undefined || Number.isNaN(at)) return undefined;
  return { at, zone: `${hours}${minutes}` === "0000" ? "UTC" : `${sign}${hours}:${minutes}` };
}

/** The third part of the report: the message if `returnWhole` and it can stand in a report, else its header section. */
export function returnedPart(message: Message, { bytes, whole }: Original, returnWhole: "whole" | "header") {
  const text = latin1(bytes);
  const header = headerSection(latin1(bytes.subarray(0, headerBytes)));
  const isGlobal = message.smtpUtf8 && hasEightBit(header); // RFC 6533 §4.2, §4.3
  if (returnWhole === "whole" && whole && isLineText(text)) {
    return { type: isGlobal ? "message/global" : "message/rfc822", content: Buffer.from(text, "latin1") };
  }
  return {
    type: isGlobal ? "message/global-headers" : "text/rfc822-headers",
    content: Buffer.from(header, "latin1"),
  };
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

const hasEightBit = (text: string): boolean => /[\u0080-\u{10ffff}]/u.test(text);

/** Lines of at most 998 octets that end in CRLF, no NUL: what 7bit and 8bit may carry. RFC 2045 §2.7, §2.8. Counted from line starts only, or each octet of a large message would be looked at 999 times. */
// eslint-disable-next-line no-control-regex
const isLineText = (text: string): boolean => !/\0|\r(?!\n)|(?<!\r)\n|(?<![^\r\n])[^\r\n]{999}/.test(text);

/** The fields as they stand, one octet per character; odd ones are mended so that they stay lines. */
function headerSection(text: string): string {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => !/^(?:[ \t]|[!-9;-~]+[ \t]*:)/.test(line));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .flatMap((line) => cutLongLine(line.replaceAll(/[\0\r]/g, " ")))
    .map((line) => `${line}\r\n`)
    .join("");
}

const cutLongLine = (line: string): string[] =>
  (line.match(/^.{0,998}|.{1,997}/g) ?? []).map((piece, i) => (i === 0 ? piece : ` ${piece}`));
