// Bringing the database to this program's version, safely while other nodes start, too.
import { Client, escapeIdentifier } from "pg";
import { connectionSettings, type ConnectionOptions } from "./database.ts";
import { migrations } from "./schema.ts";
import { inWords } from "./words.ts";

/** SHOW server_version_num */
const oldestServer = { number: 140_000, name: "14" } as const;

/** Rejects with words for the operator: no server, no such database, wrong password, too old, too new. */
export async function migrate(options: ConnectionOptions): Promise<void> {
  const client = new Client(connectionSettings(options, { statementMs: 0 }));
  client.on("error", () => {}); // the statement under way has it, too
  try {
    await client.connect();
    await checkServer(client, options);
    await client.query("BEGIN");
    // one node at a time; the others find the work done
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('waybill ' || $1, 0))", [options.schema]);
    await migrateLocked(client, options);
    await client.query("COMMIT");
  } catch (error) {
    throw error instanceof Misfit ? error : inWords(error, options.place);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The database is not what this program can use; in words already. */
class Misfit extends Error {}

async function checkServer(client: Client, { place }: ConnectionOptions): Promise<void> {
  const { rows } = await client.query<{ number: number; name: string; encoding: string }>(
    `SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS name,
      current_setting('server_encoding') AS encoding`,
  );
  const { number, name, encoding } = rows[0]!;
  if (number < oldestServer.number)
    throw new Misfit(
      `PostgreSQL at ${place.server} is too old: it has version ${name}, and Waybill needs ${oldestServer.name} or newer`,
    );
  if (encoding !== "UTF8")
    throw new Misfit(
      `the database "${place.database}" at ${place.server} has the encoding ${encoding}, and Waybill needs UTF8: make it with ENCODING 'UTF8' TEMPLATE template0`,
    );
}

async function migrateLocked(client: Client, { schema, place }: ConnectionOptions): Promise<void> {
  const { rows: found } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
  if (found.length === 0) await client.query(`CREATE SCHEMA ${escapeIdentifier(schema)}`);
  await client.query("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)");
  const { rows } = await client.query<{ version: number }>("SELECT max(version) AS version FROM schema_version");
  const version = rows[0]?.version ?? 0;
  if (version > migrations.length)
    throw new Misfit(
      `the database "${place.database}" at ${place.server} was written by a newer Waybill (its version is ${version}, ` +
        `this program knows ${migrations.length}): install that version, or use another database`,
    );
  for (const migration of migrations.slice(version)) await client.query(migration);
  if (version === 0) await client.query("INSERT INTO schema_version VALUES ($1)", [migrations.length]);
  else if (version < migrations.length)
    await client.query("UPDATE schema_version SET version = $1", [migrations.length]);
}
