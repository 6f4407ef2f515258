// The tables of docs/checks.md: what is broken in the lab, and what is found. Run a test with --update to rewrite its own.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FindingId, Level } from "../../src/check/finding.ts";
import type { WhoActs } from "../../src/explain/explanation.ts";

export interface Row {
  /** What is broken, in words. */
  readonly what: string;
  readonly finds: FindingId;
  /** As it was found; undefined: it was not. */
  readonly level: Level | undefined;
  readonly who: WhoActs;
}

/** `name`: of the table, as in the marks around it. */
export function compareTable(name: string, rows: readonly Row[]): void {
  const path = join(import.meta.dirname, "../../docs/checks.md");
  const now = readFileSync(path, "utf8");
  const begin = `<!-- begin of the table: ${name} -->\n`;
  const end = `<!-- end of the table: ${name} -->\n`;
  const [head, behind = ""] = now.split(begin);
  const tail = behind.split(end)[1];
  assert.ok(tail !== undefined, `docs/checks.md has no marks for the table of ${name}`);
  const lines = rows.map(({ what, finds, level, who }) => `| ${what} | \`${finds}\` | ${level} | ${who} |`);
  const table = ["| broken | finding | level | who can fix it |", "|---|---|---|---|", ...lines, ""].join("\n");
  const wanted = `${head}${begin}${table}${end}${tail}`;
  if (process.argv.includes("--update")) writeFileSync(path, wanted);
  else assert.equal(now, wanted);
}
