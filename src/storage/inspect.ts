// Looking at the store that the config names, from outside of the server, changing nothing.
import type { StoreSeen } from "../check/self/ports.ts";
import type { Config } from "../config/schema.ts";
import { databaseUrl } from "./open.ts";
import { inspectSqlite, verifySqlite } from "./sqlite/inspect.ts";

type StoreConfig = Pick<Config, "data_dir" | "storage">;

/** Never rejects. */
export async function inspectStore({ data_dir: dir, storage }: StoreConfig, signal: AbortSignal): Promise<StoreSeen> {
  switch (storage.driver) {
    case "memory":
      return { kind: "memory" };
    case "sqlite":
      return inspectSqlite(dir, signal);
    case "postgres": {
      const { inspectPostgres } = await import("./postgres/inspect.ts"); // most installations never need its client
      return inspectPostgres(await databaseUrl(storage));
    }
  }
}

/** What is damaged; PostgreSQL looks after itself. Never rejects. */
export const verifyStore = async (
  { data_dir: dir, storage }: StoreConfig,
  signal: AbortSignal,
): Promise<readonly string[]> => (storage.driver === "sqlite" ? verifySqlite(dir, signal) : []);
