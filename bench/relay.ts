// Messages relayed per second, from the client's first connection until the next hop has acknowledged the last recipient;
// CPU time and memory of the server. Needs nothing but the project; clients and next hop are Node, too, and share the
// machine, so that the figures are lower than beside leaner ones.
// node bench/relay.ts [runs] [workload ...]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { cpuOf, memoryOf, startServer } from "./lib/server.ts";
import { startSink } from "./lib/sink.ts";
import { type Workload, workloads } from "./lib/workloads.ts";

const [runs = "3", ...wanted] = process.argv.slice(2);
const port = 12_525;
const warmUpMessages = 500;

interface Run {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly anonymousMb: number;
  readonly residentMb: number;
}

async function run({ load, sinkDelayMs = 0 }: Workload): Promise<Run> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-bench-"));
  try {
    await using sink = await startSink({ delayMs: sinkDelayMs });
    await using server = await startServer(await relayConfig(dir, { port, sink: sink.port }), port);
    await startLoad({ port, messages: warmUpMessages, sessions: 20, bytes: 1_024 });
    await sink.reached(warmUpMessages);
    const recipients = load.messages * (load.recipients ?? 1);
    const [startedAt, cpuBefore] = [performance.now(), await cpuOf(server.pid)];
    const { refused } = await startLoad({ ...load, port });
    if (refused > 0) throw new Error(`${refused} messages were refused`);
    await sink.reached(warmUpMessages + recipients);
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuMs = (((await cpuOf(server.pid)) - cpuBefore) * 1_000) / load.messages;
    return { perSecond: load.messages / seconds, cpuMs, ...(await memoryOf(server.pid)) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

console.log(
  "| | what | messages/s | CPU ms per message | memory MB, anonymous | resident |\n|---|---|---|---|---|---|",
);
for (const workload of workloads) {
  if (wanted.length > 0 && !wanted.includes(workload.name)) continue;
  const all: Run[] = [];
  for (let i = 0; i < Number(runs); i++) all.push(await run(workload));
  const of = (value: (run: Run) => number, digits = 0): string => median(all.map(value)).toFixed(digits);
  const { name, what } = workload;
  console.log(
    `| ${name} | ${what} | ${of((r) => r.perSecond)} | ${of((r) => r.cpuMs, 2)} | ${of((r) => r.anonymousMb)} | ${of((r) => r.residentMb)} |`,
  );
}
