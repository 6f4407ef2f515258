// What is wrong with a config file, in words: what, where, and what to do.
import type { Path } from "./settings.ts";
import { show } from "./show.ts";

/** What is wrong at a place in the settings; `locate.ts` knows the line. */
export interface Fault {
  /** Where; the last key may be missing in the file. */
  readonly path: Path;
  /** A clause without a full stop: `"5 minutes" is not a duration`. */
  readonly what: string;
  /** What to do, in whole sentences. */
  readonly allowed: string;
  /** A line of TOML that would do. */
  readonly example?: string;
}

export interface Problem {
  readonly file: string;
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  /** From 1; of syntax errors only. */
  readonly column?: number;
  /** `retry.schedule[2]`; empty for syntax errors. */
  readonly key: string;
  readonly what: string;
  readonly allowed: string;
  readonly example?: string;
}

/** For a person: one line for each. */
export const formatProblems = (problems: readonly Problem[]): string => problems.map(formatProblem).join("\n");

function formatProblem({ file, line, column, key, what, allowed, example }: Problem): string {
  const place = [file, ...(line > 0 ? [line] : []), ...(column === undefined ? [] : [column])].join(":");
  const sentences = [`${what}.`, allowed, ...(example === undefined ? [] : [`Example: ${example}`])].join(" ");
  return `${place}: ${key === "" ? "" : `${key}: `}${sentences}`;
}

/** `domain[0].aliases."ann.b"` */
export const formatPath = (path: Path): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${/^[\w-]+$/.test(key) ? key : show(key)}`))
    .join("")
    .replace(/^\./, "");
