// Text brought to the one form in which phrases are looked for: case, accents (ae is ä), quotes, hyphens and addresses do
// not matter.

export interface NormalText {
  /** Lower case, single spaces; an e-mail address is `@`. */
  readonly text: string;
  /** For each character of `text`, where it stands in the original. */
  readonly origins: readonly number[];
  /** Where web addresses stand in `text`: starts and ends in turns. */
  readonly urls: readonly number[];
}

const space = 0x20;
const at = 0x40;
const apostrophe = 0x27;
const curlyApostrophe = 0x2019;
const letterE = 0x65;
/** From here on, writing in which spaces do not matter. */
export const firstIdeograph = 0x2e80;

/** What is left of a character beyond ASCII, or undefined to look it up once. */
const folded = new Map<string, string>(
  Object.entries({ ß: "ss", æ: "a", œ: "o", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" }),
);

/** Brings text to normal form in one pass. Linear; `limit` is in UTF-16 units of the original. */
export function normalText(original: string, limit = 4_000): NormalText {
  const end = Math.min(original.length, limit);
  const codes: number[] = [];
  const origins: number[] = [];
  const urls: number[] = [];
  let urlStart = -1;
  const put = (code: number, origin: number): void => {
    const last = codes.at(-1);
    if (code === space && (last === undefined || last === space)) return;
    if (code >= firstIdeograph && last === space && (codes.at(-2) ?? 0) >= firstIdeograph) {
      codes.pop(); // a line that was folded
      origins.pop();
    }
    if (code === letterE && (last === 0x61 || last === 0x6f || last === 0x75)) return; // ae, oe, ue: ä, ö, ü without an umlaut
    codes.push(code);
    origins.push(origin);
  };
  for (let i = 0; i < end; i++) {
    const code = original.charCodeAt(i);
    if (urlStart !== -1 && endsUrl(code)) {
      urls.push(urlStart, codes.length);
      urlStart = -1;
    }
    if (code === at && urlStart === -1) {
      i = takeAddress(original, i, { codes, origins });
      continue;
    }
    if (code >= 0x80 && code !== curlyApostrophe) {
      const width = code >= 0xd800 && code < 0xdc00 ? 2 : 1;
      const rest = foldedForm(original.slice(i, i + width));
      for (let j = 0; j < rest.length; j++) put(rest.charCodeAt(j), i);
      i += width - 1;
      continue;
    }
    const plain = asciiForm(code === curlyApostrophe ? apostrophe : code, original, i);
    if (plain === 0) continue;
    if (plain >= 0x32 && plain <= 0x35 && i > 0 && codes.at(-1) === space) {
      const length = continuationLength(original, i);
      if (length > 0) {
        i += length - 1;
        continue;
      }
    }
    if (urlStart === -1 && (code | 0x20) === 0x68 && startsUrl(original, i)) urlStart = codes.length;
    put(plain, i);
  }
  if (urlStart !== -1) urls.push(urlStart, codes.length);
  return { text: textOf(codes), origins, urls };
}

/** 0: it is left out. */
function asciiForm(code: number, original: string, i: number): number {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20;
  if (code === apostrophe) return isElision(original, i) ? space : 0;
  if (code === 0x22 || code === 0x60) return 0;
  if (code <= space || code === 0x7f) return space;
  if ((code === 0x2d || code === 0x5f) && isLetter(original.charCodeAt(i - 1)) && isLetter(original.charCodeAt(i + 1)))
    return /^mail/i.test(original.slice(i + 1, i + 5)) ? 0 : space; // e-mail
  return code;
}

/** l', d', qu': the apostrophe parts two words. */
const isElision = (original: string, i: number): boolean =>
  isLetter(original.charCodeAt(i + 1)) &&
  isLetter(original.charCodeAt(i - 1)) &&
  !(isLetter(original.charCodeAt(i - 2)) && isLetter(original.charCodeAt(i - 3)));

const continuation = /[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3})?/y;

/** The code of a further line of a reply whose lines were put together. RFC 5321 §4.2.1. */
function continuationLength(original: string, i: number): number {
  if (original.charCodeAt(i + 3) !== 0x2d) return 0;
  continuation.lastIndex = i;
  return continuation.exec(original)?.[0].length ?? 0;
}

const isLetter = (code: number): boolean => ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) || code >= 0xc0;

function foldedForm(character: string): string {
  const lower = character.toLowerCase();
  let form = folded.get(lower);
  if (form === undefined) {
    form = lower
      .normalize("NFKD")
      .replaceAll(
        /[\u0300-\u036f\u2018-\u201f\u00ab\u00bb\u00b4\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]/gu,
        "",
      )
      .replaceAll(/[\u2010-\u2015]/gu, "-")
      .replaceAll(/\s/gu, " ")
      .normalize("NFC")
      .toLowerCase();
    if (folded.size < 10_000) folded.set(lower, form);
  }
  return form;
}

const endsUrl = (code: number): boolean => code <= space || code === 0x3c || code === 0x3e || code === 0x22;
const startsUrl = (text: string, i: number): boolean => /^https?:\/\//i.test(text.slice(i, i + 8));

interface Output {
  readonly codes: number[];
  readonly origins: number[];
}

/** The `@` at `i`: takes back the local part that was put, leaves `@`, and skips the domain; returns the last index taken. */
function takeAddress(original: string, i: number, { codes, origins }: Output): number {
  let last = i;
  while (isDomainPart(original.charCodeAt(last + 1))) last++;
  while (last > i && (original[last] === "." || original[last] === "-")) last--;
  if (last > i) {
    const takeBack = (): void => {
      codes.pop();
      origins.pop();
    };
    while (codes.length > 0 && isLocalPart(codes.at(-1)!)) takeBack();
    if (codes.at(-1) === 0x3c && original[last + 1] === ">") {
      takeBack();
      last++;
    }
  }
  codes.push(at);
  origins.push(i);
  return last;
}

const isDomainPart = (code: number): boolean =>
  isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x2a;
/** What normal form leaves of a local part; never the space before it. RFC 5322 §3.2.3 without the oddest. */
const isLocalPart = (code: number): boolean =>
  isLetter(code) ||
  (code >= 0x30 && code <= 0x39) ||
  (code < 0x80 && ".-_+=*#!%&/$~?^|{}".includes(String.fromCharCode(code)));

function textOf(codes: readonly number[]): string {
  let text = "";
  for (let i = 0; i < codes.length; i += 2_048) text += String.fromCharCode(...codes.slice(i, i + 2_048));
  return text;
}
