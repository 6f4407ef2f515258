// Opens the store that the config names.
import { readFile } from "node:fs/promises";
import { firstLine } from "../config/files.ts";
import type { Config } from "../config/schema.ts";
import type { SiteStore } from "../deliver/site-store.ts";
import type { HistoryStore } from "../journal/history.ts";
import type { CountStore } from "../judge/rates/count-store.ts";
import type { SenderStore } from "../judge/sender-store.ts";
import type { SuppressionStore } from "../judge/suppression/suppression-store.ts";
import type { QueueStore } from "../queue/store.ts";
import { openMemory } from "./memory/store.ts";
import { openSqlite, type SqliteStore } from "./sqlite/store.ts";

export type Store = QueueStore & HistoryStore & SiteStore & SenderStore & SuppressionStore;

/** What a store tells of by itself. */
export interface StoreListener {
  /** It is dead: from now on calls reject, and only a new start helps. */
  readonly onFailure: (error: Error) => void;
  /** Other nodes may attempt what we attempt: attempts under way are to end. */
  readonly onLeasesLost: () => void;
  /** There is work that another node had. */
  readonly onWork: () => void;
  /** Something is not as it should be, in words for the operator; mail goes on. */
  readonly onTrouble?: (text: string) => void;
  /** Has threads that joined the store flush what they promised. */
  readonly flushOthers?: () => Promise<void>;
}

/** Rejects with words for the operator. */
export async function openStore(
  { data_dir: dir, storage }: Config,
  listener: StoreListener,
): Promise<(Store & CountStore) | SqliteStore> {
  switch (storage.driver) {
    case "memory":
      return openMemory();
    case "sqlite":
      return openSqlite({ dir, ...listener });
    case "postgres": {
      const { openPostgres } = await import("./postgres/store.ts"); // most installations never need its client
      const { connections, node_timeout: nodeTimeoutMs } = storage;
      const { onLeasesLost, onWork } = listener;
      return openPostgres({ url: await databaseUrl(storage), dir, connections, nodeTimeoutMs, onLeasesLost, onWork });
    }
  }
}

/** The config has one of the two; src/config/rules.ts sees to it. */
export async function databaseUrl({ url, url_file: file }: Config["storage"]): Promise<string> {
  return url ?? firstLine(await readFile(file!, "utf8"));
}
