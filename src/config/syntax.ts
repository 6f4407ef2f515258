// Syntax errors of TOML in words.
import type { TomlError } from "smol-toml";
import type { Problem } from "./problem.ts";
import { sections } from "./settings.ts";
import { show } from "./show.ts";

/** Where the parser stopped, and the text there. */
interface Spot {
  readonly line: string;
  /** The lines above it. */
  readonly above: readonly string[];
  /** What stands at the error, up to a space, comma or closing bracket. */
  readonly word: string;
  readonly atLineEnd: boolean;
}

type Words = Pick<Problem, "what" | "allowed">;
const words = (what: string, allowed: string): Words => ({ what, allowed });

const manyNames = sections.filter(({ many }) => many).map(({ name }) => name);
const inDoubleBrackets = manyNames.map((name) => `[[${name}]]`).join(", ");

const unclosedQuote = words("the quote that ends a text is missing", 'Put " at the end of the text, on the same line.');
const unclosedHeader = words(
  "the name of this section is not closed",
  `Write [name] in single brackets, but ${inDoubleBrackets} in double ones.`,
);

/** What the parser reports, and what to say then. The first that fits is taken. */
const answers: readonly [RegExp, (spot: Spot) => Words][] = [
  [/end-of-line/, behindValue],
  [/invalid value|numeric|underscore|leading zero|date/, wrongValue],
  [/key/, wrongKey],
  [/table array declaration/, () => unclosedHeader],
  [/redefine/, doubled],
  [/control characters.*strings/, invisible],
  [/unfinished string/, () => unclosedQuote],
  [
    /escape/,
    () =>
      words(
        'a backslash in "…" begins an escape, and this one is not known',
        "Write two for one backslash, or put the text in single quotes: 'C:\\mail'.",
      ),
  ],
  [
    /comma|unfinished/,
    () =>
      words(
        "a comma or a closing bracket is missing",
        'Write lists as ["a", "b"], and inline tables as { a = 1, b = 2 }.',
      ),
  ],
  [/losslessly/, ({ word }) => words(`the number ${show(word)} is too large`, "Write a smaller one.")],
  [/nested/, () => words("brackets are nested too deeply", "No setting needs more than three levels.")],
];

/** What `parse` of smol-toml threw for `text`, in words. */
export function syntaxProblem(error: TomlError, text: string, file: string): Problem {
  const reason = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
  const above = text.split(/\r?\n/).slice(0, error.line);
  const line = above.pop() ?? "";
  const spot = { line, above, word: wordAt(line, error.column), atLineEnd: error.column > line.length };
  const [, answer] = answers.find(([pattern]) => pattern.test(reason)) ?? [];
  const said = answer?.(spot) ?? words(`this is not TOML: ${reason}`, "Write key = value, one setting per line.");
  return { file, line: error.line, column: error.column, key: "", ...said };
}

function wordAt(line: string, column: number): string {
  const [before = ""] = /[^\s,=[\]]*$/.exec(line.slice(0, column - 1)) ?? [];
  const [after = ""] = /^[^\s,\]#]*/.exec(line.slice(column - 1)) ?? [];
  return before + after;
}

function wrongValue({ word }: Spot): Words {
  if (word === "") return words("the value is missing", "Write it, or put # before the line to leave the setting out.");
  if (/^[“”„‘’]/.test(word)) return words(`${word[0]} is not a quote in TOML`, 'Write straight quotes: "…".');
  if (/^(?:yes|no|on|off|true|false)$/i.test(word))
    return words(`${show(word)} is not a value in TOML`, "Write true or false, in lower case and without quotes.");
  if (/^[+-]?0\d+$/.test(word)) return words(`the number ${word} begins with 0`, `Write ${Number(word)}.`);
  const quoted = show(word.replaceAll(/["']/g, ""));
  return words(
    `${quoted.slice(1, -1)} is not in quotes`,
    `Write ${quoted}: only numbers, true and false stand without quotes.`,
  );
}

function behindValue({ word }: Spot): Words {
  return words(
    `${show(word)} stands behind the end of the value`,
    `Write one setting per line, remarks behind #, and a text that contains ' in "…".`,
  );
}

function invisible({ atLineEnd }: Spot): Words {
  return atLineEnd
    ? unclosedQuote
    : words("a text contains an invisible control character", "Delete it, or write it as an escape such as \\u0007.");
}

function wrongKey({ line }: Spot): Words {
  const [, mark] = /^\s*(\/\/|;|--|\/\*)/.exec(line) ?? [];
  if (mark !== undefined) return words(`${show(mark)} does not begin a remark`, "Begin remarks with #.");
  if (/^\s*\[/.test(line)) return unclosedHeader;
  const [, key] = /^\s*([\w-]+)\s*:/.exec(line) ?? [];
  if (key !== undefined) return words(`there is ":" behind ${key}`, `Write "=": ${key} = ….`);
  return words(
    "this is not a setting",
    "Write key = value, one setting per line; [name] begins a section, # a remark.",
  );
}

/** A section or a setting is there for the second time. */
function doubled({ line, above }: Spot): Words {
  const [, section] = /^\s*\[+\s*([^\]]*?)\s*\]/.exec(line) ?? [];
  if (section !== undefined && manyNames.includes(section))
    return words(
      `[${section}] and [[${section}]] do not go together`,
      `Write [[${section}]] each time: there may be several.`,
    );
  const name =
    section === undefined ? `${/([\w-]+)\s*=/.exec(line)?.[1] ?? "this key"} is set` : `[${section}] is there`;
  const begin = section === undefined ? /^\s*([\w-]+)\s*=/ : /^\s*\[\s*([^\]]*?)\s*\]/;
  const wanted = begin.exec(line)?.[1];
  const first = above.findLastIndex((earlier) => wanted !== undefined && begin.exec(earlier)?.[1] === wanted);
  return words(
    `${name} twice${first < 0 ? "" : `, first on line ${first + 1}`}`,
    section === undefined ? "Delete one of the two." : "Put the settings of both into one section.",
  );
}
