import assert from "node:assert/strict";
import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makePrivateFolder } from "./place.ts";

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test("the folder is for its user only, also when it was there before", async (t) => {
  const dir = join(await tempDir(t), "lab");
  await makePrivateFolder(dir);
  assert.equal(await modeOf(dir), 0o700);
  await chmod(dir, 0o755);
  await makePrivateFolder(dir);
  assert.equal(await modeOf(dir), 0o700);
});

test("a symbolic link or a file in its place is refused, and left alone", async (t) => {
  const dir = await tempDir(t);
  const target = join(dir, "target");
  await mkdir(target);
  await chmod(target, 0o755);
  await symlink(target, join(dir, "link"));
  await assert.rejects(makePrivateFolder(join(dir, "link")), /link is not a folder of yours.*--data-dir/);
  assert.equal(await modeOf(target), 0o755);
  await writeFile(join(dir, "file"), "");
  await assert.rejects(makePrivateFolder(join(dir, "file")), /not a folder of yours/);
});

const isRoot = process.getuid?.() === 0;
test("another's folder is refused", { skip: !isRoot && "only root can give a folder away" }, async (t) => {
  const dir = join(await tempDir(t), "lab");
  await mkdir(dir);
  await chown(dir, 65_534, 65_534);
  await assert.rejects(makePrivateFolder(dir), /not a folder of yours/);
});
