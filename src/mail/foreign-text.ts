// Words of strangers (replies, subjects, addresses), made fit to be shown and to stand in a field.
import { inPlace, shortLine } from "./printable.ts";

/** How much of a stranger's text a notice repeats, in characters. */
export const textLimits = {
  subject: 200,
  evidence: 500,
  replyLine: 512, // RFC 5321 §4.5.3.1.5
  replyLines: 20,
  address: 320, // RFC 5321 §4.5.3.1.1, §4.5.3.1.2, and the @
} as const;

/** One line without control characters, each run of spaces as one, at most `maxChars` long. */
export const clean = (text: string, maxChars: number): string => shortLine(text, maxChars, " [...]");

/** An address, which may hold quoted spaces: only what is dangerous in a line is replaced. */
export const cleanAddress = (address: string): string => inPlace(address.slice(0, textLimits.address));

export const isAscii = (text: string): boolean => /^[\p{ASCII}]*$/u.test(text);

const escape = (character: string): string =>
  `\\x{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, "0")}}`;

/** ASCII, whatever else written as `\x{E4}`. */
export const asciiText = (text: string): string => text.replaceAll(/[^\p{ASCII}]/gu, escape);

/** RFC 6533 §3 utf-8-addr-xtext: an international address in ASCII. */
export const asciiAddress = (address: string): string => address.replaceAll(/[^!-~]|[+=\\]/gu, escape);
