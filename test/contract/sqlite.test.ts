import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyContract } from "./body.contract.ts";
import { dataDir } from "./data-dir.ts";
import { historyStoreContract } from "./history-store.contract.ts";
import { postponedContract } from "./postponed.contract.ts";
import { queueStoreContract } from "./queue-store.contract.ts";
import { senderStoreContract } from "./sender-store.contract.ts";
import { siteStoreContract } from "./site-store.contract.ts";

const sqlite = { name: "sqlite", open: async () => openSqlite({ dir: await dataDir() }) };
queueStoreContract(sqlite);
bodyContract(sqlite);
historyStoreContract(sqlite);
postponedContract(sqlite);
siteStoreContract(sqlite);
senderStoreContract(sqlite);
