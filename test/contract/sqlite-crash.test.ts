// kill -9 in the middle of work: every promise that was made is kept.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openSqlite } from "../../src/storage/sqlite/store.ts";
import { bodyFiles, dataDir } from "./data-dir.ts";
import { bob, content, delivered, queueId, readBody, received } from "./mail.ts";

const script = new URL("./keep-until-killed.ts", import.meta.url).pathname;

/** What the process printed before it was killed, which is once it has printed `lines` lines. */
async function runAndKill(dir: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, dir], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (printed.length === 1)
      await assert.rejects(openSqlite({ dir }), new RegExp(`another Waybill \\(pid ${child.pid}\\) is using ${dir}`));
    if (printed.length === lines) child.kill("SIGKILL");
  }
  await exit;
  return printed;
}

for (const lines of [1, 50, 400])
  test(`sqlite: a process killed after ${lines} promises has kept them all`, async () => {
    const dir = await dataDir();
    const printed = await runAndKill(dir, lines);
    assert.ok(printed.length >= lines);
    const numbers = (word: string): number[] =>
      printed.flatMap((line) => (line.startsWith(word) ? Number(line.split(" ")[1]) : []));
    await using store = await openSqlite({ dir, largeBytes: 3_000 });
    await store.recover("after the crash");
    const queued = new Set((await store.list({}, 100_000)).map(({ message }) => message.receivedAt));
    const settled = new Set(numbers("settled"));
    for (const n of numbers("kept")) {
      if (settled.has(n)) continue;
      const story = await store.find({ queueId: queueId(n) }, 1);
      if (queued.has(n)) {
        assert.ok((await readBody(store, queueId(n))).equals(content((n * 997) % 6_000)), `body ${n}`);
        assert.deepEqual(story, [received(n, [bob])]);
      } else assert.deepEqual(story, [received(n, [bob]), delivered(n, bob)], `${n} was settled, unprinted`);
    }
    for (const n of settled) {
      assert.ok(!queued.has(n), `${n} is settled`);
      if (n < 1_000_000)
        assert.deepEqual(await store.find({ queueId: queueId(n) }, 1), [received(n, [bob]), delivered(n, bob)]);
    }
    for (const n of queued) assert.ok((await readBody(store, queueId(n))).length >= 0, "each has its body");
    const large = [...queued].filter((n) => n < 1_000_000 && (n * 997) % 6_000 > 3_000);
    assert.equal((await bodyFiles(dir)).length, large.length, "no file is left over");
  });
