// The letter of a notice as plain text.
import { columns } from "../mail/wrap.ts";
import { wrap } from "./lines.ts";
import type { Block } from "./letter.ts";

/** With CRLF at each line's end; an empty line stands between paragraphs, headings stand on what they head. */
export function plainText(letter: readonly Block[], colon: string): string {
  const paragraphs: string[][] = [];
  for (const [i, block] of letter.entries()) {
    const isHeaded = letter[i - 1]?.kind === "heading";
    if (isHeaded) paragraphs.at(-1)!.push(...linesOf(block, colon));
    else paragraphs.push(linesOf(block, colon));
  }
  return paragraphs.map((lines) => lines.map((line) => `${line}\r\n`).join("")).join("\r\n");
}

const indent = "    ";

function linesOf(block: Block, colon: string): string[] {
  switch (block.kind) {
    case "title":
    case "heading":
    case "text":
      return wrap(block.text);
    case "labelled":
      return wrap(`${block.label}${colon}${block.text}`);
    case "addresses":
      return [...block.addresses, ...(block.more === undefined ? [] : [block.more])].map((line) => indent + line);
    case "rule":
      return ["-".repeat(20)];
    case "steps":
      return block.steps.flatMap((step, i) => wrap(step, `  ${i + 1}. `));
    case "table": {
      const rows = block.rows.map(([name, value]) => [`${name}${colon.trimEnd()} `, value] as const);
      const width = Math.max(...rows.map(([name]) => columns(name)));
      return rows.flatMap(([name, value]) => wrap(value, indent + name + " ".repeat(width - columns(name))));
    }
    case "quote":
      return [...wrap(`${block.title}${colon}`.trimEnd()), ...wrap(block.text, indent)];
    case "technical":
      return block.lines.flatMap((line) => wrap(line, indent));
  }
}
