// Several nodes on one PostgreSQL: who lives, whose leases end, and what happens when both do the same at once.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openPostgres, type PostgresOptions } from "../../src/storage/postgres/store.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { dataDir } from "./data-dir.ts";
import { ann, bob, claim, claimAll, dan, deferred, delivered, done, mail, queueId } from "./mail.ts";
import { query, startPostgres, type TestPostgres } from "./postgres-server.ts";

const server = await startPostgres();
if ("skip" in server) test("postgres: nodes", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  const url = await server.newDatabase();
  nodes(server, url);
}

function nodes(server: TestPostgres, url: string): void {
  let schemas = 0;
  const newSchema = (): string => `nodes_${++schemas}`;
  const open = async (schema: string, options: Partial<PostgresOptions> = {}) =>
    openPostgres({ url, dir: await dataDir(), schema, ...options });
  /** A node of this name is taken for dead by the next that looks. */
  const silence = (schema: string, name: string) =>
    query(url, `UPDATE ${schema}.node SET seen_at = seen_at - interval '1 day' WHERE name = '${name}'`);
  /** Often enough that a test need not wait, and long enough that nobody dies. */
  const nodeTimeoutMs = 60_000;

  describe("postgres: leases of nodes", () => {
    test("a living node keeps its leases when another starts", async () => {
      const schema = newSchema();
      await using one = await open(schema);
      await using two = await open(schema);
      assert.equal(await one.recover("one"), 0);
      await one.keep(mail(1));
      const [delivery] = await claim(one, { by: "one" });
      assert.equal(await two.recover("two"), 0);
      assert.deepEqual(await claim(two, { by: "two" }), []);
      await one.settle([deferred(delivery!.deliveryId, { by: "one" })], [], []);
      assert.equal((await two.list({}, 1))[0]?.state, "deferred");
    });

    test("the leases of a dead node end when another starts", async () => {
      const schema = newSchema();
      await using one = await open(schema);
      await using two = await open(schema);
      await one.recover("one");
      await one.keep(mail(1), { by: "one", until: claimAll.now * 2 });
      await silence(schema, "one");
      assert.equal(await two.recover("two"), 1);
      assert.equal((await claim(two, { by: "two" })).length, 1);
    });

    test("the leases of a dead node end while another runs, which hears of it; and so does the dead", async () => {
      const schema = newSchema();
      const work = Promise.withResolvers<void>();
      const lost = Promise.withResolvers<void>();
      // the dead is slow to speak, the living look often
      await using one = await open(schema, { nodeTimeoutMs: 12_000, onLeasesLost: lost.resolve });
      await one.recover("one");
      await one.keep(mail(1), { by: "one", until: claimAll.now * 2 });
      await using two = await open(schema, { nodeTimeoutMs: 600, onWork: work.resolve });
      await two.recover("two");
      await silence(schema, "one");
      await work.promise;
      const [delivery] = await claim(two, { by: "two" });
      await lost.promise;
      await one.settle([deferred(delivery!.deliveryId, { by: "one" })], [delivered(1, bob)], []);
      assert.equal((await two.list({}, 1))[0]?.state, "claimed", "the deferral of who lost the lease does not count");
      assert.deepEqual(await two.find({ queueId: queueId(1) }, 1), [], "nor is it told of");
      const { length } = await query(url, `SELECT 1 FROM ${schema}.node`);
      assert.equal(length, 2, "the dead is back");
    });

    test("a node that closes leaves its work to the others at once", async () => {
      const schema = newSchema();
      await using two = await open(schema, { nodeTimeoutMs });
      {
        await using one = await open(schema, { nodeTimeoutMs });
        await one.recover("one");
        await two.recover("two");
        await one.keep(mail(1), { by: "one", until: claimAll.now * 2 });
      }
      assert.equal((await claim(two, { by: "two" })).length, 1);
      assert.deepEqual(await query(url, `SELECT name FROM ${schema}.node`), [{ name: "two" }]);
    });
  });

  describe("postgres: two nodes at the same moment", () => {
    test("never claim the same delivery, and leave none", async () => {
      const schema = newSchema();
      await using one = await open(schema);
      await using two = await open(schema);
      await Promise.all(Array.from({ length: 300 }, (_, n) => one.keep(mail(n, { to: [bob, dan] }))));
      const claimed: number[] = [];
      const work = async (store: typeof one, by: string): Promise<void> => {
        for (let none = 0; none < 3;) {
          const deliveries = await claim(store, { by, limit: 17 });
          none = deliveries.length === 0 ? none + 1 : 0;
          claimed.push(...deliveries.map(({ deliveryId }) => deliveryId));
        }
      };
      await Promise.all([work(one, "one"), work(two, "two")]);
      assert.equal(claimed.length, 600);
      assert.equal(new Set(claimed).size, 600);
    });

    test("settle the last two deliveries of a message, and it is gone", async () => {
      const schema = newSchema();
      await using one = await open(schema);
      await using two = await open(schema);
      for (let n = 0; n < 30; n++) {
        const [first, second] = await one.keep(mail(n, { to: [bob, dan] }), { by: "one", until: 2_000_000 });
        await Promise.all([
          one.settle([done(first!.deliveryId)], [], []),
          two.settle([done(second!.deliveryId)], [], []),
        ]);
      }
      assert.deepEqual(await query(url, `SELECT queue_id FROM ${schema}.message`), []);
    });

    test("what a process left that died between settling and removing goes at the next start", async () => {
      const schema = newSchema();
      await using store = await open(schema);
      await store.keep(mail(1, { to: [bob, dan] }));
      await store.keep(mail(2, { to: [bob, dan] }));
      await query(url, `DELETE FROM ${schema}.delivery WHERE queue_id = '${queueId(1)}'`);
      await store.recover("one");
      assert.deepEqual(await query(url, `SELECT queue_id FROM ${schema}.message`), [{ queue_id: queueId(2) }]);
    });
  });

  describe("postgres: a node without its database", () => {
    test("rejects, is told that its leases are in doubt, and goes on by itself; what it never got is free again", async () => {
      const schema = newSchema();
      await using proxy = await startProxy(Number(new URL(url).port));
      const through = new URL(url);
      through.port = String(proxy.port);
      through.hostname = "127.0.0.1";
      const lost = Promise.withResolvers<void>();
      const options = { url: through.href, nodeTimeoutMs: 3_000, onLeasesLost: lost.resolve };
      await using one = await open(schema, options);
      await one.recover("one");
      await one.keep(mail(1));
      await query(url, `UPDATE ${schema}.delivery SET lease_by = 'one', lease_until = 9000000`); // as a claim whose answer was lost
      proxy.swallow();
      const keeping = assert.rejects(one.keep(mail(2, { to: [dan], from: ann })), /cannot reach PostgreSQL/);
      const claiming = assert.rejects(claim(one, { by: "one" }), /cannot reach PostgreSQL/);
      await lost.promise;
      proxy.heal();
      await Promise.all([keeping, claiming]);
      await one.keep(mail(3));
      for (let claimed = 0; claimed < 2;) claimed += (await claim(one, { by: "one" })).length;
    });

    test(
      "goes on after the server was restarted",
      { skip: server.restart === undefined && "it is not ours" },
      async () => {
        const schema = newSchema();
        await using store = await open(schema);
        await store.recover("one");
        await store.keep(mail(1));
        const [delivery] = await claim(store, { by: "one" });
        await server.restart?.();
        const settle = () => store.settle([done(delivery!.deliveryId, "one")], [], []);
        await settle().catch(settle);
        await store.keep(mail(2));
        assert.equal((await store.list({}, 10)).length, 1);
      },
    );
  });
}
