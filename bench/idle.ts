// What sessions cost that only wait: opens many, greets with EHLO, and prints the server's memory for each of them, and its
// CPU time while they wait. Needs as many open files as sessions: `ulimit -n`.
// node bench/idle.ts [sessions] [seconds]
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startServer } from "./lib/receiving.ts";

interface Usage {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuMs: number;
}

const [first = "10000", seconds = "10"] = process.argv.slice(2);
if (first === "server") await serve();
else await measure(Number(first), Number(seconds));

async function measure(sessions: number, seconds: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-idle-"));
  const server = fork(fileURLToPath(import.meta.url), ["server", dir], { execArgv: ["--expose-gc"] });
  const ask = async (): Promise<unknown> => {
    server.send("usage");
    return (await once(server, "message"))[0];
  };
  const [port] = (await once(server, "message")) as [number];
  const some = await openSessions(port, 100); // until the code is compiled
  const before = (await ask()) as Usage;
  const sockets = await openSessions(port, sessions);
  const opened = (await ask()) as Usage;
  await sleep(seconds * 1_000);
  const idle = (await ask()) as Usage;
  const each = (bytes: number): string => `${(bytes / sessions / 1_024).toFixed(1)} KiB`;
  console.log(
    `${sessions} idle sessions: ${each(opened.rssBytes - before.rssBytes)} of memory each ` +
      `(${each(opened.heapBytes - before.heapBytes)} of them in JavaScript's heap), ` +
      `${Math.round((opened.cpuMs - before.cpuMs) * (1_000 / sessions))} µs CPU to open one, ` +
      `${((idle.cpuMs - opened.cpuMs) / seconds / 10).toFixed(1)} % of a core while they wait`,
  );
  for (const socket of [...some, ...sockets]) socket.destroy();
  server.disconnect();
  await once(server, "exit");
  await rm(dir, { recursive: true });
}

async function openSessions(port: number, sessions: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let left = sessions; left > 0; left -= 100)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(left, 100) }, () => greet(port)))));
  return sockets;
}

/** Resolves when the answer to EHLO is there. */
function greet(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").on("error", reject);
    socket.once("data", () => {
      socket.write("EHLO client.test\r\n");
      socket.once("data", () => resolve(socket));
    });
  });
}

/** The other process. */
async function serve(): Promise<void> {
  const { port } = await startServer(process.argv[3]!);
  process.on("message", () => {
    globalThis.gc!();
    const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    process.send!({ rssBytes, heapBytes, cpuMs: (user + system) / 1_000 } satisfies Usage);
  });
  process.on("disconnect", () => process.exit());
  process.send!(port);
}
