// The parts of a message, as far as they can be made out: missing boundaries, lost headers and cut ends are usual in bounces.
// RFC 2045, RFC 2046
import { decodeText } from "./charsets.ts";
import { decodeTransfer, looksLikeBase64 } from "./encodings.ts";
import { type HeaderFields, lineEnd, parameter, readHeader } from "./header.ts";
import { htmlText } from "./html-text.ts";

/** Strangers build parts in parts: what is beyond this is not looked at. */
const limits = { parts: 100, depth: 8, textChars: 200_000 } as const;

export interface Part {
  readonly header: HeaderFields;
  /** "text/plain", in lower case. */
  readonly type: string;
  /** Octets as they stand, encoded. */
  readonly body: string;
  /** Of a multipart; of others none. */
  readonly parts: readonly Part[];
}

interface Budget {
  parts: number;
}

export function readMessage(octets: string): Part {
  const { header, bodyAt } = readHeader(octets);
  // a delivery status alone, cut out of its report
  if (header.has("final-recipient") || header.has("reporting-mta"))
    return { header: readHeader("").header, type: "message/delivery-status", body: octets, parts: [] };
  // a whole message in base64, without a header of its own
  if (header.size === 0 && looksLikeBase64(octets.trimStart()))
    return readPart(decodeTransfer(octets, "base64"), 1, { parts: limits.parts });
  return partOf({ header, body: octets.slice(bodyAt) }, 0, { parts: limits.parts });
}

function readPart(octets: string, depth: number, budget: Budget): Part {
  const { header, bodyAt } = readHeader(octets);
  return partOf({ header, body: octets.slice(bodyAt) }, depth, budget);
}

function partOf(
  content: { readonly header: HeaderFields; readonly body: string },
  depth: number,
  budget: Budget,
): Part {
  const { header } = content;
  const type = contentType(header);
  budget.parts -= 1;
  const leaf = { ...content, type, parts: [] };
  if (depth >= limits.depth || budget.parts <= 0) return leaf;
  const isMultipart = type.startsWith("multipart/");
  if (!isMultipart && !(depth === 0 && !type.startsWith("message/"))) return leaf;
  // RFC 2045 §6.4 forbids to encode a multipart; it happens
  const body = isMultipart ? decodeTransfer(content.body, header.get("content-transfer-encoding")) : content.body;
  const named = isMultipart ? parameter(header.get("content-type"), "boundary") : undefined;
  const boundary =
    named !== undefined && named !== "" && hasBoundary(body, named) ? named : guessBoundary(body, isMultipart);
  if (boundary === undefined) return leaf;
  const parts = split(body, boundary).map((text) => readPart(text, depth + 1, budget));
  const preamble = preambleOf(body, boundary);
  if (preamble !== "" && parts.every((part) => !part.type.startsWith("text/") && part.parts.length === 0))
    parts.unshift({ header: readHeader("").header, type: "text/plain", body: preamble, parts: [] });
  return { header, type: isMultipart ? type : "multipart/mixed", body, parts };
}

function contentType(header: HeaderFields): string {
  const value = header.get("content-type");
  const type = /^[\s"]*([\w.+-]{1,80}\/[\w.+-]{1,80})/.exec(value)?.[1];
  return type?.toLowerCase() ?? "text/plain";
}

const hasBoundary = (body: string, boundary: string): boolean =>
  body.startsWith(`--${boundary}`) || body.includes(`\n--${boundary}`);

/** A line of dashes and more in front of a field of a part's header. */
const boundaryLine =
  /(?:^|\n)--([^\s]{1,200})[ \t]{0,5}\nContent-(?:Type|Description|Transfer-Encoding|Disposition)[ \t]{0,5}:/i;

/** Of a text that is said to be plain: only at its start, or it is a message that comes back that has parts. */
function guessBoundary(body: string, isMultipart: boolean): string | undefined {
  const match = boundaryLine.exec(body.slice(0, 20_000));
  const isFar = match !== null && !isMultipart && isLate(body, body.indexOf(`--${match[1]!}`));
  return isFar ? undefined : match?.[1];
}

/** What stands in front of the first part is for old mail programs; some systems put their report there. */
function preambleOf(body: string, boundary: string): string {
  const text = body.slice(0, Math.max(0, body.indexOf(`--${boundary}`))).trim();
  return /multi-?part|mime/i.test(text.slice(0, 200)) && text.length < 300 ? "" : text;
}

/** Behind words that are not the usual preamble: "This is a MIME-encapsulated message". */
const isLate = (body: string, at: number): boolean => at > 300 || body.slice(0, at).includes("@");

/** The texts between the lines of this boundary. What stands in front of the first is for old mail programs. */
function split(body: string, boundary: string): string[] {
  const text = `\n${body}`;
  const mark = `\n--${boundary}`;
  const parts: string[] = [];
  let from = -1;
  for (let at = text.indexOf(mark); at !== -1 && parts.length < limits.parts;) {
    const after = at + mark.length;
    // a longer boundary may begin like this one
    if (text.startsWith("--", after) || /\s/.test(text[after] ?? "\n")) {
      if (from !== -1) parts.push(text.slice(from, Math.max(from, at)));
      from = lineEnd(text, after);
      if (from === text.length) return parts;
      at = text.indexOf(mark, from - 1);
    } else at = text.indexOf(mark, after);
  }
  if (from !== -1 && parts.length < limits.parts) parts.push(text.slice(from)); // cut off, or what was added behind the end
  return parts;
}

/** The text of a part that is text, its encoding and charset undone; HTML as the words that it shows. */
export function textOf(part: Part): string {
  const text = decodeText(octetsOfText(part), parameter(part.header.get("content-type"), "charset"));
  return part.type === "text/html" || looksLikeHtml(text) ? htmlText(text) : text;
}

function octetsOfText({ header, body }: Part): string {
  const encoding = header.get("content-transfer-encoding");
  const encoded = body.slice(0, limits.textChars);
  return decodeTransfer(encoded, encoding === "" && looksLikeBase64(encoded.trimStart()) ? "base64" : encoding);
}

const looksLikeHtml = (text: string): boolean => /^\s{0,50}<(?:!doctype html|html|head|body)[\s>]/i.test(text);

/** The decoded octets of a part that is a message: enough of it for its header and what follows. */
export const octetsOfMessage = (part: Part): string =>
  decodeTransfer(part.body.slice(0, limits.textChars * 2), part.header.get("content-transfer-encoding"));
