// The language of phrases (docs/adding-a-cause.md): words, `word*`, `#`, `@`, `(a|b)`, ` ... `. A phrase is read from left to
// right with all its alternatives at once and never goes back: time grows with the text and the phrase, whatever they are.
import { firstIdeograph, normalText } from "./normal-text.ts";

/** A literal in normal form, or a sign: `#`, `*`, or a space, which is none where nothing follows or came before. */
type Element = string | Choice;
interface Choice {
  readonly of: readonly Alternative[];
}
interface Alternative {
  readonly sequence: Sequence;
  /** Code of the character with which it begins; -1: it may begin with several. */
  readonly first: number;
}
type Sequence = readonly Element[];

export interface Phrase {
  readonly source: string;
  /** What must follow one another, at most `gap` characters apart. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly sequence: Sequence;
  /** Codes of the characters with which it may begin. */
  readonly starts: readonly number[];
}

export interface Found {
  readonly start: number;
  readonly end: number;
  /** How many characters were said: of two phrases found, the longer one means more. */
  readonly weight: number;
}

/** Characters that ` ... ` stands for, at most. */
const gap = 80;
/** Places at which one beginning is looked at; a text that repeats itself more often tells nothing new. */
const mostPlaces = 20;
/** Groups inside groups. */
const deepest = 5;

/** Throws an Error that says what is wrong with the phrase and what to write instead. */
export function parsePhrase(source: string): Phrase {
  const phrase = readPhrase(source);
  if (keyListsOf(phrase).length > 0) return phrase;
  throw new Error(`the phrase "${source}" is too short to mean anything: write at least two letters in a row`);
}

/** A phrase that parsePhrase() has taken before. */
export function readPhrase(source: string): Phrase {
  const parts = source.split(/\s+\.\.\.\s+|\s+…\s+/u).map((text): Part => {
    const sequence = parseSequence(text.trim(), source, 0);
    return { sequence, starts: [...new Set(startsOf(sequence, source))] };
  });
  return { source, parts };
}

function parseSequence(text: string, source: string, depth: number): Sequence {
  const complain = (what: string): Error => new Error(`the phrase "${source}" has ${what}`);
  if (depth > deepest) throw complain("too many parentheses inside one another");
  const elements: Element[] = [];
  let plain = "";
  const endPlain = (): void => {
    elements.push(...literals(plain));
    plain = "";
  };
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!;
    if (sign === ")") throw complain("a closing parenthesis without its partner");
    if (sign !== "(" && sign !== "*" && sign !== "#") {
      plain += sign;
      continue;
    }
    endPlain();
    if (sign !== "(") elements.push(sign);
    else {
      const end = closing(text, i);
      if (end === -1) throw complain("an opening parenthesis without its partner (a gap may not stand inside)");
      const choices = splitChoices(text.slice(i + 1, end));
      elements.push({ of: choices.map((choice) => alternative(parseSequence(choice, source, depth + 1))) });
      i = end;
    }
  }
  endPlain();
  return elements;
}

function alternative(sequence: Sequence): Alternative {
  const [first] = sequence;
  return { sequence, first: typeof first === "string" && !isSign(first) ? first.charCodeAt(0) : -1 };
}

function closing(text: string, open: number): number {
  for (let i = open, depth = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i;
  }
  return -1;
}

function splitChoices(text: string): string[] {
  const choices = [""];
  let depth = 0;
  for (const sign of text) {
    if (sign === "(") depth++;
    if (sign === ")") depth--;
    if (sign === "|" && depth === 0) choices.push("");
    else choices[choices.length - 1] += sign;
  }
  return choices;
}

/** Text without signs: a literal in normal form, and the spaces at its ends apart. */
function literals(plain: string): Element[] {
  if (plain === "") return [];
  const inner = normalText(`,${plain},`).text.slice(1, -1);
  const literal = inner.trim();
  if (literal === "") return inner === "" ? [] : [" "];
  return [...(inner.startsWith(" ") ? [" "] : []), literal, ...(inner.endsWith(" ") ? [" "] : [])];
}

const isOptional = (element: Element): boolean =>
  element === " " ||
  element === "*" ||
  (typeof element === "object" && element.of.some(({ sequence }) => sequence.every(isOptional)));

const digits = Array.from("0123456789", (digit) => digit.charCodeAt(0));

function startsOf(sequence: Sequence, source: string): number[] {
  const starts: number[] = [];
  for (const element of sequence) {
    if (typeof element === "object")
      starts.push(
        ...element.of.flatMap(({ sequence }) => (sequence.every(isOptional) ? [] : startsOf(sequence, source))),
      );
    else if (element === "*")
      throw new Error(`the phrase "${source}" has a part that begins with *: it may only end a word`);
    else if (element === "#") starts.push(...digits);
    else if (element !== " ") starts.push(element.charCodeAt(0));
    if (!isOptional(element)) return starts;
  }
  throw new Error(`the phrase "${source}" has a part without words: every part needs some`);
}

/** Lists of words of two letters or more; of each list one must be in the text. Never none. */
export const keyListsOf = ({ parts }: Phrase): readonly (readonly string[])[] =>
  parts.flatMap(({ sequence }) => keyLists(sequence)).filter((keys) => shortest(keys) >= 2);

const keyLists = (sequence: Sequence): string[][] =>
  sequence.flatMap((element) => {
    if (typeof element === "string") return isSign(element) ? [] : [[element]];
    if (isOptional(element)) return [];
    return [element.of.flatMap(({ sequence }) => bestKeys(keyLists(sequence)))];
  });

const isSign = (element: string): boolean => element === "#" || element === "*" || element === " ";

/** The list whose shortest word is the longest: it leaves the fewest texts. */
const bestKeys = (lists: readonly string[][]): string[] =>
  lists.reduce((best, keys) => (shortest(keys) > shortest(best) ? keys : best), [""]);
const shortest = (keys: readonly string[]): number => Math.min(...keys.map((key) => key.length));

/** A text, and where each character stands in it that a phrase may begin with. */
export interface Ground {
  readonly text: string;
  readonly places: ReadonlyMap<number, readonly number[]>;
}

/** `text` is in normal form. */
export function groundOf(text: string): Ground {
  const places = new Map<number, number[]>();
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x20 || isInsideWord(text, at)) continue;
    const some = places.get(code);
    if (some === undefined) places.set(code, [at]);
    else if (some.length < mostPlaces) some.push(at);
  }
  return { text, places };
}

/** The place where the phrase says most, or undefined. `allowed` says no to places that do not count. */
export function findPhrase(
  { parts }: Phrase,
  ground: Ground,
  allowed: (start: number) => boolean = () => true,
): Found | undefined {
  let chains: readonly Found[] | undefined;
  for (const part of parts) {
    const places = placesOf(part, ground).filter(({ start }) => allowed(start));
    chains = chains === undefined ? places : joined(chains, places);
    if (chains.length === 0) return undefined;
  }
  return chains?.reduce((best, chain) => (chain.weight > best.weight ? chain : best));
}

const joined = (chains: readonly Found[], places: readonly Found[]): Found[] =>
  places.flatMap((place) => {
    const before = chains.find(({ end }) => end <= place.start && place.start - end <= gap);
    return before ? [{ start: before.start, end: place.end, weight: before.weight + place.weight }] : [];
  });

function placesOf({ sequence, starts }: Part, { text, places }: Ground): Found[] {
  const found: Found[] = [];
  for (const code of starts)
    for (const start of places.get(code) ?? []) {
      const place = matchAt(sequence, { text, start });
      if (place) found.push(place);
    }
  return found;
}

/** Where reading may stand: the position, whether a space must come before what follows, what was said so far. */
interface Reading {
  readonly at: number;
  readonly spaced: boolean;
  readonly weight: number;
  /** The last element was `*`. */
  readonly open: boolean;
}

function matchAt(sequence: Sequence, from: From): Found | undefined {
  const { text, start } = from;
  const ends = read(sequence, [{ at: start, spaced: false, weight: 0, open: false }], from);
  let best: Found | undefined;
  for (const { at, weight, open } of ends)
    if (at > start && (open || !isInsideWord(text, at)) && (best === undefined || weight > best.weight))
      best = { start, end: at, weight };
  return best;
}

interface From {
  readonly text: string;
  readonly start: number;
}

/** All places where the sequence may end, of those that began at `readings`. */
function read(sequence: Sequence, readings: readonly Reading[], from: From): readonly Reading[] {
  let now = readings;
  for (const element of sequence) {
    const next: Reading[] = [];
    for (const reading of now) {
      if (typeof element === "object") readChoice(element, reading, { from, into: next });
      else {
        const one = step(element, reading, from);
        if (one) keepBest(next, one);
      }
    }
    if (next.length === 0) return next;
    now = next;
  }
  return now;
}

function readChoice({ of }: Choice, reading: Reading, { from, into }: { from: From; into: Reading[] }): void {
  const start = wordStart(reading, from);
  const next = start === -1 ? -1 : from.text.charCodeAt(start);
  for (const { sequence, first } of of) {
    if (first !== -1 && first !== next) continue;
    for (const one of read(sequence, [reading], from)) keepBest(into, one);
  }
}

function keepBest(readings: Reading[], one: Reading): void {
  const twin = readings.findIndex(
    ({ at, spaced, open }) => at === one.at && spaced === one.spaced && open === one.open,
  );
  if (twin === -1) readings.push(one);
  else if (readings[twin]!.weight < one.weight) readings[twin] = one;
}

function step(element: string, reading: Reading, from: From): Reading | undefined {
  const { text } = from;
  const { weight } = reading;
  if (element === " ") return { ...reading, spaced: true };
  if (element === "*") return { ...reading, at: runEnd(text, reading.at, isWordRest), open: true };
  const at = wordStart(reading, from);
  if (at === -1) return undefined;
  if (element === "#") {
    const end = runEnd(text, at, isDigit);
    return end === at ? undefined : { at: end, spaced: false, weight: weight + 1, open: false };
  }
  if (!text.startsWith(element, at)) return undefined;
  return { at: at + element.length, spaced: false, weight: weight + element.length, open: false };
}

/** Where what follows must begin, behind the space that is asked for; -1: there is none. */
function wordStart({ at, spaced }: Reading, { text, start }: From): number {
  if (!spaced || at === start) return at;
  if (text.charCodeAt(at) === 0x20) return at + 1;
  return isIdeograph(text.charCodeAt(at)) && isIdeograph(text.charCodeAt(at - 1)) ? at : -1;
}

function runEnd(text: string, from: number, isPart: (code: number) => boolean): number {
  let at = from;
  while (at < text.length && isPart(text.charCodeAt(at))) at++;
  return at;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
/** Only these have borders: a word of another script may stand anywhere. */
const isWordPart = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x7a);
/** In normal form no space stands between two of these. */
const isIdeograph = (code: number): boolean => code >= firstIdeograph;
const isWordRest = (code: number): boolean => isWordPart(code) || code >= 0xc0;
const isInsideWord = (text: string, at: number): boolean =>
  at > 0 && isWordPart(text.charCodeAt(at - 1)) && isWordPart(text.charCodeAt(at));
