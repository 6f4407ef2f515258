// Body files of the SQLite driver: what remains, what goes, and how much memory a large body costs.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { bodyTopBytes, NotKept, StoreFull } from "../../src/queue/store.ts";
import { databaseFile } from "../../src/storage/sqlite/database.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyFiles, crashed, dataDir } from "./data-dir.ts";
import { bob, bytesOf, claim, compose, content, dan, done, mail, queueId, readBody } from "./mail.ts";

const large = content(400_000);

test("a large body is a file until its last delivery is done or dropped; a small one never is", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1, { to: [bob, dan], body: await compose(store, large) }));
  await store.keep(mail(2, { body: await compose(store, large) }));
  await store.keep(mail(3, { body: await compose(store, large.subarray(0, 100_000)) }));
  assert.equal((await bodyFiles(dir)).length, 2);
  const [one, two] = await claim(store);
  await store.settle([done(one!.deliveryId)], [], []);
  await store.count({}); // the database catches up
  assert.equal((await bodyFiles(dir)).length, 2);
  await store.settle([done(two!.deliveryId)], [], []);
  await store.count({});
  assert.equal((await bodyFiles(dir)).length, 1);
  await store.change({ queueId: queueId(2) }, "drop", 5);
  assert.equal((await bodyFiles(dir)).length, 0);
});

test("a notice about deliveries that were dropped meanwhile leaves no file", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1));
  const [delivery] = await claim(store);
  await store.change({}, "drop", 5);
  await store.settle([done(delivery!.deliveryId)], [], [mail(2, { body: large })]);
  assert.deepEqual(await bodyFiles(dir), []);
});

test("a body larger than the memory for it, but not large, is whole", async () => {
  await using store = await openSqlite({ dir: await dataDir(), largeBytes: 1024 ** 2 });
  await store.keep(mail(1, { body: await compose(store, content(500_000)) }));
  assert.ok((await readBody(store, queueId(1))).equals(content(500_000)));
});

test("a discarded body leaves no file, before finish or after", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const [unfinished, finished] = [store.compose(), store.compose()];
  await unfinished.write(large);
  await finished.write(large);
  await finished.finish();
  assert.equal((await bodyFiles(dir)).length, 2);
  await Promise.all([unfinished.discard(), finished.discard()]);
  assert.equal((await bodyFiles(dir)).length, 0);
});

test("a body in the database survives a restart, and is read from there", async () => {
  const dir = await dataDir();
  {
    await using store = await openSqlite({ dir });
    await store.keep(mail(1, { body: content(50_000) }));
  }
  await using store = await openSqlite({ dir });
  assert.ok((await readBody(store, queueId(1))).equals(content(50_000)));
});

test("what was kept a moment ago is not read after it has gone", async () => {
  await using store = await openSqlite({ dir: await dataDir() });
  await store.keep(mail(1, { to: [bob, dan] }));
  await store.keep(mail(2));
  const [one, two] = await claim(store);
  await store.settle([done(one!.deliveryId), done(two!.deliveryId)], [], []);
  await store.count({});
  await assert.rejects(store.read(queueId(1)), NotKept);
  await store.change({}, "drop", 5);
  await assert.rejects(store.read(queueId(2)), NotKept);
});

test("a body that is being read is read to its end, though its message goes", async () => {
  await using store = await openSqlite({ dir: await dataDir() });
  await store.keep(mail(1, { body: await compose(store, large) }));
  const body = (await store.read(queueId(1)))[Symbol.asyncIterator]();
  const first = await body.next();
  await store.change({}, "drop", 5);
  const rest = await bytesOf({ [Symbol.asyncIterator]: () => body });
  assert.ok(Buffer.concat([first.value as Uint8Array, rest]).equals(large));
});

test("recover removes leftover files, but none of a message and none that is being composed", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1, { body: await compose(store, large) }));
  const writer = store.compose();
  await writer.write(large);
  const finished = await compose(store, large);
  await mkdir(join(dir, "bodies", "zz"), { recursive: true });
  await writeFile(join(dir, "bodies", "zz", "left-over"), "half a mess");
  await store.recover("worker");
  assert.ok(!(await bodyFiles(dir)).includes("left-over"));
  assert.equal((await bodyFiles(dir)).length, 3);
  await store.keep(mail(2, { body: await writer.finish() }));
  await store.keep(mail(3, { body: finished }));
  await store.recover("worker");
  for (const n of [1, 2, 3]) assert.ok((await readBody(store, queueId(n))).equals(large));
});

/** While `body` runs, files get their names from `renamed`. */
async function withRename(t: TestContext, renamed: typeof rename, body: () => Promise<void>): Promise<void> {
  const mocked = t.mock.method(fs, "rename", renamed);
  syncBuiltinESMExports();
  try {
    await body();
    assert.equal(mocked.mock.callCount(), 1);
  } finally {
    mocked.mock.restore();
    syncBuiltinESMExports();
  }
}

test("a process that dies while fields are put on top of a large body leaves nothing; one that dies later, all of it", async (t) => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const top = content(3_000);
  const crashes: string[] = [];
  const [original, crash] = [fs.rename, async () => crashes.push(await crashed(dir))];
  const observed: typeof rename = async (...names) => {
    await crash(); // the top was written
    await original(...names);
    await crash();
  };
  await withRename(t, observed, async () => {
    const body = await compose(store, large, top);
    await crash();
    await store.keep(mail(1, { body }));
  });
  for (const copy of crashes) {
    await using found = await openSqlite({ dir: copy });
    assert.equal((await bodyFiles(copy)).length, 1);
    await found.recover("worker");
    assert.deepEqual([await bodyFiles(copy), await found.list({}, 1)], [[], []]);
  }
  assert.equal(crashes.length, 3);
  const later = await crashed(dir);
  await using found = await openSqlite({ dir: later });
  await found.recover("worker");
  assert.ok((await readBody(found, queueId(1))).equals(Buffer.concat([top, large])));
});

test("a top that cannot be put on its body is a fault, and leaves no file", async (t) => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const failing = async () => Promise.reject(Object.assign(new Error("no room"), { code: "ENOSPC" }));
  await withRename(t, failing, async () => {
    await assert.rejects(compose(store, large, content(9)), StoreFull);
  });
  await assert.rejects(compose(store, large, content(bodyTopBytes + 1)), RangeError);
  assert.deepEqual(await bodyFiles(dir), []);
});

test("recover leaves a file that gets its name at that moment", async (t) => {
  await using store = await openSqlite({ dir: await dataDir() });
  const original = fs.rename;
  const observed: typeof rename = async (...names) => {
    await store.recover("worker");
    await original(...names);
    await store.recover("worker");
  };
  await withRename(t, observed, async () => {
    await store.keep(mail(1, { body: await compose(store, large, content(9)) }));
  });
  assert.equal((await readBody(store, queueId(1))).length, large.length + 9);
});

test("the room in front of a body takes no space on the disk", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1, { body: await compose(store, large) }));
  const [file] = await bodyFiles(dir);
  const { size, blocks } = await stat(join(dir, "bodies", file!.slice(0, 2), file!));
  assert.equal(size, bodyTopBytes + large.length);
  assert.ok(blocks * 512 < size - bodyTopBytes / 2, `${blocks} blocks`);
});

test("a body file of an older store, which begins with its body, is read and removed", async () => {
  const dir = await dataDir();
  {
    await using store = await openSqlite({ dir });
    await store.keep(mail(1, { body: await compose(store, large) }));
  }
  const [file] = await bodyFiles(dir);
  const folder = file!.slice(0, 2);
  const old = file!.split("+")[0]!;
  await rename(join(dir, "bodies", folder, file!), join(dir, "bodies", folder, old));
  await writeFile(join(dir, "bodies", folder, old), large);
  {
    using db = new DatabaseSync(databaseFile(dir));
    db.prepare("UPDATE message SET body_file = ?").run(join(folder, old));
  }
  await using store = await openSqlite({ dir });
  await store.recover("worker");
  assert.ok((await readBody(store, queueId(1))).equals(large));
  await store.change({}, "drop", 5);
  assert.deepEqual(await bodyFiles(dir), []);
});

test("a body of 20 MB costs less than 1 MB of memory", async () => {
  await using store = await openSqlite({ dir: await dataDir() });
  const piece = content(64 * 1024);
  const writer = store.compose();
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  for (let i = 0; i < 320; i++) {
    await writer.write(piece);
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  await store.keep(mail(1, { body: await writer.finish() }));
  assert.ok(peak < 1024 ** 2, `${peak} bytes`);
  let sizeBytes = 0;
  for await (const chunk of await store.read(queueId(1))) sizeBytes += chunk.length;
  assert.equal(sizeBytes, 320 * piece.length);
});
