// What the schema finds wrong, in words.
import { z } from "zod";
import { Refusal } from "./kind.ts";
import { nearest } from "./nearest.ts";
import type { Fault } from "./problem.ts";
import type { Path } from "./settings.ts";
import { schemaAt, sections, tableOf, toToml, wordsFor } from "./settings.ts";
import { show } from "./show.ts";

/** One fault for each issue of zod's, and for each unknown key; `raw` is what was parsed. */
export const schemaFaults = (raw: unknown, issues: readonly z.core.$ZodIssue[]): Fault[] =>
  issues.flatMap((issue) => {
    const path = issue.path as Path;
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey(raw, path, key))
      : [wrongValue(raw, issue)];
  });

const header = (name: string): string =>
  sections.find((section) => section.name === name)?.many ? `[[${name}]]` : `[${name}]`;

function unknownKey(raw: unknown, path: Path, key: string): Fault {
  const name = String(path[0] ?? "");
  const settings = sections.find((section) => section.name === name)?.settings.map((setting) => setting.key) ?? [];
  const inside = name === "" ? sections.slice(1).map((section) => section.name) : [];
  const known = `Known here: ${[...settings, ...inside.map(header)].join(", ")}.`;
  const meant = nearest(key, [...settings, ...inside]);
  const isSection = name === "" && typeof valueAt(raw, [key]) === "object";
  const what = `there is no such ${isSection ? "section" : "setting"}${name && ` in ${header(name)}`}`;
  const hint = meant === undefined ? whereElse(key) : `Did you mean ${inside.includes(meant) ? header(meant) : meant}?`;
  return {
    path: [...path, key],
    what,
    allowed: `${hint} ${known}`.trim(),
  };
}

/** Settings in the wrong section: each line after `[retry]` belongs to it. */
function whereElse(key: string): string {
  const names = sections
    .filter(({ settings }) => settings.some((setting) => setting.key === key))
    .map(({ name }) => name);
  if (names.includes("")) return "It belongs at the top of the file, above all sections.";
  return names.length === 0 ? "" : `It is a setting of ${names.map(header).join(" and of ")}.`;
}

function wrongValue(raw: unknown, issue: z.core.$ZodIssue): Fault {
  const path = issue.path as Path;
  const key = String(path.findLast((part) => typeof part === "string"));
  const parent = schemaAt(path.slice(0, -1));
  const isKey = issue.code === "invalid_key" && parent instanceof z.ZodRecord;
  const schema = (isKey ? parent.keyType : schemaAt(path)) ?? z.never();
  const value = isKey ? path.at(-1) : valueAt(raw, path);
  const { name, write } = wordsFor(schema);
  const shown = key === "password" ? "the value" : show(value);
  const refusal = issue.code === "custom" && issue.params?.refusal;

  if (value === undefined) return { path, what: "this setting is missing", allowed: write, ...exampleOf(path) };
  if (refusal instanceof Refusal)
    return { path, what: refusal.wrong ?? `${shown} is not ${name}`, allowed: refusal.write ?? write };
  if (issue.code === "too_small" && Array.isArray(value))
    return { path, what: "the list is empty", allowed: "Write at least one item, or leave the setting out." };
  if (issue.code === "too_small" || issue.code === "too_big")
    return { path, what: `${shown} is too ${issue.code === "too_small" ? "small" : "large"}`, allowed: write };
  if (tableOf(schema)) return wrongBrackets(path, key, value);
  const meant = schema instanceof z.ZodEnum && typeof value === "string" && nearest(value, schema.options as string[]);
  return { path, what: `${shown} is not ${name}`, allowed: meant ? `Did you mean "${meant}"? ${write}` : write };
}

/** `[domain]` for `[[domain]]`, `[[retry]]` for `[retry]`, or no section at all. */
function wrongBrackets(path: Path, key: string, value: unknown): Fault {
  const right = header(key);
  if (right === `[[${key}]]` && show(value) === "a table")
    return { path, what: `[${key}] is in single brackets`, allowed: `Write ${right}: there may be several.` };
  if (right === `[${key}]` && show(value) === "a list")
    return { path, what: `[[${key}]] is in double brackets`, allowed: `Write ${right}: there is only one.` };
  return {
    path,
    what: `${show(value)} is not a section`,
    allowed: `Write ${right} on a line, and its settings below it.`,
  };
}

function exampleOf(path: Path): { example?: string } {
  const [name, key] = [path[0], path.at(-1)];
  const setting = sections.find((section) => section.name === name)?.settings.find((setting) => setting.key === key);
  return setting?.examples[0] === undefined ? {} : { example: `${setting.key} = ${toToml(setting.examples[0])}` };
}

/** What stands in the file at a path; undefined: nothing. */
export const valueAt = (raw: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], raw);
