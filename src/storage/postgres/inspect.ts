// Looking at the database without changing it: is it there, of which version, how much waits?
import { Client, escapeIdentifier } from "pg";
import type { StoreSeen } from "../../check/self/ports.ts";
import { connectionOf, connectionSettings } from "./database.ts";
import { migrations } from "./schema.ts";
import { inWords } from "./words.ts";

const statementMs = 5_000;

/** Never rejects. */
export async function inspectPostgres(url: string): Promise<StoreSeen> {
  const options = connectionOf(url);
  const { server, database } = options.place;
  const place = `"${database}" at ${server}`;
  const client = new Client(connectionSettings(options, { statementMs }));
  client.on("error", () => {}); // the statement under way has it, too
  try {
    await client.connect();
    const schema = escapeIdentifier(options.schema);
    const { rows } = await client.query<{ found: string | null }>("SELECT to_regclass($1) AS found", [
      `${schema}.schema_version`,
    ]);
    if (rows[0]?.found == null) return { kind: "none", place };
    const found = await client.query<{ version: number }>(
      `SELECT max(version) AS version FROM ${schema}.schema_version`,
    );
    const version = found.rows[0]?.version ?? 0;
    const waiting = await client.query<{ count: string }>(`SELECT count(*) AS count FROM ${schema}.delivery`);
    const count = Number(waiting.rows[0]?.count);
    const whole = { forgotten: 0, lost: [], aside: [], faults: [] }; // the database holds it all, and keeps it whole
    return { kind: "there", place, version, known: migrations.length, waiting: count, ...whole };
  } catch (error) {
    return { kind: "unreachable", place, text: inWords(error, options.place).message };
  } finally {
    await client.end().catch(() => {});
  }
}
