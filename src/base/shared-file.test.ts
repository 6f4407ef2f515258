import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lockFile, lockLimits, replaceFile } from "./shared-file.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "waybill-shared-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Waiting takes no time, and ends. */
function hurried(): { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> } {
  let time = 0;
  return { now: () => time, sleep: async (ms) => void (time += ms) };
}

test("a lock is one's alone; who has waited for long enough is told", async (t) => {
  const path = join(await folder(t), "a.lock");
  {
    await using held = await lockFile(path, { world: hurried(), waitMs: 0 });
    assert.notEqual(held, undefined);
    assert.equal(await lockFile(path, { world: hurried(), waitMs: 1_000 }), undefined);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }
  await using next = await lockFile(path, { world: hurried(), waitMs: 0 });
  assert.notEqual(next, undefined);
});

test("the lock of one who was killed is taken over after a while", async (t) => {
  const path = join(await folder(t), "a.lock");
  await writeFile(path, "");
  const before = (Date.now() - lockLimits.staleMs) / 1_000;
  await utimes(path, before + 5, before + 5);
  assert.equal(await lockFile(path, { world: hurried(), waitMs: 100 }), undefined);
  await utimes(path, before - 1, before - 1);
  await using held = await lockFile(path, { world: hurried(), waitMs: 100 });
  assert.notEqual(held, undefined);
});

test("a file is replaced as a whole or stays as it was", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "a.json");
  await writeFile(path, "old");
  const failing = replaceFile(path, "new", async (fresh) => {
    assert.equal(await readFile(fresh, "utf8"), "new");
    assert.equal(await readFile(path, "utf8"), "old");
    throw new Error("no");
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await readFile(path, "utf8"), "old");
  await replaceFile(path, "newer", async () => {});
  assert.equal(await readFile(path, "utf8"), "newer");
  assert.deepEqual(await readdir(dir), ["a.json"]);
});
