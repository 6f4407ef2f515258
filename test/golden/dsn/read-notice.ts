// A strict reader of notices for tests: RFC 2046 §5.1, RFC 3464 §2.1. It throws where a notice is not well formed.
import assert from "node:assert/strict";
import type { Language } from "../../../src/explain/explanation.ts";
import type { NoticeRequest } from "../../../src/dsn/notice.ts";
import { fieldValue, type HeaderField, readHeader } from "../../../src/mail/header.ts";

export interface ReadPart {
  readonly type: string;
  readonly encoding: string;
  readonly text: string;
}

export interface ReadNotice {
  readonly header: readonly HeaderField[];
  /** What people read, twice. */
  readonly letter: { readonly plain: string; readonly html: string };
  /** The two others. */
  readonly report: ReadPart;
  readonly original: ReadPart;
  /** Fields of the message, then those of each recipient. */
  readonly groups: readonly (readonly HeaderField[])[];
}

/** A request as the .json files have it: times as text, the original as UTF-8 text; "en" where no language stands. */
export function parseRequest(json: string): NoticeRequest {
  const times = new Set(["receivedAt", "at", "attemptedAt", "willRetryUntil"]);
  const { original, language = "en", ...request } = JSON.parse(json, (key, value: unknown) =>
    times.has(key) ? Date.parse(value as string) : value,
  ) as Omit<NoticeRequest, "language" | "original"> & {
    language?: Language;
    original: { text: string; whole: boolean };
  };
  return { ...request, language, original: { bytes: Buffer.from(original.text), whole: original.whole } };
}

export function readNotice(body: Uint8Array): ReadNotice {
  const text = Buffer.from(body).toString("latin1");
  assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n|\0/, "lines end in CRLF, no NUL");
  for (const line of text.split("\r\n")) assert.ok(line.length <= 998, `line of ${line.length} octets`);
  const { header, content } = readEntity(text);
  const [, boundary = ""] = fit(
    /^multipart\/report; report-type=delivery-status; boundary="([^"]{1,70})"$/,
    field(header, "Content-Type"),
  );
  const [letter, report, original, ...more] = splitParts(content, boundary).map(readPart);
  assert.ok(letter && report && original && more.length === 0, "three parts");
  const isEightBit = [report, original].some(({ encoding }) => encoding === "8bit");
  assert.equal(field(header, "Content-Transfer-Encoding"), isEightBit ? "8bit" : "7bit");
  return { header, letter: readLetter(letter, boundary), report, original, groups: readGroups(report.text) };
}

function readLetter({ type, encoding, text }: ReadPart, outer: string): ReadNotice["letter"] {
  const [, boundary = ""] = fit(/^multipart\/alternative; boundary="([^"]{1,70})"$/, type);
  assert.ok(!boundary.startsWith(outer) && !outer.startsWith(boundary), "one boundary is not mistaken for the other");
  assert.equal(encoding, "7bit");
  const [plain, html, ...more] = splitParts(text, boundary).map(readPart);
  assert.ok(plain && html && more.length === 0, "two kinds");
  assert.equal(plain.type, "text/plain; charset=utf-8");
  assert.equal(html.type, "text/html; charset=utf-8", "RFC 2046 §5.1.4: the richest one is the last");
  return { plain: decoded(plain), html: decoded(html) };
}

/** The match of a pattern that has to fit. */
function fit(pattern: RegExp, text: string): RegExpExecArray {
  assert.match(text, pattern);
  return pattern.exec(text)!;
}

function splitParts(content: string, boundary: string): string[] {
  const [preamble, ...rest] = `\r\n${content}`.split(`\r\n--${boundary}`);
  assert.equal(preamble, "");
  assert.match(rest.pop() ?? "", /^--(?:\r\n)?$/, "nothing follows the last boundary");
  return rest.map((part) => {
    assert.ok(part.startsWith("\r\n"), "a boundary line has nothing else on it");
    return part.slice(2);
  });
}

/** RFC 2045 §6.7, §6.8 */
function decoded({ encoding, text }: ReadPart): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  if (encoding !== "quoted-printable") return text;
  return text
    .replaceAll("=\r\n", "")
    .replaceAll(/(?:=[0-9A-F]{2})+/g, (octets) => Buffer.from(octets.replaceAll("=", ""), "hex").toString());
}

function readPart(text: string): ReadPart {
  const { header, content } = readEntity(text);
  const encoding = field(header, "Content-Transfer-Encoding");
  if (encoding !== "8bit") assert.match(content, /^\p{ASCII}*$/u, `${encoding} content is ASCII`);
  return { type: field(header, "Content-Type"), encoding, text: Buffer.from(content, "latin1").toString() };
}

function readEntity(text: string) {
  const end = text.indexOf("\r\n\r\n");
  assert.notEqual(end, -1, "a header section ends with an empty line");
  const section = text.slice(0, end + 2);
  const header = readHeader(Buffer.from(section, "latin1"));
  assert.equal(header.length, section.split(/\r\n(?![ \t])/).length - 1, "every line is a field or part of one");
  return { header, content: text.slice(end + 4) };
}

/** Every line is a field or a continuation with something on it; groups are parted by one empty line. */
function readGroups(text: string): HeaderField[][] {
  assert.ok(text.endsWith("\r\n"));
  return text
    .slice(0, -2)
    .split("\r\n\r\n")
    .map((group) => {
      for (const line of group.split("\r\n")) assert.match(line, /^(?:[A-Z][A-Za-z-]+: \S|[ ]+\S)/);
      return readHeader(Buffer.from(group));
    });
}

export function field(fields: readonly HeaderField[], name: string): string {
  const value = fieldValue(fields, name);
  assert.notEqual(value, undefined, `there is a field ${name}`);
  return value!;
}
