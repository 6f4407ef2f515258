// How much memory a large message costs: sends some of them through a server of its own to a next hop that throws them away,
// and prints the server's resident memory before and at its peak.
// node bench/large.ts [megabytes] [messages at once]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [megabytes, messages] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 1)];

/** Takes any mail, keeps nothing, counts. */
let taken = 0;
const allTaken = Promise.withResolvers<void>();
const sink = createServer((socket) => {
  let tail = "";
  let inContent = false;
  socket.on("error", () => socket.destroy());
  socket.write("220 sink\r\n");
  socket.on("data", (bytes) => {
    const text = tail + bytes.toString("latin1");
    if (inContent && !text.endsWith("\r\n.\r\n")) return void (tail = text.slice(-4));
    tail = "";
    if (inContent && ++taken === messages) allTaken.resolve();
    const isData = !inContent && /^DATA\r\n/im.test(text);
    socket.write(isData ? "354 go on\r\n" : "250 ok\r\n");
    inContent = isData;
  });
});
sink.listen(0, "127.0.0.1");
await once(sink, "listening");

const dir = await mkdtemp(join(tmpdir(), "waybill-large-"));
const free = createServer().listen(0, "127.0.0.1");
await once(free, "listening");
const { port } = free.address() as AddressInfo;
free.close();
await writeFile(
  join(dir, "waybill.toml"),
  `hostname = "bench.test"\ndata_dir = "${dir}/data"\n[[listen]]\naddress = "127.0.0.1:${port}"\n[[route]]\nhost = "127.0.0.1"\nport = ${(sink.address() as AddressInfo).port}\ntls = "never"\n[receive]\nmax_message_size = "1GB"\n`,
);
const server = spawn(
  process.execPath,
  [join(import.meta.dirname, "../bin/waybill"), "start", "-c", join(dir, "waybill.toml")],
  {
    stdio: "ignore",
  },
);

const memory = async (field: "VmRSS" | "VmHWM"): Promise<number> => {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
};

async function open(): Promise<Socket> {
  for (let tries = 0; ; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function send(): Promise<void> {
  const socket = await open();
  const ask = async (command: string): Promise<void> => {
    if (command !== "") socket.write(command);
    await once(socket, "data");
  };
  for (const command of ["", "EHLO x\r\n", "MAIL FROM:<a@x.test>\r\n", "RCPT TO:<b@y.test>\r\n", "DATA\r\n"])
    await ask(command);
  const block = Buffer.from(`${"x".repeat(62)}\r\n`.repeat(1_024));
  for (let sent = 0; sent < megabytes * 1024 ** 2; sent += block.length)
    if (!socket.write(block)) await once(socket, "drain");
  await ask(".\r\n");
  socket.end("QUIT\r\n");
}

try {
  (await open()).end("QUIT\r\n");
  const before = await memory("VmRSS");
  await Promise.all(Array.from({ length: messages }, send));
  await allTaken.promise;
  console.log(
    `${taken} of ${messages} messages of ${megabytes} MB relayed; resident ${before} MB before, ${await memory("VmHWM")} MB at most`,
  );
} finally {
  server.kill();
  await once(server, "exit");
  sink.close();
  await rm(dir, { recursive: true });
}
