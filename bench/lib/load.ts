// The clients of benchmarks: a process that sends messages over several sessions, each command awaited, as Postfix's
// smtp-source does.
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

export interface Load {
  readonly port: number;
  readonly messages: number;
  readonly sessions: number;
  /** Of the content. */
  readonly bytes: number;
  /** Per message; 1 without it. */
  readonly recipients?: number;
  /** Instead of so many bytes: these, the final dot included. */
  readonly content?: string;
  /** A connection for each message. */
  readonly reconnects?: boolean;
}

export interface Loaded {
  /** Until the last 250. */
  readonly seconds: number;
  /** Replies to the final dot that were not 250. */
  readonly refused: number;
}

export async function startLoad(load: Load): Promise<Loaded> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(load)]);
  const [loaded] = (await once(child, "message")) as [Loaded];
  await once(child, "exit");
  return loaded;
}

/** About so many bytes, in lines, the final dot included. */
export function contentOf(bytes: number): Buffer {
  const line = `${"x".repeat(78)}\r\n`;
  return Buffer.from(
    `Subject: test\r\n\r\n${line.repeat(Math.ceil(bytes / line.length))}`.slice(0, bytes - 2) + "\r\n.\r\n",
  );
}

export class Session {
  readonly #socket: Socket;
  #text = "";
  #got: ((code: string) => void) | undefined;
  #lost: ((error: Error) => void) | undefined;

  /** `localAddress`: where it comes from. */
  constructor(port: number, localAddress = "127.0.0.1") {
    this.#socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true });
    this.#socket.setEncoding("latin1").on("data", (text: string) => {
      this.#text += text;
      if (/^\d{3} .*\r\n$/m.test(this.#text)) {
        const code = this.#text.slice(0, 3);
        this.#text = "";
        this.#got?.(code);
      }
    });
    this.#socket.on("error", (error) => this.#lost?.(error)).on("close", () => this.#lost?.(new Error("closed")));
  }

  /** Answers the reply code; rejects when the connection fails, or has failed. */
  say(bytes: string | Buffer): Promise<string> {
    if (this.#socket.destroyed) return Promise.reject(new Error("closed"));
    const reply = new Promise<string>((resolve, reject) => ([this.#got, this.#lost] = [resolve, reject]));
    if (bytes.length > 0) this.#socket.write(bytes);
    return reply;
  }

  end(): void {
    this.#lost = undefined;
    this.#socket.end();
  }

  /** Who waits for a reply hears that the connection failed. */
  giveUp(): void {
    this.#socket.destroy();
  }
}

async function run({ port, messages, sessions, recipients = 1, reconnects = false, ...what }: Load): Promise<Loaded> {
  let left = messages;
  let refused = 0;
  const content = what.content === undefined ? contentOf(what.bytes) : Buffer.from(what.content);
  const open = async (): Promise<Session> => {
    const session = new Session(port);
    await session.say("");
    await session.say("EHLO src.test\r\n");
    return session;
  };
  const send = async (): Promise<void> => {
    let session: Session | undefined;
    while (left > 0) {
      left -= 1;
      session ??= await open();
      await session.say("MAIL FROM:<from@src.test>\r\n");
      for (let i = 0; i < recipients; i++) await session.say(`RCPT TO:<to${i || ""}@bench.test>\r\n`);
      await session.say("DATA\r\n");
      if ((await session.say(content)) !== "250") refused += 1;
      if (!reconnects) continue;
      await session.say("QUIT\r\n");
      session.end();
      session = undefined;
    }
    await session?.say("QUIT\r\n");
    session?.end();
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: sessions }, send));
  return { seconds: (performance.now() - startedAt) / 1_000, refused };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.send!(await run(JSON.parse(process.argv[2]!) as Load));
  process.disconnect();
}
