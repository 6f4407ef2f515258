// A queue of a million deferred deliveries to 1,000 domains, some of them dead: memory, start, drain, answers, intake.
// node bench/million.ts [deliveries] [seconds of drain to watch]     (half a megabyte of disk per 200 deliveries)
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../src/mail/address.ts";
import type { QueueId } from "../src/mail/message.ts";
import type { QueueStore } from "../src/queue/store.ts";
import { openSqlite } from "../src/storage/sqlite/store.ts";
import { memoryOf, startServer } from "./lib/server.ts";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { startSink } from "./lib/sink.ts";

const [count = "1000000", seconds = "30"] = process.argv.slice(2);
const deliveries = Number(count);
/** The others are due in one to five hours. */
const dueNow = Math.min(deliveries, 100_000);
const domains = 1_000;
const deadDomains = 50;
const body = Buffer.from(`Subject: one of many\r\n\r\n${"x".repeat(70)}\r\n`.padEnd(1_022, "y") + "\r\n");

const domainOf = (n: number): string => {
  const i = n % domains;
  return i < deadDomains ? `d${i}.dead.test` : `d${i}.live.test`;
};

async function fill(store: QueueStore): Promise<void> {
  const by = "filler";
  const now = Date.now();
  const because = {
    kind: "unreachable",
    problem: "refused",
    host: { name: "mx.test" },
    text: "connection refused",
  } as const;
  const one = async (n: number): Promise<void> => {
    const queueId = String(n).padStart(14, "0") as QueueId;
    const from = `sender@s${n % 20}.test` as Address;
    const facts = { bodyType: "8bitmime", smtpUtf8: false, eightBit: false, sizeBytes: body.length } as const;
    const message = { queueId, receivedAt: now, reversePath: from, ...facts };
    const recipients = [{ address: `user${n}@${domainOf(n)}` as Address }];
    const client = { address: "192.0.2.1", port: 40_000, protocol: "ESMTP" } as const;
    const to = recipients.map(({ address }) => address);
    const received = { kind: "received", at: now, queueId, from, to, client, sizeBytes: body.length } as const;
    const kept = { message, body, recipients, expiresAt: now + 432_000_000, events: [received] };
    const [delivery] = await store.keep(kept, { by, until: now + 3_600_000 });
    const next = {
      kind: "deferred",
      dueAt: n < dueNow ? now - (n % 600) * 1_000 : now + (1 + (n % 5)) * 3_600_000,
      because,
      delayNoticeSent: false,
      attempted: true,
    } as const;
    const deferred = {
      kind: "deferred",
      at: now,
      queueId,
      to: to[0]!,
      because,
      attempt: 1,
      retryAt: now,
      steps: [],
    } as const;
    await store.settle([{ deliveryId: delivery!.deliveryId, by, next }], [deferred], []);
  };
  for (let n = 0; n < deliveries; n += 500)
    await Promise.all(Array.from({ length: Math.min(500, deliveries - n) }, (_, i) => one(n + i)));
}

const seconds1 = (from: number): string => `${((performance.now() - from) / 1_000).toFixed(1)} s`;

const port = 12_525;
const intake = { port, messages: 5_000, sessions: 20, bytes: 1_024 } as const;
const dir = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "waybill-million-"));
const dataDir = join(dir, "data");
try {
  {
    await using sink = await startSink();
    await using _ = await startServer(await relayConfig(dir, { port, sink: sink.port }), port);
    await startLoad({ ...intake, messages: 2_000 }); // warm-up
    const { seconds } = await startLoad(intake);
    console.log(`with an empty queue it takes ${Math.round(intake.messages / seconds)} messages/s`);
  }
  await rm(dataDir, { recursive: true });
  let startedAt = performance.now();
  {
    await using store = await openSqlite({ dir: dataDir });
    await fill(store);
  }
  console.log(`filled with ${deliveries} deferred deliveries to ${domains} domains in ${seconds1(startedAt)}`);

  await using sink = await startSink();
  const config = join(dir, "waybill.toml");
  await writeFile(
    config,
    `hostname = "bench.test"
data_dir = "${dataDir}"
[[listen]]
address = "127.0.0.1:${port}"
tls = "none"
[[route]]
to = "*.dead.test"
host = "127.0.0.1"
port = 1
tls = "never"
[[route]]
host = "127.0.0.1"
port = ${sink.port}
tls = "never"
[receive]
max_connections_per_address = 1000
[log]
file = "${join(dir, "log")}"
format = "json"
`,
  );
  startedAt = performance.now();
  await using server = await startServer(config, port);
  console.log(`listens after ${seconds1(startedAt)}`);
  await sink.reached(1);
  console.log(`first delivery after ${seconds1(startedAt)}`);

  let peak = 0;
  let last = await sink.count();
  for (let second = 1; second <= Number(seconds); second++) {
    const at = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = await sink.count();
    const { residentMb } = await memoryOf(server.pid);
    peak = Math.max(peak, residentMb);
    if (second % 5 === 0 || second <= 2)
      console.log(
        `second ${second}: ${Math.round((now - last) / ((performance.now() - at) / 1_000))} deliveries/s, ${residentMb} MB resident`,
      );
    last = now;
    if (now >= dueNow * (1 - deadDomains / domains)) break;
  }
  for (const command of [
    ["queue", "--limit", "20"],
    ["queue", "--domain", "d77.live.test", "--limit", "5"],
    ["trace", `user${deliveries - 23}@${domainOf(deliveries - 23)}`],
  ]) {
    const at = performance.now();
    const child = spawn(process.execPath, ["bin/waybill", ...command, "--config", config], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = await once(child, "exit");
    console.log(`waybill ${command.join(" ")}: ${seconds1(at)}, exit ${code}`);
  }
  const before = await sink.count();
  const load = await startLoad(intake);
  console.log(
    `takes ${Math.round(intake.messages / load.seconds)} messages/s meanwhile; delivered meanwhile: ${(await sink.count()) - before}`,
  );
  console.log(`most resident memory: ${Math.max(peak, (await memoryOf(server.pid)).residentMb)} MB`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
