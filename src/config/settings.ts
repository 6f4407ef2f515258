// The schema read as data: sections, settings, and the words for each type of value. For messages and for the manual.
import { z } from "zod";
import { kinds } from "./kind.ts";
import { schema } from "./schema.ts";

type Schema = z.core.$ZodType;

/** Keys and list positions from the top of the file down. */
export type Path = readonly (string | number)[];

export interface Setting {
  readonly key: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** As people write it; undefined: there is none. */
  readonly default: unknown;
  /** As people write them. */
  readonly examples: readonly unknown[];
  readonly meaning: string;
}

/** `[name]`, or `[[name]]` where there may be many; the settings above all sections have the name "". */
export interface Section {
  readonly name: string;
  readonly many: boolean;
  readonly meaning: string;
  readonly settings: readonly Setting[];
}

/** Without default and optionality. */
export const withoutDefault = (schema: Schema): Schema =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? withoutDefault(schema.unwrap())
    : schema;

/** What one section's settings are, if this is one: `[name]` or `[[name]]`. */
export function tableOf(schema: Schema): z.ZodObject | undefined {
  const inner = withoutDefault(schema);
  const table = inner instanceof z.ZodArray ? withoutDefault(inner.element) : inner;
  return table instanceof z.ZodObject ? table : undefined;
}

const isMany = (schema: Schema): boolean => withoutDefault(schema) instanceof z.ZodArray;

const metaOf = (schema: Schema): { description?: string; examples?: readonly unknown[] } =>
  z.globalRegistry.get(schema) ?? {};

/** The server's value as people write it: ms → "5m", bytes → "50MB". */
export function asWritten(schema: Schema, value: unknown): unknown {
  const inner = withoutDefault(schema);
  const format = kinds.get(inner)?.format;
  if (format !== undefined) return format(value as never);
  if (inner instanceof z.ZodArray) return (value as unknown[]).map((item) => asWritten(inner.element, item));
  if (!(inner instanceof z.ZodObject)) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [key, asWritten(inner.shape[key] as Schema, item)]),
  );
}

/** As people write them. */
export const examplesOf = (schema: Schema): readonly unknown[] =>
  metaOf(schema).examples ?? kinds.get(withoutDefault(schema))?.examples ?? [];

function settingOf([key, schema]: [string, Schema]): Setting {
  const { description = "" } = metaOf(schema);
  const byDefault = schema instanceof z.ZodDefault ? asWritten(schema, schema.def.defaultValue) : undefined;
  const required = !(schema instanceof z.ZodOptional) && byDefault === undefined;
  return { key, schema, required, default: byDefault, examples: examplesOf(schema), meaning: description };
}

const all: readonly [string, Schema][] = Object.entries(schema.shape);

/** All sections in the order of the schema, the settings without a section first. */
export const sections: readonly Section[] = [
  { name: "", many: false, meaning: "", settings: all.filter(([, part]) => !tableOf(part)).map(settingOf) },
  ...all.flatMap(([name, part]): Section[] => {
    const table = tableOf(part);
    if (table === undefined) return [];
    const meaning = metaOf(table).description ?? "";
    return [{ name, many: isMany(part), meaning, settings: Object.entries(table.shape).map(settingOf) }];
  }),
];

/** The schema of a setting, section or list item, without default and optionality; undefined: there is none. */
export function schemaAt(path: Path): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const key of path) {
    if (found instanceof z.ZodObject) found = found.shape[key] as Schema | undefined;
    else if (found instanceof z.ZodArray) found = found.element;
    else if (found instanceof z.ZodRecord) found = found.valueType;
    else return undefined;
    found = found && withoutDefault(found);
  }
  return found;
}

/** A value on one line of TOML. */
export function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const items = Object.entries(value).map(
    ([key, item]) => `${/^[\w-]+$/.test(key) ? key : toToml(key)} = ${toToml(item)}`,
  );
  return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
}

/** The range in words; zod bounds every whole number by the safe integers. */
export function rangeOf({ minValue, maxValue }: z.ZodNumber): string {
  return maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER
    ? `of ${minValue} or more`
    : `from ${minValue} to ${maxValue}`;
}

/** What a value must be ("a duration"), and how to write it in whole sentences. */
export function wordsFor(schema: Schema): { name: string; write: string } {
  const inner = withoutDefault(schema);
  const kind = kinds.get(inner);
  if (kind !== undefined) return kind;
  if (inner instanceof z.ZodNumber)
    return { name: "a whole number", write: `Write a whole number ${rangeOf(inner)}, without quotes.` };
  if (inner instanceof z.ZodBoolean) return { name: "a boolean", write: "Write true or false, without quotes." };
  if (inner instanceof z.ZodEnum)
    return { name: "one of the choices", write: `Write one of ${inner.options.map(toToml).join(", ")}.` };
  if (inner instanceof z.ZodArray && !tableOf(inner))
    return {
      name: "a list",
      write: `Write a list: ${toToml(kinds.get(withoutDefault(inner.element))?.examples ?? [])}.`,
    };
  if (inner instanceof z.ZodRecord)
    return {
      name: "a table",
      write: `Write names and their values: ${toToml({ sales: ["ann", "ben@example.com"] })}.`,
    };
  return { name: "a section", write: "Write its name in brackets, and its settings below." };
}
