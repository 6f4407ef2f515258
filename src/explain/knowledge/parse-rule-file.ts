// A file of rules that an operator has written: read and checked, with every mistake told at once (docs/adding-a-cause.md).
import { diagnose } from "../diagnose.ts";
import { buildKnowledge, type RuleFile } from "./knowledge.ts";

/**
 * Throws an Error with a line for every mistake: the file, the number of the rule, what is wrong and what to write. Each
 * example of a rule must be found by a rule of the file with the same cause.
 */
export function parseRuleFile(text: string, name: string): RuleFile {
  const file = parseJson(text, name);
  const mistakes = shapeMistakes(file, name);
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  const written = file as RuleFile;
  const wrong = exampleMistakes(written, name);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  return written;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new Error(`${name}: it is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

interface Field {
  readonly isGood: (value: unknown) => boolean;
  readonly write: string;
}

const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
const listOf =
  (isGood: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isGood);
const isReplyCode = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 200 && Number(value) < 600;
const isDetail = (value: unknown): boolean => typeof value === "string" && /^\d{1,3}\.(?:\d{1,3}|\*)$/.test(value);

const text: Field = { isGood: isText, write: 'text in quotes, such as "mailbox full"' };
const texts: Field = { isGood: listOf(isText), write: 'a list of texts, such as ["example.org"]' };
const textOrTexts: Field = {
  isGood: (value) => isText(value) || listOf(isText)(value),
  write: 'text in quotes, or a list of texts, such as ["user unknown", "no such user"]',
};

const fieldsOfFile: Readonly<Record<string, Field>> = {
  about: text,
  provider: text,
  hosts: texts,
  marks: texts,
  source: text,
  rules: { isGood: Array.isArray, write: "a list of rules: [{ … }, { … }]" },
};

const fieldsOfRule: Readonly<Record<string, Field>> = {
  says: textOrTexts,
  codes: { isGood: listOf(isReplyCode), write: "a list of reply codes, such as [550, 554]" },
  enhanced: {
    isGood: listOf(isDetail),
    write: 'a list of enhanced codes without their class, such as ["7.1"] or ["7.*"]',
  },
  stage: { isGood: listOf(isText), write: 'a list of stages, such as ["rcpt"]' },
  transient: { isGood: (value) => typeof value === "boolean", write: "true (4xx only) or false (5xx only)" },
  cause: text,
  rank: text,
  permanence: text,
  remedy: text,
  source: text,
  example: textOrTexts,
};

function shapeMistakes(file: unknown, name: string): string[] {
  if (!isObject(file)) return [`${name}: write an object: { "about": "…", "rules": [ … ] }`];
  const mistakes = fieldMistakes(file, { fields: fieldsOfFile, needed: ["about", "rules"], where: name });
  const isLost = file["provider"] !== undefined && file["hosts"] === undefined && file["marks"] === undefined;
  if (isLost) mistakes.push(`${name}: nothing shows that a text is the provider's: write "hosts", "marks" or both`);
  const rules: readonly unknown[] = Array.isArray(file["rules"]) ? file["rules"] : [];
  const inRules = rules.flatMap((rule, i) => {
    const where = `${name}, rule ${i + 1}`;
    if (!isObject(rule)) return [`${where}: write an object: { "says": "…", "cause": "…" }`];
    return fieldMistakes(rule, { fields: fieldsOfRule, needed: ["cause", "example"], where });
  });
  return [...mistakes, ...inRules];
}

interface Shape {
  readonly fields: Readonly<Record<string, Field>>;
  readonly needed: readonly string[];
  readonly where: string;
}

function fieldMistakes(written: Readonly<Record<string, unknown>>, { fields, needed, where }: Shape): string[] {
  const missing = needed
    .filter((key) => written[key] === undefined)
    .map((key) => `${where}: "${key}" is missing: write ${fields[key]!.write}`);
  const wrong = Object.entries(written).flatMap(([key, value]) => {
    if (!Object.hasOwn(fields, key))
      return [`${where}: there is no "${key}": write one of ${Object.keys(fields).join(", ")}`];
    return fields[key]!.isGood(value) ? [] : [`${where}: "${key}" is not right: write ${fields[key]!.write}`];
  });
  return [...missing, ...wrong];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** By this file alone; `buildKnowledge` throws for what is wrong in the rules themselves. */
function exampleMistakes(file: RuleFile, name: string): string[] {
  const knowledge = buildKnowledge({ [name]: file });
  const host = file.hosts?.[0];
  return file.rules.flatMap(({ cause, example = [] }, i) =>
    [example].flat().flatMap((text) => {
      const { rule, cause: found } = diagnose({ text, ...(host !== undefined && { host }) }, knowledge);
      if (rule !== undefined && found === cause) return [];
      const instead =
        rule === undefined ? "no rule of this file fits it" : `${rule.name.slice(name.length + 2)} makes it ${found}`;
      return [
        `${name}, rule ${i + 1}: the example "${text}" is not ${cause}: ${instead}; change the example or the rule`,
      ];
    }),
  );
}
