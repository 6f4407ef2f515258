// Looking at a store from outside, while a server has it open or not: what is whole, damaged, gone or forgotten is told.
import assert from "node:assert/strict";
import { mkdir, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test, type TestContext } from "node:test";
import { databaseFile } from "../../src/storage/sqlite/database.ts";
import { inspectSqlite, verifySqlite } from "../../src/storage/sqlite/inspect.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { inspectPostgres } from "../../src/storage/postgres/inspect.ts";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { dataDir } from "./data-dir.ts";
import { bob, compose, content, dan, mail } from "./mail.ts";
import { query, startPostgres } from "./postgres-server.ts";

const { signal } = new AbortController();
const look = (dir: string) => inspectSqlite(dir, signal);

/** A store with three deliveries of two messages, one of them with a file; closed, so that all is in the database. */
async function filled(): Promise<string> {
  const dir = await dataDir();
  await using store = await openSqlite({ dir, largeBytes: 1_000 });
  await store.keep(mail(1, { to: [bob, dan] }));
  await store.keep(mail(2, { body: await compose(store, content(50_000)) }));
  return dir;
}

test("a whole store is seen as it is, and stays as it was", async () => {
  const dir = await filled();
  const before = (await stat(databaseFile(dir))).mtimeMs;
  const seen = await look(dir);
  assert.ok(seen.kind === "there", JSON.stringify(seen));
  assert.deepEqual(
    { ...seen, version: 0, known: 0 },
    { kind: "there", place: dir, version: 0, known: 0, waiting: 3, forgotten: 0, lost: [], aside: [], faults: [] },
  );
  assert.equal(seen.version, seen.known);
  assert.deepEqual(await verifySqlite(dir, signal), []);
  assert.equal((await stat(databaseFile(dir))).mtimeMs, before);
});

test("beside a running server: neither is in the way of the other", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1));
  await store.list({}, 1); // from here on the database has it
  const [seen] = await Promise.all([look(dir), store.keep(mail(2))]);
  assert.ok(seen.kind === "there" && seen.waiting >= 1 && seen.forgotten === 0, JSON.stringify(seen));
  assert.deepEqual(await verifySqlite(dir, signal), []);
});

test("no store yet; a file that is no database; a newer one", async () => {
  const dir = await dataDir();
  assert.equal((await look(dir)).kind, "none");
  assert.equal((await look(join(dir, "gone"))).kind, "none");
  await writeFile(databaseFile(dir), "this is no database at all".repeat(99));
  const seen = await look(dir);
  assert.ok(seen.kind === "unreachable" && /is damaged/.test(seen.text), JSON.stringify(seen));
  const newer = await filled();
  {
    using db = new DatabaseSync(databaseFile(newer));
    db.exec("PRAGMA user_version = 99");
  }
  const other = await look(newer);
  assert.ok(other.kind === "there" && other.version === 99 && other.known < 99, JSON.stringify(other));
});

const breaks: readonly [string, (dir: string) => Promise<void>, object][] = [
  [
    "a lane that is gone: its deliveries would wait for ever",
    async (dir) => {
      using db = new DatabaseSync(databaseFile(dir));
      db.exec("DELETE FROM lane WHERE domain = 'one.example'");
    },
    { forgotten: 2 },
  ],
  [
    "a lane that is looked at too late",
    async (dir) => {
      using db = new DatabaseSync(databaseFile(dir));
      db.exec("UPDATE lane SET next_due = 9000000000000 WHERE domain = 'two.example'");
    },
    { forgotten: 1 },
  ],
  ["content that somebody has removed", (dir) => rm(join(dir, "bodies"), { recursive: true }), { lost: ["q00002"] }],
  [
    "a record that was put aside",
    async (dir) => {
      await mkdir(join(dir, "aside"));
      await writeFile(join(dir, "aside", "one"), "");
    },
    { aside: 1 },
  ],
  [
    "a segment of the spool that is a folder",
    async (dir) => {
      const segment = (await readdir(join(dir, "spool"))).find((name) => name.endsWith(".spool"));
      await rm(join(dir, "spool", segment!));
      await mkdir(join(dir, "spool", segment!));
    },
    { faults: 1 },
  ],
];

for (const [what, change, finds] of breaks)
  test(what, async () => {
    const dir = await filled();
    await change(dir);
    const seen = await look(dir);
    assert.ok(seen.kind === "there", JSON.stringify(seen));
    const { forgotten, lost, aside, faults } = seen;
    const none = { forgotten: 0, lost: [], aside: 0, faults: 0 };
    assert.deepEqual({ forgotten, lost, aside: aside.length, faults: faults.length }, { ...none, ...finds });
  });

test("pages of the database that were overwritten", async () => {
  const dir = await filled();
  const file = await open(databaseFile(dir), "r+");
  const { size } = await file.stat();
  await file.write(Buffer.alloc(size - 8_192, 0xa5), 0, size - 8_192, 8_192);
  await file.close();
  assert.ok((await verifySqlite(dir, signal)).length > 0);
});

test("a database that is cut off", async () => {
  const dir = await filled();
  await truncate(databaseFile(dir), 12_288);
  assert.ok((await verifySqlite(dir, signal)).length > 0);
});

const server = await startPostgres();
const skip = "skip" in server && server.skip;
if (!("skip" in server)) after(() => server[Symbol.asyncDispose]());

test("postgres: none yet, ours, an older one, none there", { skip }, async (t: TestContext) => {
  if ("skip" in server) return t.skip();
  const url = await server.newDatabase();
  assert.equal((await inspectPostgres(url)).kind, "none");
  {
    await using store = await openPostgres({ url, dir: await dataDir() });
    await store.keep(mail(1, { to: [bob, dan] }));
  }
  const seen = await inspectPostgres(url);
  assert.ok(seen.kind === "there" && seen.waiting === 2 && seen.version === seen.known, JSON.stringify(seen));
  await query(url, "UPDATE waybill.schema_version SET version = 1");
  const older = await inspectPostgres(url);
  assert.ok(older.kind === "there" && older.version === 1);
  const gone = await inspectPostgres("postgres://x:secret@127.0.0.1:9/none");
  assert.ok(gone.kind === "unreachable" && /cannot reach PostgreSQL/.test(gone.text) && !gone.text.includes("secret"));
});
