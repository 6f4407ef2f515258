import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyContract } from "./body.contract.ts";
import { countStoreContract } from "./count-store.contract.ts";
import { dataDir } from "./data-dir.ts";
import { historyStoreContract } from "./history-store.contract.ts";
import { postponedContract } from "./postponed.contract.ts";
import { queueStoreContract } from "./queue-store.contract.ts";
import { senderStoreContract } from "./sender-store.contract.ts";
import { siteStoreContract } from "./site-store.contract.ts";
import { suppressionStoreContract } from "./suppression-store.contract.ts";

const sqlite = { name: "sqlite", open: async () => openSqlite({ dir: await dataDir() }) };
queueStoreContract(sqlite);
bodyContract(sqlite);
historyStoreContract(sqlite);
postponedContract(sqlite);
siteStoreContract(sqlite);
senderStoreContract(sqlite);
suppressionStoreContract(sqlite);
countStoreContract(sqlite);

test("sqlite: what was counted is there in the next process", async () => {
  const dir = await dataDir();
  const end = 1_700_000_000_000;
  const asked = { by: "one", batch: 1, now: 1, since: 0, limit: 10 };
  const change = { key: "sent by ann", movedMs: 0, mostMs: 0, least: end, sums: { [end]: 40 } };
  {
    await using store = await openSqlite({ dir });
    await store.exchangeCounts({ ...asked, changes: [change] });
  }
  await using store = await openSqlite({ dir });
  const { counts } = await store.exchangeCounts({ ...asked, by: "two", changes: [] });
  assert.deepEqual(counts, [{ key: "sent by ann", until: end, sums: { [end]: 40 } }]);
});
