// CPU time that delivering costs per message, to a next hop that offers PIPELINING and takes everything at once.
// node bench/deliver.ts [messages] [connections] [inFlight] [sizeBytes] [recipients]
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { realWorld } from "../src/base/world.ts";
import { createDeliverer, type Task } from "../src/deliver/deliver.ts";
import type { Address } from "../src/mail/address.ts";
import type { QueueId } from "../src/mail/message.ts";

const [messages = "50000", connections = "4", inFlight = "100", sizeBytes = "1024", recipients = "1"] =
  process.argv.slice(2);
if (messages === "next-hop") startNextHop();
else await measure();

async function measure(): Promise<void> {
  const nextHop = fork(fileURLToPath(import.meta.url), ["next-hop"]);
  const [port] = (await once(nextHop, "message")) as [number];
  const deliverer = createDeliverer({
    hostname: "bench.test",
    maxConnections: 100,
    maxConnectionsPerSite: Number(connections),
    maxMessagesPerConnection: 1_000,
    idleTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    world: realWorld(),
  });
  const next = tasks(port);
  const deliverOne = async (): Promise<void> => {
    const outcomes = await deliverer.deliver(next(), new AbortController().signal);
    const failed = outcomes.find(({ kind }) => kind !== "delivered");
    if (failed) throw new Error(JSON.stringify(failed));
  };
  const deliverAll = async (count: number): Promise<void> => {
    let left = count;
    const sender = async (): Promise<void> => {
      while (left-- > 0) await deliverOne();
    };
    await Promise.all(Array.from({ length: Number(inFlight) }, sender));
  };

  const rounds = 20;
  const perRound = Math.ceil(Number(messages) / rounds);
  const costs: number[] = [];
  await deliverAll(Math.min(2 * perRound, 5_000)); // until the code is compiled
  const before = { at: performance.now(), cpu: process.cpuUsage() };
  for (let round = 0; round < rounds; round += 1) {
    const cpu = process.cpuUsage();
    await deliverAll(perRound);
    const { user, system } = process.cpuUsage(cpu);
    costs.push((user + system) / perRound);
  }
  const { system } = process.cpuUsage(before.cpu);
  const seconds = (performance.now() - before.at) / 1_000;
  costs.sort((a, b) => a - b);
  console.log(
    `${sizeBytes} bytes to ${recipients}, ${connections} connections, ${inFlight} in flight: ` +
      `${Math.round(costs[rounds / 2]!)} µs CPU per message (best round ${Math.round(costs[0]!)}; ` +
      `kernel ${Math.round(system / (rounds * perRound))}), ${Math.round((rounds * perRound) / seconds)} messages/s`,
  );
  await deliverer[Symbol.asyncDispose]();
  nextHop.disconnect();
}

/** Gives a new message each time. */
function tasks(port: number): () => Task {
  const line = `${"x".repeat(70)}\r\n`;
  const content = Buffer.from(line.repeat(Math.ceil(Number(sizeBytes) / line.length)));
  const hosts = [{ name: "127.0.0.1", addresses: ["127.0.0.1"], port }];
  let count = 0;
  return () => {
    count += 1;
    return {
      hop: { kind: "smtp", site: "bench", hosts, tls: "never", implicitTls: false },
      message: {
        queueId: String(count) as QueueId,
        receivedAt: Date.now(),
        reversePath: "from@src.test" as Address,
        bodyType: "7bit",
        smtpUtf8: false,
        sizeBytes: content.length,
        eightBit: false,
      },
      recipients: Array.from({ length: Number(recipients) }, (_, i) => ({ address: `${i}to@bench.test` as Address })),
      open: async () => piecesOf(content),
    };
  };
}

/** As stores do: 128 KiB at a time. */
async function* piecesOf(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 131_072) yield content.subarray(at, at + 131_072);
}

/** The other process: answers what came in one write. */
function startNextHop(): void {
  const server = createServer({ noDelay: true }, (socket) => serve(socket));
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit());
}

const extensions = "250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n";

function serve(socket: Socket): void {
  let unread = "";
  let isContent = false;
  const answerTo = (line: string): string => {
    if (isContent) {
      isContent = line !== ".";
      return isContent ? "" : "250 2.0.0 queued\r\n";
    }
    const verb = line.slice(0, 4);
    isContent = verb === "DATA";
    return (
      { EHLO: extensions, MAIL: "250 2.1.0 ok\r\n", RCPT: "250 2.1.5 ok\r\n", DATA: "354 go\r\n" }[verb] ??
      "221 bye\r\n"
    );
  };
  socket.setEncoding("latin1");
  socket.on("error", () => socket.destroy());
  socket.on("data", (text: string) => {
    const end = "\r\n.\r\n";
    unread += text;
    let answers = "";
    let at = 0;
    while (at < unread.length) {
      if (isContent && !unread.startsWith(".\r\n", at)) {
        const dot = unread.indexOf(end, at);
        at = dot < 0 ? Math.max(at, unread.length - end.length) : dot + 2;
        if (dot < 0) break;
      }
      const lineEnd = unread.indexOf("\r\n", at);
      if (lineEnd < 0) break;
      answers += answerTo(unread.slice(at, lineEnd));
      at = lineEnd + 2;
    }
    unread = unread.slice(at);
    if (answers !== "") socket.write(answers, "latin1");
  });
  socket.write("220 bench\r\n");
}
