// Addresses in the text of strangers: found by their @, whatever stands around them.

export interface FoundAddress {
  readonly address: string;
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
}

/** What a local part has without quotes; `=` and `+` are usual in return addresses. RFC 5322 §3.2.3 */
const asciiLocal = tableOf(/[\w!#$%&'*+\-/=?^`{|}~.]/);
const asciiDomain = tableOf(/[\w.-]/);
/** RFC 6531 §3.3, without the punctuation of East Asian text. */
const wideLetter = /[\u00aa-\u1fff\u2e80-\u2fff\u3005-\u3007\u3041-\ufdff\u{10000}-\u{10ffff}]/u;
/** Written without spaces: where such a letter follows an ASCII one, another word begins. */
const eastAsian = /[\u2e80-\u{10ffff}]/u;

/** For each ASCII character whether the pattern has it. */
function tableOf(pattern: RegExp): readonly boolean[] {
  return Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)));
}

const maxLocalChars = 250;
const maxDomainChars = 255;

/** At most `most` addresses of a line. */
export function findAddresses(line: string, most = 50): FoundAddress[] {
  const found: FoundAddress[] = [];
  for (let at = line.indexOf("@"); at !== -1 && found.length < most; at = line.indexOf("@", at + 1)) {
    const from = found.at(-1)?.end ?? 0;
    const start = localStart(line, at, from);
    const end = domainEnd(line, at + 1);
    if (start < at && end > at + 1) found.push({ address: line.slice(start, end), start, end });
  }
  return found;
}

function localStart(line: string, at: number, from: number): number {
  let start = at;
  if (line[at - 1] === '"') {
    const open = line.lastIndexOf('"', at - 2);
    return open >= from && at - open <= maxLocalChars ? open : at;
  }
  const least = Math.max(from, at - maxLocalChars);
  const isWide = eastAsian.test(line[at - 1] ?? "");
  while (start > least && isLocalCharacter(line[start - 1]!, isWide)) start -= 1;
  // a path is not a local part, though it could be
  const slash = line.lastIndexOf("/", at - 1);
  if (slash >= start && line[start - 1] !== "<") start = slash + 1;
  // what is written around addresses, not in them: quotes, 'smtp:', bars of tables
  while (start < at && /['`.|/=!?*{}~^]/.test(line[start]!)) start += 1;
  return start;
}

const isLocalCharacter = (character: string, isWide: boolean): boolean =>
  asciiLocal[character.charCodeAt(0)] ?? (wideLetter.test(character) && (isWide || !eastAsian.test(character)));

function domainEnd(line: string, start: number): number {
  if (line[start] === "[") {
    const close = line.indexOf("]", start);
    return close !== -1 && close - start < 60 && close > start + 1 ? close + 1 : start;
  }
  let end = start;
  const most = Math.min(line.length, start + maxDomainChars);
  while (end < most && isDomainCharacter(line, end, start)) end += 1;
  while (end > start && /[.\-_]/.test(line[end - 1]!)) end -= 1;
  return line[start] === "." || line[start] === "-" ? start : end;
}

function isDomainCharacter(line: string, at: number, start: number): boolean {
  const character = line[at]!;
  const isAscii = asciiDomain[character.charCodeAt(0)];
  if (isAscii !== undefined) return isAscii;
  return wideLetter.test(character) && !(at > start && eastAsian.test(character) && /\w/.test(line[at - 1]!));
}

/** The first address of a text; undefined when it has none. */
export const firstAddress = (text: string): string | undefined => findAddresses(text.slice(0, 2_000), 1)[0]?.address;

/** Compares as mail systems do in practice. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** "rfc822; <user@example.org>", as in a DSN: the address, or what stands in its place. RFC 3464 §2.3.1, RFC 6533 §3 */
export function readTypedAddress(value: string): string {
  const semicolon = value.indexOf(";");
  const type = semicolon === -1 ? "" : value.slice(0, semicolon).trim().toLowerCase();
  const isType = /^[\w.-]{1,30}$/.test(type);
  const text = (isType ? value.slice(semicolon + 1) : value).trim();
  const plain = type === "utf-8" ? decodeUnicode(text) : decodeXtext(text);
  return wholeAddress(plain) ?? firstAddress(plain) ?? bareName(plain);
}

/** All of a field is one address: then nothing in it stands around an address. */
const wholeAddress = (text: string): string | undefined =>
  /^<?([^\s<>@"]{1,250}@[^\s<>@",;()]{1,250})>?$/.exec(text)?.[1];

/** A name without a domain, if it can be one. */
function bareName(text: string): string {
  const name = text.replace(/^[<"'\s]{1,10}/, "").replace(/[>"'\s;,]{1,10}$/, "");
  return /^[\w.+\-=]{1,100}$/.test(name) ? name : "";
}

/** RFC 6533 §3: `\x{20AC}` */
const decodeUnicode = (text: string): string =>
  text.replaceAll(/\\x\{([\dA-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code > 0x1f && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });

/** RFC 3461 §4: it should have been decoded; an address without @ was not. */
const decodeXtext = (text: string): string =>
  text.includes("@") || !text.includes("+40")
    ? text
    : text.replaceAll(/\+([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
