// Text in lines: wrapped for people, folded for header fields. RFC 5322 §2.1.1, §2.2.3.

/** Where we fold and wrap, in characters. RFC 5322 §2.1.1 asks for 78 at most in fields. */
const widths = { text: 72, field: 78 } as const;

/** A word without spaces is cut beyond this, so that no line reaches 998 octets. RFC 5322 §2.1.1. */
const wordBytes = 900;

/** Letters as wide as two, of scripts that put no spaces between words. */
const wide = String.raw`\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6`;
const eachWide = new RegExp(`[${wide}]`, "gu");

/** What stays on one line: a wide letter with the marks around it that must not end or begin a line, or a run of others. */
const unbroken = new RegExp(`[「『（【]*[${wide}][」』）】、。，．！？：ー々っゃゅょッャュョ]*|[^${wide}]+`, "gu");

/** How wide a text stands on a terminal or a page of letters of one width. */
export const columns = (text: string): number => text.length + (text.match(eachWide)?.length ?? 0);

/** A paragraph in lines; the first begins with `first`, the others with as many spaces. Words are never cut. */
export function wrap(text: string, first = ""): string[] {
  const indent = " ".repeat(columns(first));
  const lines: string[] = [];
  let line = first;
  let room = widths.text - indent.length;
  for (const word of text.split(" ")) {
    for (const [i, piece] of (word.match(unbroken) ?? [""]).entries()) {
      const isFirst = line === first || line === indent;
      const space = i === 0 && !isFirst ? " " : "";
      const width = columns(piece);
      if (!isFirst && space.length + width > room) {
        lines.push(line);
        line = indent + piece;
        room = widths.text - indent.length - width;
      } else {
        line += space + piece;
        room -= space.length + width;
      }
    }
  }
  return [...lines, line];
}

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
