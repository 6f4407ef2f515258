// The next hop of benchmarks: a process that takes everything as fast as Node can, and counts. Offers PIPELINING.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

export interface Sink extends AsyncDisposable {
  readonly port: number;
  /** Recipients acknowledged. */
  count(): Promise<number>;
  /** Resolves once there are so many. */
  reached(recipients: number): Promise<void>;
}

/** `delayMs`: each batch of commands is answered so late. */
export async function startSink({ delayMs = 0 } = {}): Promise<Sink> {
  const child = fork(fileURLToPath(import.meta.url), [String(delayMs)]);
  const [port] = (await once(child, "message")) as [number];
  const count = async (): Promise<number> => {
    child.send("count");
    const [answer] = (await once(child, "message")) as [number];
    return answer;
  };
  return {
    port,
    count,
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

function serve(delayMs: number): void {
  let taken = 0;
  const talk = (socket: Socket): void => {
    let rest: Buffer = Buffer.alloc(0);
    let recipients = 0;
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
          replies += "250 2.0.0 taken\r\n";
          continue;
        }
        const at = rest.indexOf(10);
        if (at === -1) break;
        const verb = rest.toString("latin1", 0, 4).toUpperCase();
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
  process.on("message", () => process.send!(taken));
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(Number(process.argv[2]));
