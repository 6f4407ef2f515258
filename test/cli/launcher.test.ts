// bin/waybill as a program of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../bin/waybill", import.meta.url));

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test("runs the command, also through a link called sendmail", async (t) => {
  const dir = await tempDir(t);
  await symlink(launcher, join(dir, "sendmail"));
  const help = spawnSync(process.execPath, [launcher, "--help"], { encoding: "utf8" });
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: waybill /);
  const linked = spawnSync(process.execPath, [join(dir, "sendmail"), "-Z"], { encoding: "utf8" });
  assert.equal(linked.status, 64);
  assert.match(linked.stderr, /-Z is not an option of sendmail/);
});

/** Makes the runtime look old to the launcher. */
async function oldRuntime(dir: string): Promise<readonly string[]> {
  const disguise = join(dir, "old.cjs");
  const versions = `{ value: { ...process.versions, node: "20.1.0" } }`;
  const version = `{ value: "v20.1.0" }`;
  await writeFile(
    disguise,
    `Object.defineProperty(process, "versions", ${versions});\nObject.defineProperty(process, "version", ${version});\n`,
  );
  return ["--require", disguise];
}

test("on an old Node.js it goes on with the one that was installed along", async (t) => {
  const dir = await tempDir(t);
  const { status, stdout } = spawnSync(process.execPath, [...(await oldRuntime(dir)), launcher, "--help"], {
    encoding: "utf8",
  });
  assert.equal(status, 0);
  assert.match(stdout, /^Usage: waybill /);
});

test("the exit code comes through, and without a new Node.js there are words", async (t) => {
  const dir = await tempDir(t);
  const old = await oldRuntime(dir);
  const wrong = spawnSync(process.execPath, [...old, launcher, "queue", "drop"], { encoding: "utf8" });
  assert.equal(wrong.status, 64);
  await cp(launcher, join(dir, "waybill.mjs"));
  const alone = spawnSync(process.execPath, [...old, join(dir, "waybill.mjs")], { encoding: "utf8" });
  assert.equal(alone.status, 69);
  assert.match(alone.stderr, /Waybill needs Node\.js 24 or newer; this is v20\.1\.0\. Run "npm ci"/);
});

test("in a checkout the build runs, unless a source is newer; where only the build is, the build", async (t) => {
  const dir = await tempDir(t);
  for (const folder of ["bin", "src/cli", "src/mail", "dist/cli"]) await mkdir(join(dir, folder), { recursive: true });
  await cp(launcher, join(dir, "bin", "waybill"));
  await writeFile(join(dir, "package.json"), `{ "type": "module" }`);
  const program = (name: string): string => `export const runProgram = () => console.log("${name}");`;
  const [source, other] = [join(dir, "src/cli/waybill.ts"), join(dir, "src/mail/address.ts")];
  const build = join(dir, "dist/cli/waybill.js");
  await writeFile(source, program("sources"));
  await writeFile(other, "");
  const ran = (): string => spawnSync(process.execPath, [join(dir, "bin", "waybill")], { encoding: "utf8" }).stdout;
  assert.equal(ran(), "sources\n", "nothing is built");
  await writeFile(build, program("build"));
  for (const file of [source, other]) await utimes(file, 1_000, 1_000);
  await utimes(build, 2_000, 2_000);
  assert.equal(ran(), "build\n");
  await utimes(other, 3_000, 3_000);
  assert.equal(ran(), "sources\n", "a source has changed");
  await rm(join(dir, "src"), { recursive: true });
  assert.equal(ran(), "build\n");
});
