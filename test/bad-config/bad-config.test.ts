// Each NAME.toml here is broken in one way, and NAME.expected is the exact message a person gets.
// Rewrite with: node test/bad-config/bad-config.test.ts --update
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";

process.chdir(import.meta.dirname); // names in the files start from here, and messages show names without a folder

for (const name of readdirSync(".").filter((name) => name.endsWith(".toml"))) {
  test(name, async () => {
    const loaded = await loadConfig(name);
    assert.equal(loaded.kind, "bad");
    const message = `${formatProblems(loaded.kind === "bad" ? loaded.problems : [])}\n`.replaceAll(
      process.cwd(),
      "FOLDER",
    );
    const expectedFile = name.replace(/toml$/, "expected");
    if (process.argv.includes("--update")) writeFileSync(expectedFile, message);
    assert.equal(message, readFileSync(expectedFile, "utf8"));
  });
}
