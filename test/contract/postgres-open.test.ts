// Opening a database that cannot be used: each error says what is wrong, where, and what to do. And migrations.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { freePort } from "../support/free-port.ts";
import { dataDir } from "./data-dir.ts";
import { mail } from "./mail.ts";
import { query, startPostgres, type TestPostgres } from "./postgres-server.ts";

const server = await startPostgres();
if ("skip" in server) test("postgres: opening", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  opening(server);
}

function opening(server: TestPostgres): void {
  const open = async (url: string) => openPostgres({ url, dir: await dataDir() });
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };

  describe("postgres: a database that cannot be used", () => {
    test("no server", async () => {
      const port = String(await freePort());
      const url = changed((one) => Object.assign(one, { hostname: "127.0.0.1", port }));
      await assert.rejects(
        open(url),
        /^Error: cannot reach PostgreSQL at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*\): is it running, and is `url` under \[storage\] right\?$/,
      );
    });

    test("a host that does not exist", async () => {
      await assert.rejects(
        open("postgres://x:y@no-such-host.invalid:5432/z"),
        /cannot reach PostgreSQL at no-such-host/,
      );
    });

    test("a user whom the server does not let in; the password is not shown", async () => {
      const url = changed((one) => Object.assign(one, { username: "stranger", password: "not-the-password" }));
      await assert.rejects(open(url), (error: Error) => {
        assert.match(
          error.message,
          /does not let the user "stranger" in \(.*\): check the name and the password in `url`/,
        );
        return !error.message.includes("not-the-password");
      });
    });

    test("a database that does not exist", async () => {
      const url = changed((one) => (one.pathname = "no_such_database"));
      await assert.rejects(
        open(url),
        /has no database "no_such_database": make it \(CREATE DATABASE "no_such_database"\)/,
      );
    });

    test("another encoding than UTF-8", async () => {
      await query(server.url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
      const url = changed((one) => (one.pathname = "latin"));
      try {
        await assert.rejects(open(url), /the database "latin" at .* has the encoding LATIN1, and Waybill needs UTF8/);
      } finally {
        await query(server.url, "DROP DATABASE latin");
      }
    });

    test("a user who may not make tables", async () => {
      const url = await server.newDatabase();
      const role = `poor_${process.pid}`;
      await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
      const poor = new URL(url);
      Object.assign(poor, { username: role, password: "x" });
      try {
        await assert.rejects(open(poor.href), new RegExp(`the user "${role}" may not do this in the database`));
      } finally {
        await query(url, `DROP ROLE ${role}`);
      }
    });

    test("tables of a newer version", async () => {
      const url = await server.newDatabase();
      await (await open(url))[Symbol.asyncDispose]();
      await query(url, "UPDATE waybill.schema_version SET version = 99");
      await assert.rejects(open(url), /was written by a newer Waybill \(its version is 99, this program knows \d+\)/);
    });
  });

  describe("postgres: migrations", () => {
    test("nodes that start at once do not harm each other", async () => {
      const url = await server.newDatabase();
      const stores = await Promise.all(Array.from({ length: 5 }, () => open(url)));
      for (const [n, store] of stores.entries()) await store.keep(mail(n));
      assert.equal((await stores[0]!.list({}, 10)).length, 5);
      for (const store of stores) await store[Symbol.asyncDispose]();
      assert.deepEqual(await query(url, "SELECT count(*)::int AS count FROM waybill.schema_version"), [{ count: 1 }]);
    });

    test("what is kept survives a restart", async () => {
      const url = await server.newDatabase();
      {
        await using store = await open(url);
        await store.keep(mail(1));
      }
      await using store = await open(url);
      assert.equal((await store.list({}, 10)).length, 1);
    });
  });

  test("postgres: a closed store rejects, and what was called before is done", async () => {
    const store = await open(await server.newDatabase());
    const last = store.keep(mail(1));
    await store[Symbol.asyncDispose]();
    await last;
    await assert.rejects(store.keep(mail(2)), /the store is closed/);
    await store[Symbol.asyncDispose]();
  });
}
