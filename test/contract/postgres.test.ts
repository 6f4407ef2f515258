import { after, test } from "node:test";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { bodyContract } from "./body.contract.ts";
import { countStoreContract } from "./count-store.contract.ts";
import { dataDir } from "./data-dir.ts";
import { historyStoreContract } from "./history-store.contract.ts";
import { startPostgres } from "./postgres-server.ts";
import { queueStoreContract } from "./queue-store.contract.ts";
import { senderStoreContract } from "./sender-store.contract.ts";
import { siteStoreContract } from "./site-store.contract.ts";
import { suppressionStoreContract } from "./suppression-store.contract.ts";

const server = await startPostgres();

if ("skip" in server) test("postgres", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  const url = await server.newDatabase();
  let stores = 0;
  const open = async () => openPostgres({ url, dir: await dataDir(), schema: `store_${++stores}` });
  const postgres = { name: "postgres", open };
  queueStoreContract(postgres);
  bodyContract(postgres);
  historyStoreContract(postgres);
  siteStoreContract(postgres);
  senderStoreContract(postgres);
  suppressionStoreContract(postgres);
  countStoreContract(postgres);
}
