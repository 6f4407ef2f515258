// The header section of a message or part, read tolerantly, and the words in it decoded. RFC 5322 §2.2, RFC 2047
import { decodeText } from "./charsets.ts";
import { decodeBase64, decodeQuotedPrintable } from "./encodings.ts";

/** Of what a stranger sends; more is not read. */
const limits = { fields: 400, valueChars: 60_000 } as const;

/** Fields by their names in lower case; values in octets, unfolded when they are asked for: most never are. */
export class HeaderFields {
  readonly #fields = new Map<string, string[]>();

  add(name: string, value: string): void {
    const values = this.#fields.get(name);
    if (values === undefined) this.#fields.set(name, [value]);
    else if (values.length < limits.fields) values.push(value);
  }

  get size(): number {
    return this.#fields.size;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** The first of this name; "" when there is none. */
  get(name: string): string {
    const first = this.#fields.get(name)?.[0];
    return first === undefined ? "" : unfold(first);
  }

  all(name: string): readonly string[] {
    return this.#fields.get(name)?.map(unfold) ?? [];
  }

  /** For people: encoded words decoded. */
  text(name: string): string {
    return decodeWords(this.get(name));
  }
}

export interface SplitMessage {
  readonly header: HeaderFields;
  /** Where the body begins. */
  readonly bodyAt: number;
}

/** RFC 5322 §2.2 allows more in a name; words of a report that has lost its header would be names then. */
const fieldStart = /([A-Za-z][\w.-]{0,79})[ \t]{0,10}:/y;

/** The header section that begins at `start`; a line that is no field ends it, as an empty line does. */
export function readHeader(octets: string, start = 0): SplitMessage {
  const header = new HeaderFields();
  let at = start;
  while (octets[at] === "\n" || octets[at] === "\ufeff") at += 1;
  if (octets.startsWith("\u00ef\u00bb\u00bf", at)) at += 3;
  if (octets.startsWith("From ", at) || octets.startsWith(">From ", at)) at = lineEnd(octets, at);
  for (let count = 0; at < octets.length && octets[at] !== "\n"; count += 1) {
    fieldStart.lastIndex = at;
    const match = fieldStart.exec(octets);
    if (match === null) return { header, bodyAt: at };
    let end = lineEnd(octets, at);
    while (isFolded(octets, end)) end = lineEnd(octets, end);
    if (count < limits.fields) {
      const value = octets.slice(at + match[0].length, Math.min(end, at + limits.valueChars));
      header.add(match[1]!.toLowerCase(), value);
    }
    at = end;
  }
  return { header, bodyAt: Math.min(at + 1, octets.length) };
}

/** A line that goes on with the field before it: it begins with white space and has more than that. */
const isFolded = (octets: string, at: number): boolean => {
  if (octets[at] !== " " && octets[at] !== "\t") return false;
  while (octets[at] === " " || octets[at] === "\t") at += 1;
  return at < octets.length && octets[at] !== "\n";
};

export const unfold = (value: string): string =>
  (value.includes("\n") ? value.replaceAll(/\n[ \t]*/g, " ") : value).trim();

/** Where the next line begins. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}

const encodedWord = /=\?([^?\s]{1,40})\?([bBqQ])\?([^?\n]{0,2000})\?=/g;

/** RFC 2047; what is not encoded is read as UTF-8, or in whatever charset it is. */
export function decodeWords(value: string): string {
  if (!value.includes("=?")) return decodeText(value);
  const joined = value.replaceAll(/\?=[ \t]{1,20}=\?/g, "?==?");
  // words in a row may share a character between them: octets are put together first
  let pending = { charset: "", octets: "" };
  let text = "";
  let at = 0;
  const flush = (): void => {
    if (pending.octets !== "") text += decodeText(pending.octets, pending.charset);
    pending = { charset: "", octets: "" };
  };
  for (const match of joined.matchAll(encodedWord)) {
    const [word, label, encoding, content] = match;
    const charset = label!.split("*")[0]!;
    if (match.index > at || charset.toLowerCase() !== pending.charset.toLowerCase()) flush();
    if (match.index > at) text += decodeText(joined.slice(at, match.index));
    pending = { charset, octets: pending.octets + decodeWord(encoding!, content!) };
    at = match.index + word.length;
  }
  flush();
  return text + decodeText(joined.slice(at));
}

const decodeWord = (encoding: string, content: string): string =>
  encoding.toLowerCase() === "b" ? decodeBase64(content) : decodeQuotedPrintable(content.replaceAll("_", " "));

/** A parameter of a structured field: charset, boundary, … RFC 2045 §5.1 */
export function parameter(value: string, name: string): string | undefined {
  const lower = value.toLowerCase();
  for (let at = lower.indexOf(name); at !== -1; at = lower.indexOf(name, at + 1)) {
    const before = lower[at - 1];
    const rest = /^\*?[ \t]*=[ \t]*(?:"([^"]*)"|([^\s;"]*))/.exec(
      value.slice(at + name.length, at + name.length + 300),
    );
    if (rest !== null && (before === undefined || before === ";" || /\s/.test(before))) return rest[1] ?? rest[2];
  }
  return undefined;
}
