// Connections to PostgreSQL: bounded pools, time limits for every statement, errors in words.
import { Client, type CustomTypesConfig, Pool, type PoolClient, type PoolConfig, types } from "pg";
import { inWords, isRefusal, type Place } from "./words.ts";

export const databaseLimits = {
  connectMs: 5_000, // to connect, or to wait for a free connection
  statementMs: 10_000, // longest statement that mail waits for; the server ends it
  deskMs: 60_000, // of people's questions, which may read the whole queue
  silenceMs: 5_000, // so much later, its answer is not waited for: the network swallowed it
  idleMs: 60_000, // an unused connection is closed
} as const;

export interface Statement {
  /** The server keeps its plan under this name. */
  readonly name: string;
  readonly text: string;
}

export type Parameter = string | number | boolean | null | Buffer;

/** What runs statements: any free connection, or the one of a transaction. */
export interface Runner {
  run<Row extends object>(statement: Statement, parameters?: readonly Parameter[]): Promise<Row[]>;
}

/** The server has not answered: whether a change was made is not known. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

/** bigint as a number: ours are below 2^53. */
const ourTypes: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === types.builtins.INT8 && format !== "binary" ? Number : (types.getTypeParser(oid, format) as typeof Number),
};

export interface ConnectionOptions {
  readonly url: string;
  /** Where the tables are. */
  readonly schema: string;
  readonly place: Place;
}

export function connectionOf(url: string, schema = "waybill"): ConnectionOptions {
  const { host, port, database = "", user = "" } = new Client({ connectionString: url });
  return { url, schema, place: { server: host.startsWith("/") ? host : `${host}:${port}`, database, user } };
}

export interface ConnectionLimits {
  readonly connectMs?: number;
  /** The server ends longer statements; 0: it does not. */
  readonly statementMs: number;
  readonly silenceMs?: number;
  /** The server's, for this connection. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Of one connection. */
export function connectionSettings({ url, schema }: ConnectionOptions, limits: ConnectionLimits): PoolConfig {
  const { connectMs, statementMs, silenceMs, settings } = { ...databaseLimits, settings: {}, ...limits };
  const all = { search_path: schema, jit: "off", ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: url,
    application_name: "waybill",
    options: options.join(" "),
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs, // of who is cut off: its locks go
    query_timeout: statementMs === 0 ? 0 : statementMs + silenceMs,
    keepAlive: true,
    types: ourTypes,
  };
}

/** A bounded number of connections, made when needed. */
export class Connections implements Runner {
  readonly #pool: Pool;
  readonly #place: Place;
  #closed: Promise<void> | undefined;

  constructor(place: Place, settings: PoolConfig & { readonly max: number }) {
    this.#place = place;
    this.#pool = new Pool({ idleTimeoutMillis: databaseLimits.idleMs, ...settings });
    // a connection ended: its statement has the error, or the next statement gets a new connection
    this.#pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
  }

  async run<Row extends object>(statement: Statement, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return this.#lend((client) => this.#ask<Row>(client, statement, parameters));
  }

  /** All of `work` or nothing. */
  async transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.#lend(async (client) => {
      await this.#ask(client, statements.begin);
      const value = await work({ run: (statement, parameters) => this.#ask(client, statement, parameters) });
      await this.#ask(client, statements.commit);
      return value;
    });
  }

  async #lend<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw new Error("the store is closed");
    const client = await this.#pool.connect().catch((error: unknown) => Promise.reject(inWords(error, this.#place)));
    try {
      const value = await work(client);
      client.release();
      return value;
    } catch (error) {
      client.release(true); // it may be in a transaction, or dead
      throw error;
    }
  }

  async #ask<Row extends object>(
    client: PoolClient,
    statement: Statement,
    parameters: readonly Parameter[] = [],
  ): Promise<Row[]> {
    try {
      const { rows } = await client.query<Row>({ ...statement, values: [...parameters] });
      return rows;
    } catch (error) {
      const said = inWords(error, this.#place);
      throw isRefusal(error) ? said : new Unanswered(said.message, { cause: error });
    }
  }

  /** After all that was begun before. */
  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }
}

const statements = {
  begin: { name: "begin", text: "BEGIN" },
  commit: { name: "commit", text: "COMMIT" },
} as const;
