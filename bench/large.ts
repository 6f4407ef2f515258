// Large messages at once: how much memory they cost, and whether anyone else is held up: meanwhile small messages come at
// an even pace, to a next hop of their own and to the one of the large messages.
// node bench/large.ts [megabytes] [messages at once]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startClients } from "./lib/clients.ts";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { memoryOf, startServer } from "./lib/server.ts";
import { type Sink, startSink } from "./lib/sink.ts";
import { spread, tally } from "./lib/tally.ts";
import { now } from "./lib/times.ts";

const [megabytes, messages] = [Number(process.argv[2] ?? 50), Number(process.argv[3] ?? 100)];
const port = 12_525;
const quietMs = 5_000;
const pace = { perSecond: 20, mostOpen: 1_000 } as const;
const warmUpMessages = 1_000;

/** Small messages while something goes on; answers their row of the table. */
async function small(title: string, to: { sink: Sink; domain: string }, goesOn: Promise<unknown>): Promise<string> {
  const clients = await startClients({ port, domain: to.domain, bytes: 1_024, ...pace });
  await goesOn;
  const { accepted, lost, acceptedMs, arrivedMs } = await tally(to.sink, await clients.stop());
  return `| ${title} | ${accepted} | ${lost} | ${spread(acceptedMs)} | ${spread(arrivedMs)} |`;
}

const dir = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "waybill-large-"));
try {
  await using sink = await startSink({ records: true });
  await using other = await startSink({ records: true });
  const sinks = { "quiet.test": other.port, "other.test": other.port };
  await using server = await startServer(await relayConfig(dir, { port, sink: sink.port, sinks }), port);
  await startLoad({ port, messages: warmUpMessages, sessions: 10, bytes: 1_024 });
  const quiet = await small("nothing else", { sink: other, domain: "quiet.test" }, sleep(quietMs));
  const { residentMb } = await memoryOf(server.pid);

  const startedAt = now();
  const large = startLoad({ port, messages, sessions: messages, bytes: megabytes * 1024 ** 2 });
  const relayed = large.then(() => taken(sink, warmUpMessages + messages)).then(() => (now() - startedAt) / 1_000);
  const rows = await Promise.all([
    small("large ones, to another next hop", { sink: other, domain: "other.test" }, relayed),
    small("large ones, to the same next hop", { sink, domain: "same.test" }, relayed),
  ]);
  const [{ seconds, refused }, until] = [await large, await relayed];
  console.log(
    `${messages} messages of ${megabytes} MB at once: accepted in ${seconds.toFixed(1)} s (${refused} refused), ` +
      `all relayed after ${until.toFixed(1)} s, ${Math.round((messages * megabytes) / until)} MB/s\n` +
      `resident memory: ${residentMb} MB before, ${(await memoryOf(server.pid)).peakMb} MB at its peak\n\n` +
      "| small messages, 20 a second, a connection for each, beside | accepted | lost | ms to the 250: median / p99 / worst | ms to the next hop |\n" +
      `|---|---|---|---|---|\n${[quiet, ...rows].join("\n")}`,
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}

/** So many of the messages that have no number. */
async function taken(sink: Sink, count: number): Promise<void> {
  while ((await sink.arrivals()).filter(({ to }) => to === "to@bench.test").length < count) await sleep(50);
}
