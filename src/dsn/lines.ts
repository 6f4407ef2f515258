// Text in lines: wrapped for people, folded for header fields. RFC 5322 §2.1.1, §2.2.3.
import { wrapText } from "../mail/wrap.ts";

/** Where we fold and wrap, in characters. RFC 5322 §2.1.1 asks for 78 at most in fields. */
const widths = { text: 72, field: 78 } as const;

/** A word without spaces is cut beyond this, so that no line reaches 998 octets. RFC 5322 §2.1.1. */
const wordBytes = 900;

/** A paragraph in lines; the first begins with `first`, the others with as many spaces. */
export const wrap = (text: string, first = ""): string[] => wrapText(text, { width: widths.text, first });

/** A field with CRLF at its end; each value begins on a line of its own. Values are clean text without line ends. */
export function foldField(name: string, ...values: readonly string[]): string {
  const lines = [`${name}:`];
  for (const [i, value] of values.entries()) {
    const words = ` ${value}`.match(/ +[^ ]+/g) ?? [];
    for (const [j, piece] of words.flatMap(cutLongWord).entries()) {
      const line = lines.at(-1)!;
      const startsValue = i > 0 && j === 0;
      const isFull = line.length + piece.length > widths.field && line !== `${name}:`;
      if (startsValue || isFull) lines.push(piece);
      else lines[lines.length - 1] = line + piece;
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** ` word` as it is, or in pieces that begin with a space. */
const cutLongWord = (word: string): string[] =>
  Buffer.byteLength(word) <= wordBytes
    ? [word]
    : (word.trimStart().match(new RegExp(`.{1,${wordBytes / 4}}`, "gsu")) ?? []).map((piece) => ` ${piece}`);
