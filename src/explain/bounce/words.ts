// The tables of formats.json as questions about a text: each is one search for many words at once.
import formats from "./formats.json" with { type: "json" };

const escaped = (words: string): string => words.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Words anywhere in a text that is in lower case already; the longest of those that begin at a place. */
export const anyOf = (words: readonly string[], flags = ""): RegExp =>
  new RegExp(
    words
      .toSorted((a, b) => b.length - a.length)
      .map(escaped)
      .join("|"),
    flags,
  );

const tables = {
  delay: anyOf(formats.delayWords),
  gaveUp: anyOf(formats.gaveUpWords),
  delivered: anyOf(formats.deliveredWords),
  failure: anyOf(formats.failureWords),
  help: anyOf(formats.helpWords),
  boilerplate: anyOf(formats.boilerplate),
  bounceSender: anyOf(formats.bounceSenders),
  robotSender: anyOf(formats.robotSenders),
  listSender: anyOf(formats.listSenders),
  listRejection: anyOf(formats.listRejections),
  listHold: anyOf(formats.listHolds),
  autoReplyText: anyOf(formats.autoReplyTexts),
  bounceSubject: anyOf(formats.bounceSubjects),
  autoReplySubject: anyOf(formats.autoReplySubjects),
  tellingIntro: anyOf(formats.tellingIntros),
} as const;

/** What a text can be asked for; it is in any case. */
export const speaksOf = (what: keyof typeof tables, text: string): boolean => tables[what].test(plainLower(text));

/** Lower case, plain apostrophes. */
export function plainLower(text: string): string {
  if (text === lastLower.text) return lastLower.lower;
  const lower = text.toLowerCase();
  lastLower = { text, lower: lower.includes("’") ? lower.replaceAll("’", "'") : lower };
  return lastLower.lower;
}

/** The same text is asked several questions in a row. */
let lastLower = { text: "", lower: "" };

const recipientLabels = new Set(formats.recipientLabels);
const otherLabels = new Set(formats.otherLabels);

/** "Recipient", "To", "宛先": what follows is whose mail failed; "From", "Subject" and such: it is not. */
export function labelKind(label: string): "recipient" | "other" | undefined {
  const name = plainLower(label).trim();
  if (recipientLabels.has(name)) return "recipient";
  if (otherLabels.has(name)) return "other";
  return /(?: to| for| recipients?| recipient\(s\)| address(?:\(?es\)?)?)$/.test(name) && !speaksOf("help", name)
    ? "recipient"
    : undefined;
}

const stock = new Set(formats.stockWords);

/** Text about a failure without addresses, codes, hosts and marks: its mere words. */
export function bareWords(text: string): string {
  if (text === last.text) return last.words;
  const lower = plainLower(text.slice(0, 2_000));
  const kept = /@|:\/\//.test(lower)
    ? lower
        .split(/[\s<>()]+/)
        .filter((word) => !word.includes("@") && !word.includes("://"))
        .join(" ")
    : lower;
  last = { text, words: kept.replaceAll(beyondAscii.test(kept) ? noLetters : noAsciiLetters, " ").trim() };
  return last.words;
}

/** The same text is asked for several times in a row. */
let last = { text: "", words: "" };

const beyondAscii = /[\u0080-\uffff]/;
const noLetters = /[^\p{L}\p{M}']+/gu;
const noAsciiLetters = /[^a-z']+/g;

/** Says why, at least in part: more than codes and set phrases. */
export function isTelling(text: string): boolean {
  const words = bareWords(text).replace(/^(?:smtp|x unix|x postfix|local|esmtp)(?: |$)/, "");
  return words.length >= 3 && !stock.has(words);
}

/** Goes on where `short` was cut off. */
export function continues(long: string, short: string): boolean {
  const [words, more] = [bareWords(short), bareWords(long)];
  return more.length > words.length && words !== "" && more.startsWith(words);
}

const anySystem = anyOf(formats.systems.map(([, words]) => words!));

/** The name of the system whose words these are. */
export function systemOf(text: string): string | undefined {
  const lower = plainLower(text.slice(0, 4_000));
  if (!anySystem.test(lower)) return undefined;
  return formats.systems.find(([, words]) => lower.includes(words!))?.[0];
}

export interface Divider {
  readonly isDivider: boolean;
  /** Decorated with dashes or the like: a heading. */
  readonly isHeading: boolean;
  readonly words: string;
}

const mayDecorate = /[-=*_#~+]{2}/;
const decoration = /[-=*_#~+]{3,}|^\s*[*#=]{2}|[*#=]{2}\s*$/;
const dividers = anyOf(formats.dividers, "y");
const behindDivider = /^[\s.:;!。：]*(?:(?:is |are |as )*(?:follow|below|header|attached|starts|begins)[a-z :.]*)?$/;

/** A line between the report and the message that comes back, or between parts of the report. */
export function readDivider(line: string): Divider {
  if (line === "" || line.length > 200) return nothing;
  const isHeading = mayDecorate.test(line) && decoration.test(line);
  // most lines are neither, and are known by how they begin
  if (!isHeading && !mayBegin(line)) return nothing;
  const words = plainLower(line)
    .replaceAll(/[-=*_#~+\s]+/g, " ")
    .trim();
  dividers.lastIndex = 0;
  const [phrase] = dividers.exec(words) ?? [];
  if (phrase === undefined) return { isDivider: false, isHeading, words };
  const isDivider = isHeading || phrase.length > 24 || behindDivider.test(words.slice(phrase.length));
  return { isDivider, isHeading, words };
}

/** The two characters that a divider begins with, a byte of each: what passes is looked at. */
const beginnings = new Uint8Array(0x1_00_00);
const pairAt = (first: number, second: number): number => ((first & 0xff) << 8) | (second & 0xff);
for (const words of formats.dividers) beginnings[pairAt(words.charCodeAt(0), words.charCodeAt(1))] = 1;

const lowered = (code: number): number => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code);

function mayBegin(line: string): boolean {
  let at = 0;
  while (at < line.length && line.charCodeAt(at) <= 0x20) at += 1;
  const first = line.charCodeAt(at);
  // capitals of other scripts too
  return first > 0x7f || beginnings[pairAt(lowered(first), lowered(line.charCodeAt(at + 1)))] === 1;
}

const nothing: Divider = { isDivider: false, isHeading: false, words: "" };
