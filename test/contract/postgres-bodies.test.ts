// Bodies in PostgreSQL: chunks come and go with their message, and a large one is never whole in memory. And text that
// PostgreSQL does not take as it is.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { NotKept } from "../../src/queue/store.ts";
import { SpooledBody } from "../../src/storage/postgres/body-writer.ts";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { dataDir } from "./data-dir.ts";
import { ann, bob, claim, compose, content, dan, done, mail, queueId, readBody, received } from "./mail.ts";
import { query, startPostgres, type TestPostgres } from "./postgres-server.ts";

const server = await startPostgres();
if ("skip" in server) test("postgres: bodies", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  bodies(server);
}

function bodies(server: TestPostgres): void {
  const large = content(300_000);
  const open = async () => {
    const url = await server.newDatabase();
    const dir = await dataDir();
    const chunks = async () => (await query(url, "SELECT 1 FROM waybill.body_chunk")).length;
    return { dir, url, chunks, store: await openPostgres({ url, dir }) };
  };

  describe("postgres: large bodies", () => {
    test("are in chunks until their last delivery is done or dropped; small ones never are", async () => {
      const { store, chunks } = await open();
      await using _ = store;
      await store.keep(mail(1, { to: [bob, dan], body: await compose(store, large) }));
      await store.keep(mail(2, { body: await compose(store, large) }));
      await store.keep(mail(3, { body: await compose(store, content(100_000)) }));
      assert.equal(await chunks(), 6);
      const [one, two] = await claim(store);
      await store.settle([done(one!.deliveryId)], [], []);
      assert.equal(await chunks(), 6);
      await store.settle([done(two!.deliveryId)], [], []);
      assert.equal(await chunks(), 3);
      await store.change({ queueId: queueId(2) }, "drop", 5);
      assert.equal(await chunks(), 0);
    });

    test("leave nothing when their message is rejected, or discarded", async () => {
      const { store, chunks, dir } = await open();
      await using _ = store;
      await store.keep(mail(1));
      await assert.rejects(store.keep(mail(1, { body: await compose(store, large) })), /duplicate key/);
      const writer = store.compose();
      await writer.write(large);
      await writer.discard();
      assert.equal(await chunks(), 0);
      assert.deepEqual(await readdir(join(dir, "tmp")), []);
      const [first] = await claim(store);
      await store.change({}, "drop", 5);
      await store.settle([done(first!.deliveryId)], [], [mail(2, { to: [ann], body: large })]);
      assert.equal(await chunks(), 0, "nor does a notice about what was dropped");
    });

    test("a notice is as large as it must be", async () => {
      const { store } = await open();
      await using _ = store;
      await store.keep(mail(1));
      const [first] = await claim(store);
      await store.settle([done(first!.deliveryId)], [], [mail(2, { to: [ann], body: large })]);
      assert.ok((await readBody(store, queueId(2))).equals(large));
    });

    test("are never whole in memory: in a file on the way in, chunk by chunk on the way through", async () => {
      const { store, url } = await open();
      await using _ = store;
      const body = await compose(store, large);
      assert.ok(body instanceof SpooledBody && !(body.content instanceof Uint8Array));
      await store.keep(mail(1, { body }));
      const sizes = await query(url, "SELECT length(bytes) AS bytes FROM waybill.body_chunk ORDER BY number");
      assert.deepEqual(
        sizes.map(({ bytes }) => bytes),
        [131_072, 131_072, 37_856],
      );
      const reading = (await store.read(queueId(1)))[Symbol.asyncIterator]();
      assert.equal((await reading.next()).value?.length, 131_072);
      await store.change({}, "drop", 5);
      await assert.rejects(async () => reading.next(), NotKept, "the rest is not read before it is asked for");
    });
  });

  test("postgres: what is on top of a large body is in its first chunk, not one more", async () => {
    const { store, url } = await open();
    await using _ = store;
    await store.keep(mail(1, { body: await compose(store, large, content(1_000)) }));
    const sizes = await query(url, "SELECT length(bytes) AS bytes FROM waybill.body_chunk ORDER BY number");
    assert.deepEqual(
      sizes.map(({ bytes }) => bytes),
      [131_072, 131_072, 38_856],
    );
  });

  test("postgres: NUL, lone surrogates and very long names are no trouble", async () => {
    const { store } = await open();
    await using _ = store;
    const messageId = `<a\0b\ud800${"x".repeat(5_000)}@x>`;
    const event = received(1, [bob], { messageId });
    const recipients = [{ address: bob, orcpt: { type: "rfc822", address: "a\0b" } }];
    const kept = mail(1, { recipients, message: { messageId, envid: "a\0b" }, events: [event] });
    await store.keep(kept);
    const [delivery] = await claim(store);
    assert.deepEqual(delivery?.message, kept.message);
    assert.deepEqual(delivery?.recipient, recipients[0]);
    assert.deepEqual(await store.find({ messageId }, 1), [event]);
  });
}
