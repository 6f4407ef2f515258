// From the text of waybill.toml to a Config, or to all problems that it has at once.
import { readFile } from "node:fs/promises";
import { parse, TomlError } from "smol-toml";
import { schemaFaults, valueAt } from "./faults.ts";
import { fileFaults, unreadable } from "./files.ts";
import { locator } from "./locate.ts";
import type { Fault, Problem } from "./problem.ts";
import { formatPath } from "./problem.ts";
import type { Sections } from "./rules.ts";
import { ruleFaults } from "./rules.ts";
import type { Config } from "./schema.ts";
import { schema } from "./schema.ts";
import type { Path } from "./settings.ts";
import { syntaxProblem } from "./syntax.ts";

type Parsed =
  | { readonly kind: "ok"; readonly config: Config }
  /** In the order of the lines; at least one. */
  | { readonly kind: "bad"; readonly problems: readonly Problem[] };

type Loaded =
  /** `file` is what was read; absent: there is none, all settings have their defaults. */
  | { readonly kind: "ok"; readonly config: Config; readonly file?: string }
  | { readonly kind: "bad"; readonly problems: readonly Problem[] };

const defaultFile = "waybill.toml";

/** Reads the file that was named, or `waybill.toml` in the working directory if there is one. Never rejects. */
export async function loadConfig(path: string | undefined): Promise<Loaded> {
  const file = path ?? defaultFile;
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === "ENOENT") return parseConfig("", file);
    return bad([{ file, line: 0, key: "", ...unreadable(file, error) }]);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bad([{ file, line: 0, key: "", what: "the file is not UTF-8 text", allowed: "Save it as UTF-8." }]);
  }
  const { parsed, sections, problemOf } = read(text, file);
  const problems = [...(parsed.kind === "bad" ? parsed.problems : []), ...(await fileFaults(sections)).map(problemOf)];
  return parsed.kind === "ok" && problems.length === 0 ? { ...parsed, file } : bad(problems);
}

/** The same without the disk: `fileName` is for the messages only. Never throws. */
export const parseConfig = (text: string, fileName: string): Parsed => read(text, fileName).parsed;

const bad = (problems: readonly Problem[]): { kind: "bad"; problems: readonly Problem[] } => ({
  kind: "bad",
  problems: problems.toSorted((a, b) => a.line - b.line),
});

interface Reading {
  readonly parsed: Parsed;
  /** Those that are in order by themselves. */
  readonly sections: Sections;
  readonly problemOf: (fault: Fault) => Problem;
}

function read(text: string, file: string): Reading {
  let raw: Readonly<Record<string, unknown>>;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { parsed: bad([syntaxProblem(error, text, file)]), sections: {}, problemOf: problemMaker(file, () => 1) };
  }
  const problemOf = problemMaker(file, locator(text));
  const result = schema.safeParse(raw);
  const sections = result.data ?? validSections(raw);
  const faults = [
    ...schemaFaults(raw, result.error?.issues ?? []),
    ...ruleFaults(sections, (path) => valueAt(raw, path) !== undefined),
  ];
  const isGood = result.success && faults.length === 0;
  return { parsed: isGood ? { kind: "ok", config: result.data } : bad(faults.map(problemOf)), sections, problemOf };
}

const problemMaker =
  (file: string, lineOf: (path: Path) => number) =>
  ({ path, ...words }: Fault): Problem => ({ file, line: lineOf(path), key: formatPath(path), ...words });

const validSections = (raw: Readonly<Record<string, unknown>>): Sections =>
  Object.fromEntries(
    Object.entries(schema.shape).flatMap(([name, part]) => {
      const { success, data } = part.safeParse(raw[name]);
      return success ? [[name, data]] : [];
    }),
  );
