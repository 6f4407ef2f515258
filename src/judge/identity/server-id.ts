// Whose Authentication-Results these are: the first word of the field, behind comments and line ends. RFC 8601 §2.2
import { parseDomain } from "../../mail/address.ts";

/** A name that is broken by a line end is taken for whole: some unfold it so. */
export const isOfServer = (value: string, hostname: string): boolean =>
  [value, value.replaceAll(/\r?\n[ \t]+/g, "")].some((text) => serverIdOf(text) === serverIdOf(hostname));

/** In the form in which two can be compared; undefined: there is none. Some write a version behind a slash. */
function serverIdOf(value: string): string | undefined {
  const start = behindComments(value);
  const id = value[start] === '"' ? quotedText(value, start) : /^[^ \t-\r;()",/]*/.exec(value.slice(start))?.[0];
  if (id === undefined || id === "") return undefined;
  const name = Buffer.from(id, "latin1").toString("utf8").trim().replace(/\.$/, "");
  return parseDomain(name) ?? name.toLowerCase();
}

/** Comments may be nested, and may hold what ends them behind a backslash. RFC 5322 §3.2.2 */
function behindComments(value: string): number {
  let depth = 0;
  for (let i = 0; i < value.length; i += 1) {
    const character = value[i]!;
    if (character === "\\" && depth > 0) i += 1;
    else if (character === "(") depth += 1;
    else if (character === ")" && depth > 0) depth -= 1;
    else if (depth === 0 && !/[ \t-\r]/.test(character)) return i;
  }
  return value.length;
}

function quotedText(value: string, start: number): string {
  let text = "";
  for (let i = start + 1; i < value.length && value[i] !== '"'; i += 1) {
    if (value[i] === "\\") i += 1;
    if (value[i] !== "\r" && value[i] !== "\n") text += value[i] ?? "";
  }
  return text;
}
