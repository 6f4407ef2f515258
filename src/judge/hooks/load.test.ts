import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { createJudge } from "../judge.ts";
import { hookLimits } from "./guard.ts";
import { loadHooks } from "./load.ts";

let folder = "";
before(async () => void (folder = await mkdtemp(join(tmpdir(), "waybill-hooks-"))));
after(() => rm(folder, { recursive: true }));

let files = 0;

/** A module with this text; modules are loaded once, so each has a name of its own. */
async function moduleOf(text: string, ending = "mjs"): Promise<string> {
  const path = join(folder, `hooks-${(files += 1)}.${ending}`);
  await writeFile(path, text);
  return path;
}

const load = (paths: readonly string[], world = fakeWorld()) =>
  loadHooks(paths, { world, onFault: (text) => assert.fail(text) });

/** What is wrong with such modules, without the folder's name. */
async function mistakes(...texts: string[]): Promise<string> {
  const paths = await Promise.all(texts.map((text) => moduleOf(text)));
  const names = paths.map((path, i) => [path, `MODULE${i}`] as const);
  const error = await load(paths).then(
    () => assert.fail("they were loaded"),
    (error: Error) => error,
  );
  return names.reduce((message, [path, name]) => message.replaceAll(path, name), error.message);
}

const good = (name: string, phase = "connect"): string =>
  `{ name: "${name}", phase: "${phase}", judge() { return { kind: "nothing" }; } }`;

const table: readonly [string, RegExp][] = [
  [
    "export const checks = [",
    /^hooks\.modules: "MODULE0": it cannot be loaded \(SyntaxError: .*\)\. Mend it; `node MODULE0` shows the place\.$/,
  ],
  ['throw new Error("no database");', /it cannot be loaded \(Error: no database\)/],
  ["throw null;", /it cannot be loaded \(it threw null\)/],
  ["", /it exports nothing\. Write: export const checks = \[\{ name: /],
  [
    "export const check = []; export default 1;",
    /it exports "check", "default", but not "checks"\. Write: export const checks/,
  ],
  ["export const checks = () => [];", /: checks is a function\. Write a list: export const checks = \[/],
  ["export const checks = [null];", /: checks\[0\] is null\. /],
  [
    `export const checks = [${good("a")}, { phase: "connect", judge() {} }];`,
    /checks\[1\]\.name is missing\. Write a text: name: "my-check"\.$/,
  ],
  [
    `export const checks = [${good("My check")}];`,
    /checks\[0\]\.name is "My check"\. Write lower-case letters, digits and hyphens/,
  ],
  [
    `export const checks = [${good("a", "data")}];`,
    /checks\[0\]\.phase is "data"\. Write one of "connect", "mail", "rcpt", "content"\./,
  ],
  [
    'export const checks = [{ name: "a", phase: "mail" }];',
    /checks\[0\]\.judge is missing\. Write a function: judge\(facts\)/,
  ],
  [
    'export const checks = [{ name: "a", phase: "mail", judge: "no" }];',
    /checks\[0\]\.judge is "no"\. Write a function/,
  ],
  [
    `export const checks = [${good("a")}, ${good("b")}, ${good("a")}];`,
    /checks\[0\] of "MODULE0" and checks\[2\] of "MODULE0" have the same name, "a"\. Give each/,
  ],
];
for (const [text, message] of table)
  test(`a mistake is told of: ${text || "an empty file"}`, async () => assert.match(await mistakes(text), message));

test("all mistakes of all modules are told of, a line for each", async () => {
  const lines = (await mistakes("export const checks = [{ name: 1, phase: 2 }];", "export const x = 1;")).split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[3]!, /^hooks\.modules: "MODULE1": it exports "x", but not "checks"/);
});

test("a module that is not there, or in a TypeScript that cannot be erased", async () => {
  await assert.rejects(load([join(folder, "none.js")]), /none\.js": it cannot be loaded \(Error: Cannot find module/);
  const typed = await moduleOf("enum A { B }\nexport const checks = [];", "mts");
  await assert.rejects(load([typed]), /enum is not supported.*types can be erased/);
});

test("a module that waits for ever is not waited for", async () => {
  const world = fakeWorld();
  const loading = load(
    [await moduleOf("await new Promise((resolve) => setTimeout(resolve, 1e9).unref()); export const checks = [];")],
    world,
  );
  const rejected = assert.rejects(loading, /it was not ready within 30 s\. What it awaits at its top level/);
  await world.advance(hookLimits.loadMs);
  await rejected;
});

test("checks of several modules judge in the order of the config, in TypeScript and as classes too", async () => {
  const typed = await moduleOf(
    `type Mark = { kind: "mark"; check: string; because: string };
     export const checks = [{ name: "typed", phase: "mail", judge: async (): Promise<Mark> => ({ kind: "mark", check: "", because: "one" }) }];`,
    "mts",
  );
  const withThis = await moduleOf(`class Counting {
    name = "counting"; phase = "mail"; #asked = 0;
    judge({ client }) { return { kind: "mark", check: "relay", because: client.address + " " + (this.#asked += 1) }; }
  }
  export const checks = [new Counting()];`);
  const world = fakeWorld();
  const judge = createJudge(await load([typed, withThis], world), world);
  const facts = { client: { address: "192.0.2.1", port: 1, protocol: "ESMTP" }, trusted: false } as const;
  const marks = [
    { kind: "mark", check: "hook:typed", because: "one" },
    { kind: "mark", check: "hook:counting", because: "192.0.2.1 1" },
  ];
  assert.deepEqual((await judge.judge("mail", facts)).findings, marks);
  assert.deepEqual(await judge.judge("rcpt", facts), { findings: [] });
});

test("no module, no check", async () => assert.deepEqual(await load([]), []));
