// A process that keeps and settles messages until it is killed; prints a line for each promise that the store has made.
// node keep-until-killed.ts DATA_DIR
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { claim, compose, content, delivered, done, mail, received, bob } from "./mail.ts";

const store = await openSqlite({ dir: process.argv[2]!, largeBytes: 3_000 });
let n = 0;

async function keep(): Promise<void> {
  for (;;) {
    const mine = ++n;
    const body = await compose(store, content((mine * 997) % 6_000));
    await store.keep(mail(mine, { body, events: [received(mine, [bob])] }));
    process.stdout.write(`kept ${mine}\n`);
  }
}

async function settle(): Promise<void> {
  for (;;)
    for (const { deliveryId, message } of await claim(store, { limit: 5 })) {
      const notice = mail(1_000_000 + message.receivedAt, { body: Buffer.from("notice") });
      await store.settle(
        [done(deliveryId)],
        [delivered(message.receivedAt, bob)],
        message.receivedAt < 1_000_000 ? [notice] : [],
      );
      process.stdout.write(`settled ${message.receivedAt}\n`);
    }
}

await Promise.all([...Array.from({ length: 20 }, keep), settle()]);
