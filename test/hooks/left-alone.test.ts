// A hook that leaves a promise alone, in a server of its own process: neither the main thread nor another one may die of it.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NodeProcess } from "../nodes/node-process.ts";
import { startWatchingSink } from "../nodes/watching-sink.ts";
import { sendLetter } from "../support/smtp-client.ts";

const hook = `
import { threadId } from "node:worker_threads";
async function forgotten() {
  throw new Error("left alone in thread " + threadId);
}
export const checks = [
  {
    name: "forgetful",
    phase: "connect",
    judge() {
      void forgotten();
      return { kind: "nothing" };
    },
  },
];
`;

test("a promise that a hook leaves alone is told of with its stack, and the server goes on", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "waybill-left-"));
  t.after(() => rm(dir, { recursive: true }));
  const module = join(dir, "hook.mjs");
  await writeFile(module, hook);
  const logFile = join(dir, "log");
  await using sink = await startWatchingSink(1);
  const threads = process.platform === "linux" ? 2 : 1; // only Linux spreads connections
  await using server = await NodeProcess.start({
    sinkPort: sink.port,
    dir,
    threads,
    logFile,
    more: `[hooks]\nmodules = ["${module}"]`,
  });
  const send = (n: number): Promise<string> =>
    sendLetter(server.port, { from: "ann@sender.test", to: [`ben${n}@there.test`], content: "Hi\r\n" });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => send(n)));
  assert.deepEqual(
    answers.filter((answer) => !answer.startsWith("250 ")),
    [],
  );
  await sink.recipients(30);
  await server.stop(); // what is logged is written
  const lines = (await readFile(logFile, "utf8")).trim().split("\n");
  const told = lines.map((line) => JSON.parse(line) as { level: number; msg: string; err?: { stack: string } });
  const faults = told.filter(({ msg }) => msg.startsWith("a promise was rejected"));
  assert.equal(faults.length, 30);
  for (const { level, err } of faults) {
    assert.equal(level, 50);
    assert.match(err?.stack ?? "", /left alone in thread \d+\n +at forgotten .*hook\.mjs/);
  }
  const inThreads = new Set(faults.map(({ err }) => /thread \d+/.exec(err!.stack)![0]));
  assert.equal(inThreads.size, threads);
});
