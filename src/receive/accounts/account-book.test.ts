// The accounts file on a disk: changed by many at once, read while it changes, broken and mended.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import type { World } from "../../base/world.ts";
import type { Account } from "./account.ts";
import { AccountBook } from "./account-book.ts";
import { changeAccounts, readAccounts } from "./account-file.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "waybill-accounts-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Time stands still, and nobody waits. */
const restless: World = {
  now: () => 0,
  random: () => 0,
  sleep: () => new Promise((resolve) => void setImmediate(resolve)),
};

const account = (name: string): Account => ({ name, maySendAs: [], limits: {} });
const add = (path: string, name: string): Promise<void> =>
  changeAccounts(path, restless, (accounts) => [...accounts, account(name)]);
const namesIn = async (path: string): Promise<string[] | undefined> =>
  (await readAccounts(path))?.map(({ name }) => name);

test("the folder and the file come into being, for their owner's eyes only, and nothing else stays there", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "new", "accounts.json");
  assert.equal(await readAccounts(path), undefined);
  await add(path, "ann");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(dir, "new"))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(dir, "new")), ["accounts.json"]);
});

test("of changes at the same moment none is lost", async (t) => {
  const path = join(await folder(t), "accounts.json");
  const names = Array.from({ length: 8 }, (_, i) => `a${i}`);
  await Promise.all(names.map((name) => add(path, name)));
  assert.deepEqual((await namesIn(path))?.toSorted(), names.toSorted());
});

test("a change that fails changes nothing, and locks nobody out", async (t) => {
  const path = join(await folder(t), "accounts.json");
  await add(path, "ann");
  const before = await readFile(path, "utf8");
  const fault = new Error("no");
  await assert.rejects(
    changeAccounts(path, restless, () => {
      throw fault;
    }),
    fault,
  );
  await writeFile(path, "[");
  await assert.rejects(add(path, "ben"), /the accounts file .* is wrong: it is not JSON/);
  assert.equal(await readFile(path, "utf8"), "[", "a broken file is not written over");
  await writeFile(path, before);
  await add(path, "ben");
  assert.deepEqual(await namesIn(path), ["ann", "ben"]);
});

test("a link to the file stays a link", async (t) => {
  const dir = await folder(t);
  await add(join(dir, "real.json"), "ann");
  await symlink(join(dir, "real.json"), join(dir, "accounts.json"));
  await add(join(dir, "accounts.json"), "ben");
  assert.deepEqual(await namesIn(join(dir, "real.json")), ["ann", "ben"]);
});

test("a lock that nobody takes away is told of, by its name", async (t) => {
  const path = join(await folder(t), "accounts.json");
  await writeFile(`${path}.lock`, "");
  let time = 0;
  const hasty: World = { ...restless, now: () => time, sleep: async (ms) => void (time += ms) };
  await assert.rejects(
    changeAccounts(path, hasty, (accounts) => accounts),
    /accounts\.json\.lock is there/,
  );
  assert.ok(time >= 5_000 && time < 6_000);
  assert.deepEqual(await readdir(join(path, "..")), ["accounts.json.lock"]);
});

test(
  "who may not write is told who may",
  { skip: process.getuid?.() === 0 && "root may write everywhere" },
  async (t) => {
    const dir = await folder(t);
    await chmod(dir, 0o500);
    await assert.rejects(
      add(join(dir, "accounts.json"), "ann"),
      /cannot write .*run this as the user that Waybill runs as/,
    );
  },
);

test("a running server sees changes once a second, and keeps the last good state", async (t) => {
  const path = join(await folder(t), "accounts.json");
  const world = fakeWorld();
  const troubles: string[] = [];
  const book = await AccountBook.open({ path, world, onTrouble: (text) => troubles.push(text) });
  const isThere = async (name: string): Promise<boolean> => (await book.find(name)) !== undefined;
  assert.equal(await isThere("ann"), false);
  await add(path, "ann");
  assert.equal(await isThere("ann"), false, "not looked at again within a second");
  await world.advance(1_000);
  assert.equal(await isThere("ANN"), true);

  await writeFile(path, "[{]");
  for (let i = 0; i < 3; i += 1) {
    await world.advance(1_000);
    assert.equal(await isThere("ann"), true);
  }
  await rm(path);
  for (let i = 0; i < 3; i += 1) {
    await world.advance(1_000);
    assert.equal(await isThere("ann"), true);
  }
  assert.equal(troubles.length, 2, "each state is told of once");
  assert.match(troubles[0]!, /is not JSON .*; until then, the accounts stay as they were$/);
  assert.match(troubles[1]!, /is gone; put it back/);

  await add(path, "ben");
  await world.advance(1_000);
  assert.deepEqual([await isThere("ann"), await isThere("ben")], [false, true]);
});

test("without a good state there is no start", async (t) => {
  const path = join(await folder(t), "accounts.json");
  await writeFile(path, '[{"name": 7}]');
  const opening = AccountBook.open({ path, world: restless, onTrouble: assert.fail });
  await assert.rejects(opening, /the accounts file .*accounts\.json is wrong: account 1: name is missing, or not text/);
});
