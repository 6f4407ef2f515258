// Pieces of Markdown for the generated pages.

/** Text of a table's cell, on one line. */
export const cell = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");

/** The cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** "RFC 3463 §3.2 (X.1.1)" → a link to the section; a bare URL → a link with the name of its site. */
export function sourceLink(source: string): string {
  if (/^https?:\/\/\S+$/.test(source)) return `[${new URL(source).hostname}](${source})`;
  return source.replaceAll(/RFC (\d+)(?: §([\d.]*\d))?/g, (words, number: string, section?: string) => {
    const anchor = section === undefined ? "" : `#section-${section}`;
    return `[${words}](https://www.rfc-editor.org/rfc/rfc${number}${anchor})`;
  });
}
