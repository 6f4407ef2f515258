// The next hop of benchmarks: a process that takes everything as fast as Node can, and counts. Offers PIPELINING.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { type Arrival, now } from "./times.ts";

export interface Sink extends AsyncDisposable {
  readonly port: number;
  /** Recipients acknowledged. */
  count(): Promise<number>;
  /** Resolves once there are so many. */
  reached(recipients: number): Promise<void>;
  /** Of each recipient acknowledged, if it `records`. */
  arrivals(): Promise<readonly Arrival[]>;
}

export interface SinkOptions {
  /** Each batch of commands is answered so late. */
  readonly delayMs?: number;
  readonly records?: boolean;
}

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)]);
  const [port] = (await once(child, "message")) as [number];
  const ask = async (question: "count" | "arrivals"): Promise<unknown> => {
    child.send(question);
    return (await once(child, "message"))[0];
  };
  const count = async (): Promise<number> => (await ask("count")) as number;
  return {
    port,
    count,
    arrivals: async () => (await ask("arrivals")) as Arrival[],
    async reached(recipients) {
      while ((await count()) < recipients) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, "exit");
    },
  };
}

const end = Buffer.from("\r\n.\r\n");

function serve({ delayMs = 0, records = false }: SinkOptions): void {
  let taken = 0;
  const arrivals: Arrival[] = [];
  const talk = (socket: Socket): void => {
    let rest: Buffer = Buffer.alloc(0);
    let recipients = 0;
    let names: string[] = [];
    let inContent = false;
    const say = (text: string): void => {
      if (text === "") return;
      if (delayMs === 0) socket.write(text);
      else setTimeout(() => socket.write(text), delayMs);
    };
    const feed = (bytes: Buffer): void => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let replies = "";
      for (;;) {
        if (inContent) {
          const at = rest.indexOf(end);
          if (at === -1) {
            if (rest.length > 4) rest = rest.subarray(-4);
            break;
          }
          rest = rest.subarray(at + end.length);
          inContent = false;
          taken += recipients;
          for (const to of names) arrivals.push({ to, at: now() });
          names = [];
          replies += "250 2.0.0 taken\r\n";
          continue;
        }
        const at = rest.indexOf(10);
        if (at === -1) break;
        const verb = rest.toString("latin1", 0, 4).toUpperCase();
        if (records && verb === "RCPT") names.push(rest.toString("latin1", rest.indexOf("<") + 1, rest.indexOf(">")));
        rest = rest.subarray(at + 1);
        if (verb === "EHLO") replies += "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
        else if (verb === "MAIL") recipients = 0;
        if (verb === "RCPT") recipients += 1;
        if (verb === "DATA") {
          inContent = true;
          replies += "354 go\r\n";
          rest = Buffer.concat([Buffer.from("\r\n"), rest]); // the content begins at the start of a line
        } else if (verb === "QUIT") replies += "221 bye\r\n";
        else if (verb !== "EHLO") replies += "250 ok\r\n";
      }
      say(replies);
    };
    socket.on("data", feed).on("error", () => {});
    socket.write("220 sink.test\r\n");
  };
  const server = createServer({ noDelay: true }, talk).listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send!(typeof address === "object" && address !== null ? address.port : 0);
  });
  process.on("message", (question) => process.send!(question === "count" ? taken : arrivals));
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(process.argv[2]!) as SinkOptions);
