// bin/waybill as a program of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
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
