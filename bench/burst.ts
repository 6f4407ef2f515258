// Far more mail than can be carried: W1 (1 KiB, a connection per message) at ten times the rate that clients who wait for
// their replies reach. Is everything that was accepted relayed, once, and is the rate as before afterwards?
// node bench/burst.ts [seconds] [times the rate]
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startClients } from "./lib/clients.ts";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { memoryOf, startServer } from "./lib/server.ts";
import { type Sink, startSink } from "./lib/sink.ts";
import { spread, tally } from "./lib/tally.ts";
import { workloads } from "./lib/workloads.ts";

const [seconds, times] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 10)];
const port = 12_525;
const { load } = workloads.find(({ name }) => name === "W1")!;
const warmUps = 2;
/** Files that a process has open besides its connections. */
const otherFiles = 200;

/** Messages relayed per second by clients who wait. */
async function rate(sink: Sink): Promise<number> {
  const [before, startedAt] = [await sink.count(), performance.now()];
  await startLoad({ ...load, port });
  await sink.reached(before + load.messages);
  return load.messages / ((performance.now() - startedAt) / 1_000);
}

async function openFiles(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 1_024);
}

const dir = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "waybill-burst-"));
try {
  await using sink = await startSink({ records: true });
  await using server = await startServer(await relayConfig(dir, { port, sink: sink.port }), port);
  for (let i = 0; i < warmUps; i++) await rate(sink);
  const before = await rate(sink);
  const memoryBefore = await memoryOf(server.pid);

  const perSecond = Math.round(before * times);
  const mostOpen = Math.min(15_000, (await openFiles()) - otherFiles);
  const clients = await startClients({ port, domain: "burst.test", bytes: load.bytes, perSecond, mostOpen });
  await sleep(seconds * 1_000);
  const outcome = await clients.stop();
  const { accepted, replies, unanswered, lost, doubled, acceptedMs, arrivedMs } = await tally(sink, outcome);
  const { peakMb } = await memoryOf(server.pid);
  const after = await rate(sink);
  const putOff = [...replies].map(([code, count]) => `${count} with ${code}`).join(", ") || "none";
  console.log(
    `before: ${before.toFixed(0)} messages/s. Then ${seconds} s with ${perSecond} clients a second:

| clients | ${outcome.sent.length + outcome.stayedAway} of ${perSecond * seconds} |
|---|---|
| accepted | ${accepted} |
| put off by a reply | ${putOff} |
| heard no reply, 30 s after the last came | ${unanswered} |
| stayed away, with ${mostOpen} connections open | ${outcome.stayedAway} |
| accepted, but lost | ${lost} |
| relayed twice | ${doubled} |
| ms to the 250: median / p99 / worst | ${spread(acceptedMs)} |
| ms to the next hop | ${spread(arrivedMs)} |
| resident MB: before, peak, after | ${memoryBefore.residentMb}, ${peakMb}, ${(await memoryOf(server.pid)).residentMb} |
| messages/s afterwards | ${after.toFixed(0)}, ${(after / before).toFixed(2)} of before |`,
  );
  if (lost + doubled > 0) process.exitCode = 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}
