// Where the time of a message goes: the server's CPU profile under a workload, by stage of the journey and by function.
// node bench/profile.ts [workload] [functions]
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { startServer } from "./lib/server.ts";
import { startSink } from "./lib/sink.ts";
import { stageTimes } from "./lib/stages.ts";
import { workloads } from "./lib/workloads.ts";

const [name = "W2", functions = "15"] = process.argv.slice(2);
const workload = workloads.find((workload) => workload.name === name);
if (workload === undefined)
  throw new Error(`no workload ${name}; there are ${workloads.map((w) => w.name).join(", ")}`);
const { load, sinkDelayMs = 0, what } = workload;
const port = 12_525;

const dir = await mkdtemp(join(tmpdir(), "waybill-profile-"));
try {
  {
    await using sink = await startSink({ delayMs: sinkDelayMs });
    const config = await relayConfig(dir, { port, sink: sink.port });
    await using _ = await startServer(config, port, ["--cpu-prof", `--cpu-prof-dir=${dir}`]);
    await startLoad({ ...load, port });
    await sink.reached(load.messages * (load.recipients ?? 1));
  }
  const profiles = (await readdir(dir)).filter((file) => file.endsWith(".cpuprofile")).toSorted();
  console.log(
    `${name}: ${what}; ${load.messages} messages. Microseconds of wall-clock time per message, start included`,
  );
  const [main, ...threads] = await Promise.all(profiles.map((file) => stageTimes(join(dir, file))));
  const perMessage = (ms: number): string => ((ms * 1_000) / load.messages).toFixed(1).padStart(8);
  for (const [title, times] of [
    ["main thread", main!] as const,
    ...threads.map((t) => ["storage thread", t] as const),
  ]) {
    console.log(`\n${perMessage(times.busyMs)}  ${title}`);
    for (const [stage, ms] of times.stages) console.log(`${perMessage(ms)}    ${stage}`);
  }
  console.log("\nFunctions of the main thread:");
  for (const [what, ms] of main!.functions.slice(0, Number(functions))) console.log(`${perMessage(ms)}    ${what}`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
