// `waybill store migrate`: all mail and history of a SQLite store comes into PostgreSQL as it was, once.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { main } from "../../src/cli/waybill.ts";
import type { Address } from "../../src/mail/address.ts";
import { moveToPostgres } from "../../src/storage/moving.ts";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { dataDir } from "./data-dir.ts";
import {
  ann,
  bob,
  claim,
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
import { query, startPostgres, type TestPostgres } from "./postgres-server.ts";

const server = await startPostgres();
if ("skip" in server) test("postgres: moving", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  moving(server);
}

const letters = 120;

/** In a day from now, so that a slow test is not late. */
const later = Date.now() + 86_400_000;
const gone = { address: "bob@far.example", sender: "", cause: "no-such-mailbox", because: "Gone.", at: 1 } as const;
const sent = { key: "sent by ann", until: later, sums: { [later]: 40 } };
const asked = { by: "a server", batch: 1, now: 1, since: 0, limit: 10 };

const bank = { kind: "identity", key: "dmarc bank.example" } as const;

/** A queue with everything that can be in one; answers its folder. */
async function oldStore(): Promise<string> {
  const dir = await dataDir();
  await using store = await openSqlite({ dir, largeBytes: 20_000 });
  const recipients = [
    { address: bob, notify: ["failure"], orcpt: { type: "rfc822", address: "Bob@old.example" } },
    { address: dan, notify: [] },
  ] as const;
  const facts = { ret: "hdrs", envid: "id 7", messageId: "<m@x>", smtpUtf8: true, eightBit: true } as const;
  await store.keep(mail(1, { recipients, message: facts, events: [received(1, [bob, dan], { messageId: "<m@x>" })] }));
  await store.keep(mail(2, { from: "", body: await compose(store, content(300_000), content(700)) }));
  await store.keep(mail(3, { body: await compose(store, content(50_000)) }));
  const [first, second] = await claim(store, { limit: 2 });
  await store.settle([deferred(first!.deliveryId, { delayNoticeSent: true })], [], []);
  await store.settle([done(second!.deliveryId)], [delivered(1, dan, 7)], []);
  await store.change({ queueId: queueId(2) }, "hold", 8);
  await store.change({ queueId: queueId(3) }, "bounce", 9);
  await store.record([refusal(10, dan)]);
  for (let n = 100; n < 100 + letters; n++)
    await store.keep(mail(n, { to: [`user${n}@one.example` as Address], events: [received(n, [bob])] }));
  await claim(store, { limit: 3, by: "died" });
  const pin = { as: "good", because: "our bank", at: 1 } as const;
  await store.pinSender(bank, pin, { now: 1, halfLifeMs: 1 });
  await store.strike([gone]);
  const { until: least, ...change } = sent;
  await store.exchangeCounts({ ...asked, changes: [{ ...change, movedMs: 0, mostMs: 0, least }] });
  return dir;
}

/** What a store holds, but for the numbers of deliveries. */
async function everything(store: Store) {
  const deliveries = await store.list({}, 1_000);
  const bodies = [];
  for (const { message } of deliveries) bodies.push((await readBody(store, message.queueId)).toString("base64"));
  return {
    deliveries: deliveries.map(({ deliveryId: _, ...facts }) => facts),
    bodies,
    events: [...(await store.find({ address: ann }, 1_000)), ...(await store.find({ address: dan }, 1_000))],
    byId: await store.find({ messageId: "<m@x>" }, 1_000),
  };
}

function moving(server: TestPostgres): void {
  const move = (dir: string, url: string, onProgress = () => {}) =>
    moveToPostgres({ dir, url, oldFolder: "moved", onProgress });

  describe("postgres: moving from SQLite", () => {
    test("everything comes as it was, in order; the old files are put away", async () => {
      const dir = await oldStore();
      let before: Awaited<ReturnType<typeof everything>>;
      {
        await using old = await openSqlite({ dir });
        await old.recover("test");
        before = await everything(old);
      }
      const url = await server.newDatabase();
      const moved = await move(dir, url);
      assert.deepEqual(
        [moved.messages, moved.deliveries, moved.isComplete],
        [3 + letters, 3 + letters, false],
        "one delivery of message 1 was done",
      );
      await using store = await openPostgres({ url, dir: await dataDir() });
      assert.deepEqual(await everything(store), before);
      assert.equal((await claim(store, { limit: 1_000 })).length, letters + 1, "what is neither deferred nor held");
      assert.equal((await store.recallSenders([bank], 1))[0]?.pin?.because, "our bank");
      assert.equal((await store.suppressionsOf([gone.address]))[0]?.because, gone.because);
      assert.deepEqual((await store.exchangeCounts({ ...asked, changes: [] })).counts, [sent]);
      assert.ok(!existsSync(join(dir, "queue.db")));
      assert.ok((await readdir(join(dir, "moved"))).includes("queue.db"));
      assert.match(await readFile(join(dir, "moved", "README.txt"), "utf8"), /never put them back/);
      await assert.rejects(move(dir, url), /there is no queue in/);
    });

    test("a move that is broken off goes on where it stopped, wherever that is", async () => {
      const dir = await oldStore();
      const url = await server.newDatabase();
      for (let stop = 1, isMoved = false; !isMoved; stop++) {
        let steps = 0;
        const breakOff = (): void => {
          if (++steps === 1 && stop < 4) throw new Error("broken off");
        };
        isMoved = await move(dir, url, breakOff).then(
          () => true,
          (error: Error) => {
            assert.equal(error.message, "broken off");
            assert.ok(existsSync(join(dir, "queue.db")), "the old store stays until all is there");
            return false;
          },
        );
      }
      await using store = await openPostgres({ url, dir: await dataDir() });
      assert.equal((await store.list({}, 1_000)).length, 3 + letters);
      assert.equal((await store.find({ queueId: queueId(1) }, 1)).length, 2);
    });

    test("a move that ended before the files were put away moves nothing twice", async () => {
      const dir = await oldStore();
      const url = await server.newDatabase();
      await move(dir, url);
      await cp(join(dir, "moved"), dir, { recursive: true });
      await query(url, "DELETE FROM waybill.delivery"); // all delivered meanwhile
      await move(dir, url);
      assert.deepEqual(await query(url, "SELECT 1 FROM waybill.delivery"), []);
    });

    test("not while a server has the queue", async () => {
      const dir = await oldStore();
      await using _running = await openSqlite({ dir });
      await assert.rejects(move(dir, await server.newDatabase()), /another Waybill \(pid \d+\) is using/);
    });

    test("the command says what it did, and what to do next", async () => {
      const dir = await oldStore();
      const config = join(dir, "waybill.toml");
      await writeFile(config, `data_dir = "${dir}"\n`);
      const said = { out: "", err: "" };
      const context = {
        stdin: (async function* () {})(),
        stdout: { write: (text: string) => (said.out += text) },
        stderr: { write: (text: string) => (said.err += text) },
        environment: {},
        world: { now: () => Date.UTC(2026, 0, 2), random: () => 0, sleep: async () => {} },
        machine: "here",
        user: "me",
      };
      const run = (...args: string[]) => main(["node", "waybill", "store", "migrate", "-c", config, ...args], context);
      assert.equal(await run(), 64);
      assert.match(said.err, /name the database with --to/);
      assert.equal(await run("--to", "mysql://x"), 64);
      assert.equal(await run("--to", await server.newDatabase()), 0);
      assert.match(said.out, /^Moved 123 messages with 123 deliveries, and \d+ events of the history\.\n/);
      assert.match(said.out, /The old files are in .*moved-2026-01-02; nothing reads them any more/);
      assert.equal(await run("--to", await server.newDatabase()), 69);
      assert.match(said.err, /there is no queue in/);
    });
  });
}
