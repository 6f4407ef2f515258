// How `waybill start` ends when it cannot start: one code for a wrong configuration, and words instead of a stack trace.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/main.ts";

const table: readonly [what: string, settings: string, exitCode: number, words: RegExp][] = [
  [
    "a key file without a key",
    '[[dkim]]\ndomain = "example.org"\nkey_files = { a = "FOLDER/no-key.txt" }',
    78,
    /^\S+waybill\.toml:\d+: dkim\[0\]\.key_files\.a: "\S+no-key\.txt" is not an unencrypted private key .*Name a PEM file/,
  ],
  [
    "a module that does not load",
    '[hooks]\nmodules = ["FOLDER/broken.mjs"]',
    78,
    /^waybill: hooks\.modules: "\S+broken\.mjs": it cannot be loaded \(Error: no database\)\. Mend it/,
  ],
  ["a key folder that is damaged", "", 71, /^waybill: \S+keys\.json is damaged; restore it/],
  ["an address of another machine", "", 71, /^waybill: .*192\.0\.2\.1/],
];

for (const [what, settings, exitCode, words] of table)
  test(`${what}: ${exitCode}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "waybill-start-"));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "no-key.txt"), "hello\n");
    await writeFile(join(folder, "broken.mjs"), 'throw new Error("no database");\n');
    if (what.includes("folder")) {
      await mkdir(join(folder, "dkim", "example.org"), { recursive: true });
      await writeFile(join(folder, "dkim", "example.org", "keys.json"), "{");
    }
    const configFile = join(folder, "waybill.toml");
    const own = `hostname = "mx.example.org"\ndata_dir = "${folder}"\n`;
    const rest = `[storage]\ndriver = "memory"\n[log]\nfile = "${folder}/log"\n[[listen]]\naddress = "${what.includes("address") ? "192.0.2.1" : "127.0.0.1"}:0"\n`;
    await writeFile(configFile, `${own}${rest}${settings.replaceAll("FOLDER", folder)}\n`);
    const said = t.mock.method(console, "error", () => {});
    assert.equal(await run({ configFile }), exitCode);
    const text = said.mock.calls.map(({ arguments: [line] }) => String(line)).join("\n");
    assert.match(text, words);
    const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
    for (const place of [text, log]) assert.doesNotMatch(place, /\n? +at .*:\d+:\d+/, "no stack trace");
  });
