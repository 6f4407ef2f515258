// Columns for a terminal: as wide as their widest cell.

export interface TableRow {
  readonly cells: readonly string[];
  /** Printed below the row, indented. */
  readonly note?: string;
}

/** Lines of the table, header first; the last column is not padded. */
export function formatTable(header: readonly string[], rows: readonly TableRow[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === header.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  return [line(header), ...rows.flatMap(({ cells, note }) => [line(cells), ...(note ? [`    ${note}`] : [])])];
}
