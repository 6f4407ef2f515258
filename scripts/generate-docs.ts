// Writes docs/config.md, docs/waybill.schema.json and docs/waybill.example.toml from src/config/schema.ts, docs/rfc.md, and
// docs/codes.md and docs/causes/ from what the explanations know.
// `--check` writes nothing, and exits with 1 when a file is stale.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { kinds } from "../src/config/kind.ts";
import { schema } from "../src/config/schema.ts";
import type { Section, Setting } from "../src/config/settings.ts";
import { causePages } from "./cause-pages.ts";
import { codePage } from "./code-page.ts";
import { rfcPage } from "./rfc-list.ts";
import { asWritten, examplesOf, rangeOf, sections, toToml, withoutDefault } from "../src/config/settings.ts";

const docs = join(import.meta.dirname, "..", "docs");

const headerOf = ({ name, many }: Section): string => (many ? `[[${name}]]` : `[${name}]`);

/** What may be written, in a few words. */
function typeOf(type: z.core.$ZodType): string {
  const inner = withoutDefault(type);
  if (inner instanceof z.ZodNumber) return `whole number ${rangeOf(inner)}`;
  if (inner instanceof z.ZodBoolean) return "`true` or `false`";
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${toToml(option)}\``).join(", ");
  if (inner instanceof z.ZodArray)
    return `list of ${typeOf(inner.element).replace(/s?$/, (end) => `${end}${end && "e"}s`)}`;
  if (inner instanceof z.ZodRecord) return `table: ${typeOf(inner.keyType)} → ${typeOf(inner.valueType)}`;
  return (kinds.get(inner)?.name ?? "text").replace(/^an? /, "");
}

const manualHead = `# Configuration

This page is generated from \`src/config/schema.ts\` by \`node scripts/generate-docs.ts\`.

Waybill reads the file that \`--config\` names, or \`waybill.toml\` in the working directory. Without one, all settings
have their defaults. \`waybill config check\` names every mistake in it with its line and what to do.

The format is [TOML](https://toml.io): \`key = value\`, one setting per line; \`#\` begins a remark; \`[name]\` begins a
section, and \`[[name]]\` begins one more section of a kind of which there may be many. Settings without a section stand
above all sections. [waybill.example.toml](waybill.example.toml) lists every setting, ready to be changed;
[waybill.schema.json](waybill.schema.json) lets an editor complete and check the file.

| Value | Written as |
|---|---|
| text, names, addresses | in quotes: \`"mail.example.org"\` |
| duration | number and unit, \`ms\`, \`s\`, \`m\` (minutes), \`h\` or \`d\`, in quotes: \`"90s"\`, \`"5m"\`, \`"1.5h"\` |
| size | number and unit, \`B\`, \`KB\` (1,024 bytes), \`MB\` or \`GB\`, in quotes: \`"512KB"\`; or a number of bytes |
| network | IP address, or network in CIDR notation: \`"192.0.2.7"\`, \`"10.0.0.0/8"\`, \`"2001:db8::/32"\` |
| list | in brackets: \`["1m", "5m"]\` |
| file, folder | a name that does not begin with \`/\` starts from the working directory of the server |`;

/** docs/config.md */
function manual(): string {
  const parts = sections.map((section) =>
    [
      section.name === "" ? "## Settings without a section" : `## \`${headerOf(section)}\``,
      ...(section.meaning === "" ? [] : [section.meaning]),
      ["| Key | Type | Default | Meaning |", "|---|---|---|---|", ...section.settings.map(manualRow)].join("\n"),
    ].join("\n\n"),
  );
  return `${[manualHead, ...parts].join("\n\n")}\n`;
}

function manualRow(setting: Setting): string {
  const none = setting.required ? "required" : "none";
  const byDefault = setting.default === undefined ? none : `\`${toToml(setting.default)}\``;
  const cells = [`\`${setting.key}\``, typeOf(setting.schema), byDefault, setting.meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** docs/waybill.schema.json: of the file as people write it. */
function jsonSchema(): string {
  const described = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const kind = kinds.get(zodSchema);
      if (kind !== undefined) {
        for (const key of ["type", "anyOf", "pattern", "format"] as const) delete jsonSchema[key];
        Object.assign(jsonSchema, kind.json ?? { type: "string" }, { examples: examplesOf(zodSchema) });
      }
      if (zodSchema instanceof z.ZodPrefault) delete jsonSchema.default;
      if (zodSchema instanceof z.ZodDefault) jsonSchema.default = asWritten(zodSchema, zodSchema.def.defaultValue);
    },
  });
  const { $schema, ...rest } = described;
  return `${JSON.stringify({ $schema, title: "Waybill configuration: waybill.toml", ...rest }, undefined, 2)}\n`;
}

const exampleHead = `#:schema ./waybill.schema.json
# Every setting of Waybill, with its default where it has one. To change a setting, copy this file to waybill.toml and
# delete the # before the setting; before [[name]], too. docs/config.md says how values are written.
`;

/** docs/waybill.example.toml: means the same as an empty file. */
const example = (): string => [exampleHead, ...sections.map(exampleSection)].join("\n");

function exampleSection(section: Section): string {
  const { name, many, meaning, settings } = section;
  const head = name === "" ? [] : [`# ---- ${name} ----`, ...remark(meaning), `${many ? "#" : ""}${headerOf(section)}`];
  return [head, ...settings.map((setting) => exampleSetting(name, setting))]
    .map((part) => `${part.join("\n")}\n`)
    .join("\n")
    .trimStart();
}

function exampleSetting(section: string, setting: Setting): string[] {
  const listen = asWritten(schema.shape.listen, schema.parse({}).listen) as Readonly<Record<string, unknown>>[];
  const inList = section === "listen" ? listen[0]?.[setting.key] : undefined;
  const value = inList ?? setting.default ?? setting.examples[0];
  const status = setting.required ? " Required." : setting.default === undefined ? " No default." : "";
  return [...remark(`${setting.meaning}${status}`), `#${setting.key} = ${toToml(value)}`];
}

const remark = (text: string): string[] => (text.match(/.{1,117}(?: |$)/g) ?? []).map((line) => `# ${line.trimEnd()}`);

/** Name in docs/ → text. */
export const generated: ReadonlyMap<string, string> = new Map([
  ["config.md", manual()],
  ["waybill.schema.json", jsonSchema()],
  ["waybill.example.toml", example()],
  ["rfc.md", rfcPage()],
  ["codes.md", codePage()],
  ...causePages(),
]);

function read(name: string): string | undefined {
  try {
    return readFileSync(join(docs, name), "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const stale = [...generated].filter(([name, text]) => read(name) !== text);
  if (process.argv.includes("--check")) {
    for (const [name] of stale) console.error(`docs/${name} is stale: run node scripts/generate-docs.ts`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [name, text] of stale) {
      mkdirSync(dirname(join(docs, name)), { recursive: true });
      writeFileSync(join(docs, name), text);
    }
  }
}
