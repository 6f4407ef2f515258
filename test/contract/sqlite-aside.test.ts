// What the database can never take does not keep other mail from going on, and is not lost.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { triesInService } from "../../src/storage/sqlite/aside.ts";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { crashed, dataDir } from "./data-dir.ts";
import { deferred, mail, queueId } from "./mail.ts";

const lease = { by: "worker", until: 1_000_000 };
/** No time of the clock: a column of whole numbers does not take it. */
const never = { dueAt: 1.5 };

async function aside(dir: string): Promise<string> {
  const files = await readdir(join(dir, "aside"));
  return (await Promise.all(files.map((file) => readFile(join(dir, "aside", file), "latin1")))).join("");
}

test("a record that the database cannot take is put aside at the start, and told of", async () => {
  const dir = await dataDir();
  await using store = await openSqlite({ dir });
  const [first] = await store.keep(mail(1), lease);
  await store.settle([deferred(first!.deliveryId, never)], [], []);
  await store.keep(mail(2, { body: Buffer.from("the next one") }));
  await store.keep({ ...mail(3, { body: Buffer.from("somebody's mail") }), expiresAt: 2.5 });
  await store.keep(mail(4));
  const copy = await crashed(dir);
  const said: string[] = [];
  await using again = await openSqlite({ dir: copy, onTrouble: (text) => said.push(text) });
  const queued = (await again.list({}, 10)).map(({ message }) => message.queueId);
  assert.deepEqual(queued, [queueId(1), queueId(2), queueId(4)]);
  assert.match(await aside(copy), /somebody's mail/);
  assert.ok(
    said.length >= 1 && said.every((text) => /cannot take a record .*: it is kept in .*aside/.test(text)),
    said.join(),
  );
});

test("in service it is tried for a while, for the database may be mended, and then put aside", async () => {
  const dir = await dataDir();
  const said: string[] = [];
  await using store = await openSqlite({ dir, onTrouble: (text) => said.push(text) });
  await store.keep({ ...mail(1), expiresAt: 2.5 });
  let refused = 0;
  for (let tries = 0; tries < triesInService - 2; tries += 1) {
    await store.list({}, 10);
    if (tries === 3) await store.keep(mail(2)).catch(() => (refused += 1));
  }
  assert.deepEqual([refused, said.length], [1, 0], "until then nothing more is promised");
  for (let tries = 0; tries < 3; tries += 1) await store.list({}, 10);
  await store.keep(mail(3));
  const queued = (await store.list({}, 10)).map(({ message }) => message.queueId);
  assert.deepEqual([queued, said.length], [[queueId(3)], 1]);
});
