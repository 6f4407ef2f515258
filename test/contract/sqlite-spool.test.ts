// The spool of the SQLite driver as a crash leaves it: ahead of the database, its last write half done.
import assert from "node:assert/strict";
import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { keptRecord } from "../../src/storage/sqlite/spool-record.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { crashed, dataDir } from "./data-dir.ts";
import {
  bob,
  content,
  dan,
  deferred,
  delivered,
  done,
  mail,
  queueId,
  readBody,
  received,
  refusedForNow,
} from "./mail.ts";

const lease = { by: "worker", until: 1_000_000 };

const segments = (dir: string): Promise<string[]> => readdir(join(dir, "spool"));

test("what only the spool has is there after a crash: kept, settled, put off", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir, largeBytes: 10_000 });
  await store.keep(mail(1, { body: content(5_000) }));
  await store.keep(mail(2, { body: content(20_000) }), lease); // a file
  const [three] = await store.keep(mail(3, { events: [received(3, [bob])] }), lease);
  const [four, five] = await store.keep(mail(4, { to: [bob, dan] }), lease);
  await store.settle([done(three!.deliveryId)], [delivered(3, bob)], []);
  await store.settle([deferred(four!.deliveryId), done(five!.deliveryId)], [], []);
  const copy = await crashed(dir);
  await using found = await openSqlite({ dir: copy });
  assert.equal(await found.recover("another"), 1, "the lease of the second");
  const queued = await found.list({}, 10);
  assert.deepEqual(
    queued.map(({ message, recipient, state, attempts }) => [message.queueId, recipient.address, state, attempts]),
    [
      [queueId(1), bob, "due", 0],
      [queueId(2), bob, "due", 0],
      [queueId(4), bob, "deferred", 1],
    ],
  );
  assert.deepEqual(queued[2]?.lastFailure, refusedForNow);
  assert.ok((await readBody(found, queueId(1))).equals(content(5_000)));
  assert.ok((await readBody(found, queueId(2))).equals(content(20_000)));
  assert.deepEqual(await found.find({ address: bob }, 10), [received(3, [bob]), delivered(3, bob)]);
  const [next] = await found.keep(mail(9), lease);
  assert.ok(next!.deliveryId > queued[2].deliveryId, "numbers go on");
});

test("after a crash every record of a long spool is found, whatever their sizes", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const sizes = Array.from({ length: 300 }, (_, n) => (n % 50 === 0 ? 200_000 : (n * 997) % 5_000));
  await Promise.all(sizes.map((size, n) => store.keep(mail(n + 1, { body: content(size) }), lease)));
  await using found = await openSqlite({ dir: await crashed(dir) });
  assert.equal((await found.list({}, 1_000)).length, sizes.length);
  for (const [n, size] of sizes.entries())
    assert.ok((await readBody(found, queueId(n + 1))).equals(content(size)), `body ${n + 1}`);
});

test("what is promised while the database catches up is not passed over", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const asked = Array.from({ length: 50 }, async (_, i) => {
    for (let turn = 0; turn < i; turn++) await new Promise((resolve) => setImmediate(resolve));
    return store.nextDueAt();
  });
  await Promise.all([store.keep(mail(1)), ...asked]);
  await using found = await openSqlite({ dir: await crashed(dir) });
  assert.equal((await found.list({}, 10)).length, 1);
});

test("half a record at the end was not promised, and what is written behind it later is found", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  await store.keep(mail(1));
  const { body: _, ...facts } = mail(2);
  const torn = Buffer.concat(keptRecord({ ...facts, firstDeliveryId: 2 }, [content(300)]));
  const copy = await crashed(dir);
  const [last] = await segments(copy);
  await appendFile(join(copy, "spool", last!), torn.subarray(0, -1));
  for (const n of [3, 4]) {
    await using again = await openSqlite({ dir: copy });
    await again.keep(mail(n));
  }
  await using found = await openSqlite({ dir: copy });
  assert.deepEqual(
    (await found.list({}, 10)).map(({ message }) => message.receivedAt),
    [1, 3, 4],
  );
});

test("segments go when the database has them", async () => {
  const dir = await dataDir();
  {
    await using store = await openSqlite({ dir });
    for (let n = 1; n <= 5; n++) await store.keep(mail(n));
    assert.equal((await segments(dir)).length, 1);
  }
  await using store = await openSqlite({ dir });
  assert.deepEqual(await segments(dir), []);
  assert.equal((await store.list({}, 10)).length, 5);
});

test("a body is read from the spool once memory has let go of it", async () => {
  await using store = await openSqlite({ dir: await dataDir() });
  const large = 200_000;
  const count = 100; // 20 MB: more than is remembered
  for (let n = 1; n <= count; n++) await store.keep(mail(n, { body: content(large + n) }), lease);
  for (const n of [1, 2, count]) assert.ok((await readBody(store, queueId(n))).equals(content(large + n)), `${n}`);
  await store.count({});
  for (const n of [1, 2, count]) assert.ok((await readBody(store, queueId(n))).equals(content(large + n)), `${n}`);
});

test("segments are used again, and nothing of an earlier use is taken for a promise", async () => {
  const dir = await dataDir();
  const sizeBytes = 100_000;
  let n = 0;
  let [asked, promised] = [0, 0];
  {
    await using store = await openSqlite({ dir });
    for (let round = 0; round < 12; round += 1) {
      const kept = await Promise.all(
        Array.from({ length: 40 }, () => store.keep(mail((n += 1), { body: content(sizeBytes - 20 * n) }), lease)),
      );
      const settled = kept.slice(0, 39).map(([delivery]) => done(delivery!.deliveryId));
      for (const one of settled) await store.settle([one], [], []);
      if (round % 2 === 0) await store.count({}); // the database has it: segments are free
    }
    [asked, promised] = [n, (await store.list({}, 1_000)).length];
    const files = (await segments(dir)).length;
    assert.ok(files <= 4, `${files} files of 16 MB for ${Math.round((n * sizeBytes) / 1e6)} MB`);
    for (let more = 0; more < 30; more += 1) await store.keep(mail((n += 1), { body: content(sizeBytes) }), lease);
    await using found = await openSqlite({ dir: await crashed(dir) });
    const queued = await found.list({}, 1_000);
    assert.deepEqual([asked, promised, queued.length], [480, 12, 42]);
    for (const { message } of queued) assert.equal((await readBody(found, message.queueId)).length, message.sizeBytes);
  }
  await using again = await openSqlite({ dir });
  assert.equal((await again.list({}, 1_000)).length, 42);
  await again.keep(mail((n += 1)));
  await using last = await openSqlite({ dir: await crashed(dir) });
  assert.equal((await last.list({}, 1_000)).length, 43, "the segment in use is an old one");
});
