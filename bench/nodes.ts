// Messages relayed per second by 1, 2 and 3 nodes on one PostgreSQL, and what each costs the nodes and the database.
// node bench/nodes.ts [messages] [sizeBytes] [sessions] [nodes, such as 1,2,3]
// The database is the one that WAYBILL_TEST_POSTGRES names, or one that is started for this. CPU figures need Linux.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { query, startPostgres, type TestPostgres } from "../test/contract/postgres-server.ts";
import { NodeProcess } from "../test/nodes/node-process.ts";

const [messages = "6000", size = "1024", sessions = "60", counts = "1,2,3"] = process.argv.slice(2);
const perSession = 50; // messages of one connection
const content = `Subject: bench\r\n\r\n${`${"x".repeat(62)}\r\n`.repeat(Math.ceil(Number(size) / 64))}.\r\n`;

/** Ticks of user and system time, its ended children included, of the processes whose parent is `pid`, and of itself. */
function cpuMs(pid: number): number {
  const ticksOf = (id: number | string): { parent: number; ticks: number } => {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]!.split(" ");
    return { parent: Number(fields[1]), ticks: [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) };
  };
  let sum = ticksOf(pid).ticks;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      const { parent, ticks } = ticksOf(id);
      if (parent === pid) sum += ticks;
    } catch {
      // it has just ended
    }
  return sum * 10;
}

/** Takes everything; counts messages. */
async function startSink(onMessage: () => void): Promise<{ port: number; close: () => void }> {
  const server = createServer({ noDelay: true }, (socket) => {
    let unread = "";
    let isContent = false;
    socket.setEncoding("latin1").write("220 sink.test\r\n");
    socket.on("error", () => socket.destroy());
    socket.on("data", (text: string) => {
      const lines = (unread + text).split("\r\n");
      unread = lines.pop()!;
      const replies = lines.flatMap((line) => {
        if (isContent && line !== ".") return [];
        if (isContent) onMessage();
        isContent = line === "DATA";
        return line.startsWith("EHLO") ? "250-sink.test\r\n250 PIPELINING" : isContent ? "354 go on" : "250 2.0.0 ok";
      });
      if (replies.length > 0) socket.write(`${replies.join("\r\n")}\r\n`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

const letterOf = (serial: number): string =>
  `MAIL FROM:<s${serial % 100}@s${serial % 20}.example>\r\nRCPT TO:<r${serial}@d${serial % 50}.example>\r\nDATA\r\n`;

/** Sends its part over connections of `perSession` messages each; a refused message is sent again. */
async function send(port: number, next: () => number | undefined): Promise<void> {
  for (let serial = next(); serial !== undefined;) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const replies = readReplies(socket);
    await replies.next();
    socket.write("EHLO bench.test\r\n");
    await replies.next();
    for (let n = 0; n < perSession && serial !== undefined; n++) {
      socket.write(letterOf(serial));
      for (let i = 0; i < 3; i++) await replies.next();
      socket.write(content);
      const { value } = await replies.next();
      if (String(value).startsWith("250")) serial = next();
    }
    socket.end("QUIT\r\n");
  }
}

async function* readReplies(socket: Socket): AsyncGenerator<string> {
  let text = "";
  for await (const bytes of socket) {
    text += String(bytes);
    for (let found; (found = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text)) !== null; text = text.slice(found[0].length))
      yield found[0];
  }
}

interface Usage {
  readonly databaseMs: number;
  readonly nodesMs: number;
  readonly commits: number;
  readonly walBytes: number;
}

async function usage(url: string, postmaster: number | undefined, nodes: readonly NodeProcess[]): Promise<Usage> {
  const [row] = await query(
    url,
    `SELECT xact_commit::float8 AS commits, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  return {
    databaseMs: postmaster === undefined ? NaN : cpuMs(postmaster),
    nodesMs: nodes.reduce((sum, { pid }) => sum + cpuMs(pid), 0),
    commits: Number(row!["commits"]),
    walBytes: Number(row!["wal"]),
  };
}

async function measure(server: TestPostgres, count: number, postmaster: number | undefined): Promise<void> {
  const url = await server.newDatabase();
  let taken = 0;
  const all = Promise.withResolvers<void>();
  const wanted = Number(messages);
  const sink = await startSink(() => ++taken === wanted && all.resolve());
  const options = { databaseUrl: url, sinkPort: sink.port, nodeTimeout: "30s", more };
  const nodes = await Promise.all(Array.from({ length: count }, () => NodeProcess.start(options)));
  let serial = 0;
  const next = (): number | undefined => (serial < wanted ? ++serial : undefined);
  const before = await usage(url, postmaster, nodes);
  const own = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Number(sessions) }, (_, i) => send(nodes[i % count]!.port, next)));
  await all.promise;
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(own);
  const after = await usage(url, postmaster, nodes);
  const each = (name: keyof Usage, unit: number): string =>
    String(Math.round(((after[name] - before[name]) * unit) / wanted));
  console.log(
    [
      `${count} ${count === 1 ? "node " : "nodes"}: ${Math.round(wanted / seconds)} messages/s`,
      `nodes ${each("nodesMs", 1_000)} µs`,
      `database ${each("databaseMs", 1_000)} µs`,
      `WAL ${each("walBytes", 1)} B`,
      `${((after.commits - before.commits) / wanted).toFixed(2)} commits`,
      `this bench ${Math.round((user + system) / wanted)} µs, each per message`,
    ].join(", "),
  );
  for (const node of nodes) await node[Symbol.asyncDispose]();
  sink.close();
}

const more = `[relay]
networks = ["127.0.0.0/8"]
[receive]
max_connections_per_address = 2000
[deliver]
max_connections_per_site = 60`;

const server = await startPostgres();
if ("skip" in server) throw new Error(server.skip);
try {
  await query(server.url, "ALTER SYSTEM SET max_wal_size = '4GB'");
  await query(server.url, "SELECT pg_reload_conf()");
  const isOurs = server.restart !== undefined;
  const [file] = isOurs ? await query(server.url, "SELECT pg_read_file('postmaster.pid') AS text") : [];
  const postmaster = file === undefined ? undefined : Number.parseInt(String(file["text"]), 10);
  console.log(`${messages} messages of ${size} B, ${sessions} sessions, PostgreSQL on this machine:`);
  for (const count of counts.split(",")) await measure(server, Number(count), postmaster);
} finally {
  await server[Symbol.asyncDispose]();
}
