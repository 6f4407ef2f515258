// Opening a data directory that cannot be used: each error says what is wrong, where, and what to do.
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { databaseFile } from "../../src/storage/sqlite/database.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { dataDir } from "./data-dir.ts";
import { mail } from "./mail.ts";

test("a second store on the same folder is told who has it; the folder is free when the first has closed", async () => {
  const dir = await dataDir();
  {
    await using first = await openSqlite({ dir });
    await assert.rejects(openSqlite({ dir }), {
      message: `another Waybill (pid ${process.pid}) is using ${dir}: stop it first, or set another \`data_dir\``,
    });
    await first.keep(mail(1));
  }
  await using second = await openSqlite({ dir });
  assert.equal((await second.list({}, 10)).length, 1);
});

test("a folder that cannot be made", async () => {
  const dir = await dataDir();
  await writeFile(join(dir, "file"), "");
  await assert.rejects(
    openSqlite({ dir: join(dir, "file", "data") }),
    /^Error: cannot make the data directory .*file\/data/,
  );
});

const isRoot = process.getuid?.() === 0;
test("a folder that cannot be written", { skip: isRoot && "root may write anywhere" }, async () => {
  const dir = await dataDir();
  await chmod(dir, 0o500);
  await assert.rejects(openSqlite({ dir }), /cannot write the database .*queue\.db/);
});

test("a damaged database", async () => {
  const dir = await dataDir();
  await writeFile(
    databaseFile(dir),
    "this is no database, and longer than the header of one, which is 100 bytes".repeat(9),
  );
  await assert.rejects(openSqlite({ dir }), /queue\.db is damaged .*restore a backup/);
});

test("a database of a newer version", async () => {
  const dir = await dataDir();
  await (await openSqlite({ dir }))[Symbol.asyncDispose]();
  {
    using db = new DatabaseSync(databaseFile(dir));
    db.exec("PRAGMA user_version = 99");
  }
  await assert.rejects(openSqlite({ dir }), /queue\.db was written by a newer Waybill \(its version is 99/);
});

test("a folder that was refused is not left locked", async () => {
  const dir = await dataDir();
  await writeFile(databaseFile(dir), "damaged".repeat(100));
  await assert.rejects(openSqlite({ dir }), /damaged/);
  await writeFile(databaseFile(dir), "");
  await (await openSqlite({ dir }))[Symbol.asyncDispose]();
});

test("a closed store rejects, and closing twice is nothing", async () => {
  const store = await openSqlite({ dir: await dataDir() });
  const last = store.keep(mail(1));
  await store[Symbol.asyncDispose]();
  await last;
  await store[Symbol.asyncDispose]();
  await assert.rejects(store.keep(mail(2)), /the store is closed/);
  await assert.rejects(store.list({}, 1), /the store is closed/);
});
