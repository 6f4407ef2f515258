// Paragraphs in lines, for terminals and letters.

/** Letters as wide as two, of scripts that put no spaces between words. */
const wide = String.raw`\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6`;
const eachWide = new RegExp(`[${wide}]`, "gu");

/** What stays on one line: a wide letter with the marks around it that must not end or begin a line, or a run of others. */
const unbroken = new RegExp(`[「『（【]*[${wide}][」』）】、。，．！？：ー々っゃゅょッャュョ]*|[^${wide}]+`, "gu");

/** How wide a text stands on a terminal or a page of letters of one width. */
export const columns = (text: string): number => text.length + (text.match(eachWide)?.length ?? 0);

export interface Wrapped {
  /** In columns. */
  readonly width: number;
  /** Before the first line; the others begin with as many spaces. */
  readonly first?: string;
}

/** A paragraph in lines. Words are never cut, but scripts without spaces break between any two letters. */
export function wrapText(text: string, { width: whole, first = "" }: Wrapped): string[] {
  const indent = " ".repeat(columns(first));
  const lines: string[] = [];
  let line = first;
  let room = whole - indent.length;
  for (const word of text.split(" ")) {
    for (const [i, piece] of (word.match(unbroken) ?? [""]).entries()) {
      const isFirst = line === first || line === indent;
      const space = i === 0 && !isFirst ? " " : "";
      const width = columns(piece);
      if (!isFirst && space.length + width > room) {
        lines.push(line);
        line = indent + piece;
        room = whole - indent.length - width;
      } else {
        line += space + piece;
        room -= space.length + width;
      }
    }
  }
  return [...lines, line];
}
