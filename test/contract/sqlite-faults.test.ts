// Each write fails in turn, to the spool and to the database: nothing is lost, nothing is half done, and the store goes on.
import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { describe, test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { StoreFull } from "../../src/queue/store.ts";
import { databaseFile } from "../../src/storage/sqlite/database.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyFiles, crashed, dataDir } from "./data-dir.ts";
import {
  ann,
  bob,
  claim,
  claimAll,
  compose,
  content,
  dan,
  deferred,
  delivered,
  done,
  mail,
  queueId,
  readBody,
  received,
  refusal,
  type Store,
} from "./mail.ts";

/** Runs `body` while the write `fault` names fails. */
async function withFault(dir: string, fault: string, body: () => Promise<void>): Promise<void> {
  using db = new DatabaseSync(databaseFile(dir));
  db.exec(`CREATE TRIGGER fault BEFORE ${fault} BEGIN SELECT RAISE(ABORT, 'injected fault'); END`);
  await body();
  db.exec("DROP TRIGGER fault");
}

/** All that a store tells of its queue and history. */
async function everything(store: Store): Promise<unknown> {
  const deliveries = await store.list({}, 1_000);
  const ids = new Set(deliveries.map(({ message }) => message.queueId));
  const bodies = await Promise.all([...ids].map(async (id) => (await readBody(store, id)).toString("latin1")));
  const stories = await Promise.all([ann, bob, dan].map((address) => store.find({ address }, 1_000)));
  return { deliveries, bodies, stories };
}

const largeBytes = 1_000;

type Writev = typeof fs.writev;

/** While `body` runs, writes to the spool that hold `marker` end as `fault` says: with an error, after some of the bytes. */
async function withFailingSpool(
  t: TestContext,
  { marker, fault }: { marker: string; fault: { code: string; after: number } },
  body: () => Promise<void>,
): Promise<void> {
  const original = fs.writev;
  type Done = (error: Error | null, written: number) => void;
  const failing = ((...[fd, parts, position, done]: [number, readonly Uint8Array[], number, Done]) => {
    const bytes = Buffer.concat(parts);
    if (!bytes.includes(marker)) return original(fd, parts, position, done as Parameters<Writev>[3]);
    if (fault.after > 0) fs.writeSync(fd, bytes, 0, Math.min(fault.after, bytes.length), position);
    process.nextTick(done, Object.assign(new Error("injected fault"), { code: fault.code }), 0);
  }) as Writev;
  const mocked = t.mock.method(fs, "writev", failing);
  syncBuiltinESMExports();
  try {
    await body();
  } finally {
    mocked.mock.restore();
    syncBuiltinESMExports();
  }
}

describe("sqlite: a keep that fails", () => {
  for (const fault of [
    { code: "ENOSPC", after: 0 },
    { code: "ENOSPC", after: 20 }, // half a record
    { code: "EIO", after: Infinity }, // all of it
  ])
    for (const sizeBytes of [10, 5_000])
      test(`with ${fault.code} after ${fault.after} bytes, of ${sizeBytes}`, async (t) => {
        const dir = await dataDir();
        let before: unknown;
        {
          await using store = await openSqlite({ dir, largeBytes });
          await store.keep(mail(1));
          const guilty = mail(2, { to: [bob, dan], body: await compose(store, content(sizeBytes)) });
          await withFailingSpool(t, { marker: "q00002", fault }, async () => {
            await assert.rejects(store.keep(guilty), fault.code === "ENOSPC" ? StoreFull : /injected fault/);
            await store.keep(mail(3));
          });
          before = await everything(store);
        }
        await using store = await openSqlite({ dir, largeBytes });
        await store.recover("worker");
        assert.deepEqual(await everything(store), before);
        assert.deepEqual(
          (await store.list({}, 10)).map(({ message }) => message.queueId),
          [queueId(1), queueId(3)],
        );
        assert.deepEqual(await bodyFiles(dir), []);
        await store.keep(mail(2, { to: [bob, dan], body: await compose(store, content(sizeBytes)) }));
        assert.equal((await readBody(store, queueId(2))).length, sizeBytes);
      });
});

describe("sqlite: the database cannot take what the spool has", () => {
  const faults = [
    "INSERT ON message WHEN NEW.queue_id = 'q00002'",
    "INSERT ON delivery WHEN NEW.address = 'dan@two.example'", // the second of two
    "INSERT ON event WHEN NEW.queue_id = 'q00002'",
    "INSERT ON message_key WHEN NEW.key = 'dan@two.example'",
    "INSERT ON lane",
    "INSERT ON spool_mark",
  ];
  for (const fault of faults)
    test(`at ${fault}`, async () => {
      const dir = await dataDir();
      {
        await using store = await openSqlite({ dir, largeBytes });
        await store.keep(mail(1));
        const [settled] = await store.keep(mail(4, { events: [received(4, [bob])] }), { by: "worker", until: 5 });
        await withFault(dir, fault, async () => {
          const body = await compose(store, content(5_000));
          await store.keep(mail(2, { to: [bob, dan], body, events: [received(2, [bob, dan])] }));
          await store.settle([done(settled!.deliveryId)], [delivered(4, bob)], []);
          assert.deepEqual(await store.list({}, 10), [], "as much as the database has");
          await assert.rejects(store.keep(mail(3)), /injected fault/, "no more is promised");
          assert.equal((await readBody(store, queueId(2))).length, 5_000, "what was promised can be delivered");
        });
        if (fault.includes("spool_mark")) await store.keep(mail(5)); // it goes on
      }
      await using store = await openSqlite({ dir, largeBytes });
      await store.recover("another");
      const queued = (await store.list({}, 10)).map(
        ({ message, recipient }) => `${message.queueId} ${recipient.address}`,
      );
      assert.deepEqual(queued.slice(0, 3), [`q00001 ${bob}`, `q00002 ${bob}`, `q00002 ${dan}`]);
      assert.deepEqual(await store.find({ queueId: queueId(4) }, 1), [received(4, [bob]), delivered(4, bob)]);
      assert.deepEqual(await store.find({ address: dan }, 1), [received(2, [bob, dan])]);
      assert.equal((await readBody(store, queueId(2))).length, 5_000);
    });
});

describe("sqlite: a settlement that fails", () => {
  const faults = [
    "DELETE ON delivery WHEN OLD.address = 'dan@two.example'",
    "UPDATE ON delivery WHEN NEW.attempts = 1",
    "DELETE ON message",
    "INSERT ON message",
    "INSERT ON delivery",
    "INSERT ON event",
    "INSERT ON message_key",
  ];
  for (const fault of faults)
    test(`at ${fault}`, async () => {
      const dir = await dataDir();
      let before: unknown;
      {
        await using store = await openSqlite({ dir, largeBytes });
        const body = await compose(store, content(5_000));
        await store.keep(mail(1, { to: [bob, dan], body, events: [received(1, [bob, dan])] }));
        await store.keep(mail(2));
        const [one, two, three] = await claim(store);
        before = await everything(store);
        const settlements = [done(one!.deliveryId), done(two!.deliveryId), deferred(three!.deliveryId)];
        const notice = { from: "", to: [ann], events: [received(9, [ann])] } as const;
        const settle = () =>
          store.settle(
            settlements,
            [delivered(1, bob), delivered(1, dan)],
            [mail(9, { ...notice, body: content(4_000) })],
          );
        await withFault(dir, fault, () => assert.rejects(settle(), /injected fault/));
        assert.deepEqual(await everything(store), before);
        await settle(); // as the journey does, a little later
        assert.deepEqual(
          (await store.list({}, 10)).map(({ message, state }) => `${message.queueId} ${state}`),
          ["q00002 deferred", "q00009 due"],
        );
        before = await everything(store);
      }
      await using store = await openSqlite({ dir, largeBytes });
      await store.recover("worker");
      assert.deepEqual(await everything(store), before);
      assert.equal((await bodyFiles(dir)).length, 1, "the notice's");
    });
});

describe("sqlite: a full disk", () => {
  test("says so, loses nothing, and goes on when there is room", async () => {
    const dir = await dataDir();
    const kept: number[] = [];
    {
      await using store = await openSqlite({ dir, maxBytes: 500_000 });
      await assert.rejects(async () => {
        for (let n = 1; n < 1_000; n++) {
          await store.keep(mail(n, { body: content(20_000), events: [received(n, [bob])] }));
          kept.push(n);
          await store.count({}); // the database gets it
        }
      }, StoreFull);
      assert.ok(kept.length > 10 && kept.length < 25, `${kept.length} kept`);
      await assert.rejects(store.keep(mail(1_001)), StoreFull, "and so on");
      const [first] = await claim(store, { limit: 1 });
      await store.settle([done(first!.deliveryId)], [delivered(1, bob)], []);
      kept.shift();
    }
    await using store = await openSqlite({ dir });
    await store.keep(mail(1_002));
    kept.push(1_002);
    assert.deepEqual(
      (await store.list({}, 100)).map(({ message }) => message.receivedAt),
      kept,
    );
    for (const n of kept.slice(0, -1)) assert.equal((await readBody(store, queueId(n))).length, 20_000);
  });

  test("is not filled to the last byte: what is kept can still be settled", async () => {
    const dir = await dataDir();
    {
      await using store = await openSqlite({ dir });
      await store.keep(mail(1));
    }
    await using store = await openSqlite({ dir, minFreeBytes: Number.MAX_SAFE_INTEGER, largeBytes: 1_000 });
    await assert.rejects(store.keep(mail(2, { body: await compose(store, content(5_000)) })), StoreFull);
    assert.deepEqual(await bodyFiles(dir), [], "its file goes at once");
    await store.record([refusal(5, dan)]);
    assert.deepEqual(await store.find({ address: dan }, 10), [], "strangers do not get the room that is kept back");
    const [delivery] = await claim(store);
    await store.settle(
      [done(delivery!.deliveryId)],
      [delivered(1, bob)],
      [mail(3, { to: [ann], body: content(5_000) })],
    );
    assert.deepEqual(
      (await store.list({}, 10)).map(({ message }) => message.queueId),
      [queueId(3)],
    );
  });
});

describe("sqlite: a thread that dies", () => {
  test("is told of once, its calls reject, and the store can be closed", async (t) => {
    const failures: Error[] = [];
    const store = await openSqlite({ dir: await dataDir(), onFailure: (error) => failures.push(error) });
    const post = t.mock.method(Worker.prototype, "postMessage", function (this: Worker) {
      void this.terminate();
    });
    await assert.rejects(store.count({}), /thread ended/);
    await store.keep(mail(1)); // the spool has it
    await assert.rejects(store.claim(claimAll), /thread ended/);
    await assert.rejects(store.keep(mail(2)), /thread ended/, "no more than that");
    post.mock.restore();
    await store[Symbol.asyncDispose]();
    assert.deepEqual(
      failures.map(({ message }) => message),
      ["the storage thread ended"],
    );
  });

  test("is not told of when it was closed", async () => {
    const failures: Error[] = [];
    const store = await openSqlite({ dir: await dataDir(), onFailure: (error) => failures.push(error) });
    await store[Symbol.asyncDispose]();
    assert.deepEqual(failures, []);
  });
});

test("sqlite: a segment that cannot be opened, new or used again, is opened the next time", async (t) => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const original = fs.openSync;
  const failing = ((file: string, ...rest: [string]) => {
    if (file.endsWith(".spool")) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
    return original(file, ...rest);
  }) as typeof fs.openSync;
  const promised: number[] = [];
  let n = 0;
  const keep = async (): Promise<boolean> => {
    const next = (n += 1);
    try {
      await store.keep(mail(next, { body: content(100_000) }));
      promised.push(next);
      return true;
    } catch (error) {
      assert.match(String(error), /too many open files/);
      return false;
    }
  };
  const withoutOpening = async (body: () => Promise<void>): Promise<void> => {
    const mocked = t.mock.method(fs, "openSync", failing);
    syncBuiltinESMExports();
    await body();
    mocked.mock.restore();
    syncBuiltinESMExports();
  };
  await withoutOpening(async () => assert.equal(await keep(), false));
  assert.equal(await keep(), true);
  await withoutOpening(async () => {
    while (await keep()); // until a spare was made, and is to be used
    assert.equal(await keep(), false);
  });
  assert.equal(await keep(), true);
  await using found = await openSqlite({ dir: await crashed(dir) });
  assert.deepEqual(
    (await found.list({}, 1_000)).map(({ message }) => message.receivedAt),
    promised,
  );
});
