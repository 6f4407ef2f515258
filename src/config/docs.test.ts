// The generated documents are fresh, and say what the schema says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { generated } from "../../scripts/generate-docs.ts";
import { causeNames } from "../explain/knowledge/causes.ts";
import { parseConfig } from "./load.ts";
import { schema } from "./schema.ts";
import { sections } from "./settings.ts";

const defaults = schema.parse({});
const example = generated.get("waybill.example.toml") ?? "";

test("docs/ is fresh", async () => {
  const root = join(import.meta.dirname, "../..");
  await promisify(execFile)(process.execPath, ["scripts/generate-docs.ts", "--check"], { cwd: root });
});

test("docs/causes/ has a page for each cause, and no other", () => {
  const there = readdirSync(join(import.meta.dirname, "../../docs/causes")).map((name) => `causes/${name}`);
  const ours = [...generated.keys()].filter((name) => name.startsWith("causes/"));
  assert.deepEqual(there.toSorted(), ours.toSorted());
  for (const cause of causeNames)
    assert.match(generated.get(`causes/${cause}.md`) ?? "", /## What the sender can do/, cause);
});

test("no page leads to one that is not there", () => {
  for (const [name, text] of [...generated].filter(([name]) => name.endsWith(".md")))
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      assert.ok(existsSync(join(import.meta.dirname, "../../docs", dirname(name), target!)), `${name}: ${target}`);
});

test("the example means the same as an empty file", () => {
  assert.deepEqual(parseConfig(example, "waybill.example.toml"), { kind: "ok", config: defaults });
});

test("the example with every # taken away is a good config, and its defaults are the defaults", () => {
  const all = example.replaceAll(/^#(?=[\w[])/gm, "").replaceAll(/^(?:password|url|url_file) = .*/gm, "");
  const parsed = parseConfig(all, "waybill.example.toml");
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  const { listen, receive, retry, relay, storage, history } = defaults;
  const { config } = parsed;
  assert.deepEqual(
    { listen, receive, retry, relay, storage, history },
    {
      listen: config.listen,
      receive: config.receive,
      retry: config.retry,
      relay: config.relay,
      storage: config.storage,
      history: config.history,
    },
  );
  assert.equal(config.domain.length + config.route.length, 2);
});

test("every setting has a meaning, and stands in all three documents", () => {
  const raw = parse(example.replaceAll(/^#(?=[\w[])/gm, "")) as Record<string, unknown>;
  const json = JSON.parse(generated.get("waybill.schema.json") ?? "");
  for (const { name, many, settings } of sections) {
    const section = name === "" ? raw : many ? (raw[name] as unknown[])[0] : raw[name];
    const described = name === "" ? json : many ? json.properties[name].items : json.properties[name];
    for (const { key, meaning } of settings) {
      assert.match(meaning, /^\S.{9,}\.$|^Sessions at once\.$/, `${name}.${key}`);
      assert.ok(key in (section as object), `${name}.${key} in the example`);
      assert.equal(described.properties[key].description, meaning);
      assert.ok(generated.get("config.md")?.includes(`| \`${key}\` |`), `${name}.${key} in the manual`);
    }
  }
});

test("the JSON Schema has defaults as people write them", () => {
  const { properties } = JSON.parse(generated.get("waybill.schema.json") ?? "");
  assert.equal(properties.receive.properties.command_timeout.default, "5m");
  assert.deepEqual(properties.listen.default, [{ address: "127.0.0.1:2525", tls: "starttls", for: "relay" }]);
  assert.deepEqual(properties.domain.items.required, ["name", "deliver"]);
  assert.equal(properties.retry.required, undefined);
});
