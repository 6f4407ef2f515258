// A mail host that takes everything, a while after it came, and watches what the nodes do to it: whether one recipient's
// mail comes on two connections at once, and how many connections there are.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

export interface WatchingSink extends AsyncDisposable {
  readonly port: number;
  /** How often each recipient got mail. */
  readonly taken: ReadonlyMap<string, number>;
  /** Recipients that were in two transactions at once. */
  readonly overlaps: readonly string[];
  /** Most connections at once, without those that said QUIT. */
  readonly mostConnections: number;
  /** Resolves when `count` recipients got theirs. */
  recipients(count: number): Promise<void>;
}

/** `answerMs`: from the end of a message to its 250. */
export async function startWatchingSink(answerMs: number): Promise<WatchingSink> {
  const watch = new Watch();
  const server = createServer({ noDelay: true }, (socket) => converse(socket, watch, answerMs));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(watch, {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of watch.sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

class Watch {
  readonly sockets = new Set<Socket>();
  readonly taken = new Map<string, number>();
  readonly overlaps: string[] = [];
  mostConnections = 0;
  /** Recipients in transactions that have not ended. */
  readonly #open = new Set<string>();
  #waiting: { count: number; resolve: () => void }[] = [];

  readonly #inUse = new Set<Socket>();

  connected(socket: Socket): void {
    this.sockets.add(socket);
    this.#inUse.add(socket);
    this.mostConnections = Math.max(this.mostConnections, this.#inUse.size);
  }

  /** It said QUIT, or was closed. */
  left(socket: Socket): void {
    this.#inUse.delete(socket);
  }

  begin(recipient: string): void {
    if (this.#open.has(recipient)) this.overlaps.push(recipient);
    this.#open.add(recipient);
  }

  end(recipients: readonly string[]): void {
    for (const recipient of recipients) this.#open.delete(recipient);
  }

  take(recipients: readonly string[]): void {
    for (const recipient of recipients) this.taken.set(recipient, (this.taken.get(recipient) ?? 0) + 1);
    for (const { count, resolve } of this.#waiting) if (this.taken.size >= count) resolve();
  }

  recipients(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.taken.size >= count) resolve();
      else this.#waiting = [...this.#waiting, { count, resolve }];
    });
  }
}

function converse(socket: Socket, watch: Watch, answerMs: number): void {
  let unread = "";
  let recipients: string[] = [];
  /** In transactions that have not ended. */
  const open = new Set<string>();
  let isContent = false;
  /** Replies go out in order: what came behind a message waits for its answer. */
  let answered = Promise.resolve();
  const closed = new AbortController();
  const then = (work: () => void): void =>
    void (answered = answered.then(() => (socket.writable ? work() : undefined)));
  const say = (reply: string): void => then(() => socket.write(`${reply}\r\n`));
  const taken = (of: readonly string[]): void => {
    answered = answered.then(() => setTimeout(answerMs, undefined, { signal: closed.signal })).catch(() => {});
    then(() => {
      watch.take(of);
      watch.end(of);
      for (const recipient of of) open.delete(recipient);
    });
    say("250 2.0.0 taken");
  };
  const obey = (line: string): void => {
    if (isContent) {
      if (line !== ".") return;
      isContent = false;
      taken(recipients);
      recipients = [];
      return;
    }
    const [, recipient] = /^RCPT TO:<(.+?)>/i.exec(line) ?? [];
    if (recipient !== undefined) {
      watch.begin(recipient);
      open.add(recipient);
      recipients.push(recipient);
    }
    isContent = line === "DATA";
    if (line === "QUIT") watch.left(socket);
    if (line === "QUIT") then(() => socket.end("221 2.0.0 bye\r\n"));
    else if (/^EHLO/i.test(line)) say("250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME");
    else say(isContent ? "354 go ahead" : "250 2.0.0 ok");
  };
  watch.connected(socket);
  say("220 sink.test ESMTP");
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    const lines = (unread + text).split("\r\n");
    unread = lines.pop()!;
    for (const line of lines) obey(line);
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    closed.abort();
    watch.end([...open]);
    watch.left(socket);
    watch.sockets.delete(socket);
  });
}
