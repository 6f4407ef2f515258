// One slow next hop beside a fast one: what does the fast one's mail notice? Half of the clients send to a next hop that
// takes all at once; the other half is away, or sends to another fast one (what sharing the machine costs), or to a slow one.
// node bench/mixed.ts [seconds] [sessions of each half] [ms that the slow one takes for each answer]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startClients } from "./lib/clients.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { memoryOf, startServer } from "./lib/server.ts";
import { startSink } from "./lib/sink.ts";
import { spread, tally } from "./lib/tally.ts";

const [seconds = 10, sessions = 25, delayMs = 1_000] = process.argv.slice(2).map(Number);
const port = 12_525;
const half = { port, bytes: 1_024, sessions } as const;

const dir = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "waybill-mixed-"));
try {
  await using fast = await startSink({ records: true });
  await using otherFast = await startSink();
  await using slow = await startSink({ delayMs });
  const sinks = { "other.test": otherFast.port, "slow.test": slow.port };
  await using server = await startServer(await relayConfig(dir, { port, sink: fast.port, sinks }), port);

  const row = async (domain: string, title: string, beside?: string): Promise<void> => {
    const other = beside === undefined ? undefined : await startClients({ ...half, domain: beside });
    const clients = await startClients({ ...half, domain });
    await sleep(seconds * 1_000);
    const [outcome, others] = await Promise.all([clients.stop(), other?.stop()]);
    const { accepted, lost, doubled, seconds: took, acceptedMs, arrivedMs } = await tally(fast, outcome);
    const rate = Math.round(accepted / took);
    const besides = Math.round((others?.sent.length ?? 0) / seconds);
    const { residentMb } = await memoryOf(server.pid);
    if (title !== "")
      console.log(
        `| ${title} | ${besides} | ${rate} | ${spread(acceptedMs)} | ${spread(arrivedMs)} | ${lost}, ${doubled} | ${residentMb} |`,
      );
  };
  await row("warm.test", ""); // until the code is compiled
  console.log(
    `${sessions} sessions send 1 KiB messages to a fast next hop, as many to another; ${seconds} s each, one after the other\n` +
      "| the others send to | others accepted/s | relayed/s to the fast one | ms to the 250: median / p99 / worst | ms to the next hop | lost, doubled | resident MB |\n" +
      "|---|---|---|---|---|---|---|",
  );
  await row("alone.test", "nobody");
  await row("beside-fast.test", "another fast one", "other.test");
  await row("beside-slow.test", `one that answers ${delayMs} ms late`, "slow.test");
  console.log(`the slow one took ${await slow.count()} meanwhile`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
