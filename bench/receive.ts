// CPU time that receiving costs per message, with the real sessions and the real front door, a store that keeps at once, and
// no delivery. The other process is a client that awaits each reply. The least of the rounds is what the work costs; the
// median, what it costs on this machine now. Large bodies go to files in the system's folder for temporary files.
// node bench/receive.ts [kept|each: connections] [sizeBytes] [recipients] [sessions] [messages per round] [rounds]
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Batch, median, startServer } from "./lib/receiving.ts";

const [mode = "kept", ...numbers] = process.argv.slice(2);
if (mode === "client") process.on("message", (batch: Batch) => void sendBatch(batch).then(() => process.send!("sent")));
else await measure(mode === "kept", ...numbers.map(Number));
process.on("disconnect", () => process.exit());

async function measure(
  keepsConnections: boolean,
  sizeBytes = 1_024,
  recipients = 1,
  sessions = 20,
  messages = Math.ceil(20_000_000 / (sizeBytes + 4_000)),
  rounds = 7,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-receive-"));
  const server = await startServer(dir);
  const client = fork(fileURLToPath(import.meta.url), ["client"]);
  const batch: Batch = { port: server.port, keepsConnections, sizeBytes, recipients, sessions, messages };
  const costs: { cpu: number; kernel: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const cpu = process.cpuUsage();
    client.send(batch);
    await once(client, "message");
    const { user, system } = process.cpuUsage(cpu);
    // in the first, the code is compiled
    if (round > 0) costs.push({ cpu: (user + system) / messages, kernel: system / messages });
  }
  const cpu = costs.map((cost) => cost.cpu);
  const kernel = costs.map((cost) => cost.kernel);
  console.log(
    `${sizeBytes} bytes to ${recipients}, ${sessions} sessions, connections ${keepsConnections ? "kept" : "for each message"}: ` +
      `µs CPU per message: least ${Math.round(Math.min(...cpu))}, median ${Math.round(median(cpu))} ` +
      `(${Math.round(median(kernel))} in the kernel)`,
  );
  client.disconnect();
  await server.close();
  await rm(dir, { recursive: true });
}

/** As Postfix's smtp-source does: sessions side by side, each of them one command after the other. */
async function sendBatch(batch: Batch): Promise<void> {
  let left = batch.messages;
  const session = async (): Promise<void> => {
    while (left > 0)
      await converse(batch, () => {
        left -= 1;
        return left >= 0;
      });
  };
  await Promise.all(Array.from({ length: batch.sessions }, session));
}

/** One connection; `next` answers whether one more message is to be sent. */
function converse({ port, keepsConnections, sizeBytes, recipients }: Batch, next: () => boolean): Promise<void> {
  const rcpts = Array.from({ length: recipients }, (_, i) => `RCPT TO:<${i + 1}to@bench.test>\r\n`);
  const header = "From: <from@src.test>\r\nTo: <to@bench.test>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n";
  const line = `${"X".repeat(78)}\r\n`;
  const lines = Math.max(1, Math.round((sizeBytes - header.length - 40) / line.length));
  const content = Buffer.from(`${header}Message-ID: <1234.5678@src.test>\r\n\r\n${line.repeat(lines)}.\r\n`);
  const mail = ["MAIL FROM:<from@src.test>\r\n", ...rcpts, "DATA\r\n", content];
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let commands: (string | Buffer)[] = ["EHLO client.test\r\n"];
    let at = 0;
    socket
      .setEncoding("latin1")
      .on("error", reject)
      .on("close", () => resolve());
    socket.on("data", (reply: string) => {
      if (!/^[23]\d\d /m.test(reply)) return void socket.destroy(new Error(reply));
      if (at === commands.length) {
        at = 0;
        const isFirst = commands !== mail;
        if (commands[0] === "QUIT\r\n") return void socket.end();
        commands = (isFirst || keepsConnections) && next() ? mail : ["QUIT\r\n"];
      }
      socket.write(commands[at++]!, "latin1");
    });
  });
}
