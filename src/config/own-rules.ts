// An operator's own rules on what replies mean: the files that [explain] names.
import { readFile } from "node:fs/promises";
import type { RuleFile } from "../explain/knowledge/knowledge.ts";
import { parseRuleFile } from "../explain/knowledge/parse-rule-file.ts";

/** By file name. Rejects with a line for each mistake in them, or with why a file cannot be read. */
export async function readOwnRules(names: readonly string[]): Promise<Record<string, RuleFile>> {
  const files = await Promise.all(
    names.map(async (name) => [name, parseRuleFile(await readFile(name, "utf8"), name)] as const),
  );
  return Object.fromEntries(files);
}
