// CPU time that receiving costs per message: the real sessions and the real front door, a store that keeps at once, no
// delivery. The other process is a client that awaits each reply. The least of the rounds is what the work costs; the
// median, what it costs on this machine now. Large bodies go to files in the system's folder for temporary files.
// node bench/receive.ts [kept|each: connections] [sizeBytes] [recipients] [sessions] [messages per round] [rounds]
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, startServer } from "./lib/receiving.ts";

/** What the client is to send. */
interface Batch {
  readonly port: number;
  readonly keepsConnections: boolean;
  readonly sizeBytes: number;
  readonly recipients: number;
  readonly sessions: number;
  readonly messages: number;
}

const [mode = "kept", ...numbers] = process.argv.slice(2);
if (mode === "client") process.on("message", (batch: Batch) => void sendBatch(batch).then(() => process.send!("sent")));
else await measure();
process.on("disconnect", () => process.exit());

async function measure(): Promise<void> {
  const keepsConnections = mode === "kept";
  const [sizeBytes = 1_024, recipients = 1, sessions = 20, ...more] = numbers.map(Number);
  const [messages = Math.ceil(20_000_000 / (sizeBytes + 4_000)), rounds = 7] = more;
  const dir = await mkdtemp(join(tmpdir(), "waybill-receive-"));
  const server = await startServer(dir);
  const client = fork(fileURLToPath(import.meta.url), ["client"]);
  const batch: Batch = { port: server.port, keepsConnections, sizeBytes, recipients, sessions, messages };
  const costs: { readonly cpu: number; readonly kernel: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = process.cpuUsage();
    client.send(batch);
    await once(client, "message");
    const { user, system } = process.cpuUsage(before);
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
  await server.close(0);
  await rm(dir, { recursive: true });
}

/** As Postfix's smtp-source does: sessions side by side, each of them one command after the other. */
async function sendBatch(batch: Batch): Promise<void> {
  const left = { messages: batch.messages };
  const session = async (): Promise<void> => {
    while (left.messages > 0) await converse(batch, () => left.messages-- > 0);
  };
  await Promise.all(Array.from({ length: batch.sessions }, session));
}

/** One connection; `next` answers whether one more message is to be sent. */
function converse(batch: Batch, next: () => boolean): Promise<void> {
  const { port, keepsConnections } = batch;
  const mail = commandsOf(batch);
  const quit = ["QUIT\r\n"];
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let commands: readonly (string | Buffer)[] = ["EHLO client.test\r\n"];
    let at = 0;
    socket.setEncoding("latin1");
    socket.on("error", reject).on("close", () => resolve());
    socket.on("data", (reply: string) => {
      if (!/^[23]\d\d /m.test(reply)) return void socket.destroy(new Error(reply));
      if (at === commands.length && commands === quit) return void socket.end();
      if (at === commands.length) {
        commands = (commands !== mail || keepsConnections) && next() ? mail : quit;
        at = 0;
      }
      socket.write(commands[at]!, "latin1");
      at += 1;
    });
  });
}

function commandsOf({ sizeBytes, recipients }: Batch): (string | Buffer)[] {
  const rcpts = Array.from({ length: recipients }, (_, i) => `RCPT TO:<${i + 1}to@bench.test>\r\n`);
  const header =
    "From: <from@src.test>\r\nTo: <to@bench.test>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n" +
    "Message-ID: <1234.5678@src.test>\r\n\r\n";
  const line = `${"X".repeat(78)}\r\n`;
  const lines = Math.max(1, Math.round((sizeBytes - header.length) / line.length));
  return ["MAIL FROM:<from@src.test>\r\n", ...rcpts, "DATA\r\n", Buffer.from(`${header}${line.repeat(lines)}.\r\n`)];
}
