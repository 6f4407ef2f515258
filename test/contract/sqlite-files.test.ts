// Body files of the SQLite driver: what remains, what goes, and how much memory a large body costs.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { NotKept } from "../../src/queue/store.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyFiles, dataDir } from "./data-dir.ts";
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
