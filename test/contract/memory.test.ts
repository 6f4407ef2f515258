import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreFull } from "../../src/queue/store.ts";
import { openMemory } from "../../src/storage/memory/store.ts";
import { bodyContract } from "./body.contract.ts";
import { countStoreContract } from "./count-store.contract.ts";
import { historyStoreContract } from "./history-store.contract.ts";
import { claim, compose, content, done, mail } from "./mail.ts";
import { postponedContract } from "./postponed.contract.ts";
import { queueStoreContract } from "./queue-store.contract.ts";
import { senderStoreContract } from "./sender-store.contract.ts";
import { siteStoreContract } from "./site-store.contract.ts";

const memory = { name: "memory", open: async () => openMemory() };
queueStoreContract(memory);
bodyContract(memory);
historyStoreContract(memory);
postponedContract(memory);
siteStoreContract(memory);
senderStoreContract(memory);
countStoreContract(memory);

test("memory: a full store says so, and goes on when a message has left", async () => {
  const store = openMemory({ maxBytes: 1_000 });
  await store.keep(mail(1, { body: await compose(store, content(700)) }));
  const writer = store.compose();
  await assert.rejects(async () => writer.write(content(301)), StoreFull);
  await assert.rejects(writer.finish(), StoreFull);
  await assert.rejects(store.keep(mail(2, { body: content(301) })), StoreFull);
  await assert.rejects(compose(store, content(200), content(101)), StoreFull, "what is on top counts, too");
  const fits = store.compose();
  await fits.write(content(200));
  await fits.finish(content(100));
  await fits.discard();
  assert.equal((await store.list({}, 10)).length, 1);
  const [delivery] = await claim(store);
  await store.settle([done(delivery!.deliveryId)], [], []);
  await store.keep(mail(3, { body: await compose(store, content(1_000)) }));
});
