// Parts of a message and what stands between them. RFC 2045 §6, RFC 2046 §5.1.
import { encode, wrap } from "nodemailer/lib/qp";
import { isAscii } from "../mail/foreign-text.ts";
import { foldField } from "./lines.ts";

export interface Part {
  readonly type: string;
  readonly description?: string;
  readonly encoding: "7bit" | "8bit" | "quoted-printable" | "base64";
  readonly content: Uint8Array;
}

/** Lines end in CRLF. */
export function textPart(subtype: "plain" | "html", text: string): Part {
  const type = `text/${subtype}; charset=utf-8`;
  const bytes = Buffer.from(text);
  // RFC 5322 §2.1.1: no line is longer
  if (isAscii(text) && !/[^\r\n]{999}/.test(text)) return { type, encoding: "7bit", content: bytes };
  // what is mostly not ASCII is shorter in base64
  if (bytes.filter((byte) => byte > 127).length * 6 < bytes.length)
    return { type, encoding: "quoted-printable", content: Buffer.from(wrap(encode(text))) };
  const lines = bytes.toString("base64").match(/.{1,76}/g) ?? [];
  return { type, encoding: "base64", content: Buffer.from(lines.map((line) => `${line}\r\n`).join("")) };
}

/** How content that stays as it is has to be declared. */
export const encodingOf = (content: Uint8Array): "7bit" | "8bit" =>
  content.some((byte) => byte > 127) ? "8bit" : "7bit";

/** The parts between boundary lines, up to the end of the last one; `name` is of its own in the message. */
export function multipart(parts: readonly Part[], name: string): { boundary: string; content: Buffer } {
  const boundary = unusedBoundary(name, parts);
  const pieces = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n${partHeader(part)}`),
    part.content,
    Buffer.from("\r\n"),
  ]);
  return { boundary, content: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]) };
}

const partHeader = ({ type, description, encoding }: Part): string =>
  [
    foldField("Content-Type", type),
    ...(description === undefined ? [] : [foldField("Content-Description", description)]),
    foldField("Content-Transfer-Encoding", encoding),
    "\r\n",
  ].join("");

/** RFC 2046 §5.1.1: a boundary must not occur in the parts. */
function unusedBoundary(name: string, parts: readonly Part[]): string {
  const contents = parts.map(({ content }) => Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  for (let i = 0; ; i++) {
    const boundary = `=_${name}.${i}`;
    if (!contents.some((content) => content.includes(boundary))) return boundary;
  }
}
