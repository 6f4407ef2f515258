// A Wire over a TCP, unix or TLS socket. RFC 5321 §4.5.3.2, RFC 3207.
import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { checkServerIdentity, sparing } from "../base/peer-certificate.ts";
import { gathered } from "../base/parts.ts";
import type { TlsFacts } from "../mail/client.ts";
import type { Failure, RemoteHost, Stage } from "../mail/failure.ts";
import type { Reply } from "../mail/reply.ts";
import type { Wire } from "../smtp/client-wire.ts";
import { SessionFailure } from "../smtp/client-wire.ts";
import { NotSmtp, ReplyReader } from "../smtp/reply-reader.ts";

interface ConnectOptions {
  /** Where to connect, unless `path` names a unix socket: `address` (or else `name`) and `port`; `name` is for TLS too. */
  readonly host: RemoteHost;
  readonly path?: string;
  readonly sourceAddress?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Rejects with an `unreachable` SessionFailure. */
export type Connect = (options: ConnectOptions) => Promise<Wire>;

/** A `Connect` by real sockets. */
export async function connectSocket({
  host,
  path,
  sourceAddress,
  timeoutMs,
  signal,
}: ConnectOptions): Promise<SocketWire> {
  const { address = host.name, port = 25 } = host;
  const isSameFamily = sourceAddress !== undefined && isIP(sourceAddress) === isIP(address);
  const socket = connectTcp(
    path === undefined
      ? { host: address, port, noDelay: true, ...(isSameFamily && { localAddress: sourceAddress }) }
      : { path },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    reject(new SessionFailure({ kind: "unreachable", host, problem: "timeout", text: `no answer in ${timeoutMs} ms` }));
  }, timeoutMs);
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  socket.once("connect", resolve);
  socket.once("error", (error) => reject(new SessionFailure(unreachable(host, error))));
  try {
    await promise;
    return new SocketWire(host, socket);
  } catch (error) {
    socket.on("error", () => {}); // whatever else it says, we are gone
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

const problems = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "no-route",
  ENETUNREACH: "no-route",
  EADDRNOTAVAIL: "no-route",
  ECONNRESET: "reset",
} as const;

function unreachable(host: RemoteHost, error: NodeJS.ErrnoException): Failure {
  const problem = problems[error.code as keyof typeof problems] ?? "other";
  return { kind: "unreachable", host, problem, text: error.message };
}

/** What is sent in one go leaves in one write, up to this size. */
const blockBytes = 64 * 1_024;

/** Someone who waits for the peer. */
interface Waiter<T> {
  readonly stage: Stage;
  readonly timeoutMs: number;
  /** performance.now() */
  readonly deadline: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

class SocketWire implements Wire {
  readonly host: RemoteHost;
  #socket: Socket;
  #tls: TlsFacts | undefined;
  #reader = new ReplyReader();
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** Why there is nothing more to read. */
  #ended: { readonly kind: "lost" | "not-smtp"; readonly text: string } | undefined;
  /** For a reply. */
  #reading: Waiter<Reply> | undefined;
  /** For room to write more. */
  #writing: Waiter<void> | undefined;
  /** Looks after both: one for the session, which may go off early, not one for each reply. */
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(host: RemoteHost, socket: Socket) {
    this.host = host;
    this.#socket = socket;
    this.#listen();
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  get isQuiet(): boolean {
    return this.isOpen && this.#reader.isEmpty;
  }

  send(data: string | Uint8Array, stage: Stage, timeoutMs: number): Promise<void> | undefined {
    if (!this.isOpen) return undefined;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (this.#unsent.push(bytes) === 1) process.nextTick(this.#flush); // what this turn has to say leaves together
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes < blockBytes || this.#flush()) return undefined;
    return new Promise((resolve, reject) => {
      this.#writing = this.#wait({ stage, timeoutMs, resolve, reject });
    });
  }

  reply(stage: Stage, timeoutMs: number): Reply | Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    try {
      const reply = this.#reader.next();
      if (reply) return reply;
      if (this.#ended) reject(new SessionFailure({ ...this.#ended, host: this.host, stage }));
      else this.#reading = this.#wait({ stage, timeoutMs, resolve, reject });
    } catch (error) {
      reject(this.#notSmtp(error, stage));
    }
    return promise;
  }

  async startTls({ verify, timeoutMs }: { readonly verify: boolean; readonly timeoutMs: number }): Promise<void> {
    const { host } = this;
    const plain = this.#socket;
    if (!this.#reader.isEmpty) {
      // what came in clear text behind the reply to STARTTLS is nobody's word
      const text = "it sent more in clear text behind its reply to STARTTLS";
      throw new SessionFailure({ kind: "tls", host, problem: "handshake", text });
    }
    plain.off("data", this.#onData);
    plain.off("end", this.#onEnd); // the rest is told by the TLS socket
    plain.off("drain", this.#onDrain);
    const name = isIP(host.name) ? undefined : host.name; // RFC 6066 §3: no address in SNI
    const toSecure = connectTls({
      socket: plain,
      host: host.name,
      ...(name !== undefined && { servername: name }),
      rejectUnauthorized: false, // asked below, so that a bad certificate is told from a failed handshake
      checkServerIdentity,
    });
    const socket = sparing(toSecure);
    this.#socket = socket;
    await handshake(socket, host, timeoutMs);
    this.#listen();
    if (verify && !socket.authorized) {
      // a string or an Error, whatever the types say
      const reason: unknown = socket.authorizationError;
      const text = `the certificate does not prove that this is ${host.name}: ${reason instanceof Error ? reason.message : String(reason)}`;
      throw new SessionFailure({ kind: "tls", host, problem: "certificate", text });
    }
    this.#tls = { version: socket.getProtocol() ?? "TLS", cipher: socket.getCipher().standardName };
  }

  close(): void {
    this.#flush();
    this.#end("lost", "we closed the connection");
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#onDrain);
    socket.on("error", (error) => this.#end("lost", error.message));
    socket.on("close", () => this.#end("lost", "the connection was closed"));
  }

  /** False: the peer is behind, wait before sending more. */
  readonly #flush = (): boolean => {
    const unsent = this.#unsent;
    if (unsent.length === 0 || !this.isOpen) return true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    const socket = this.#socket;
    const parts = gathered(unsent);
    if (parts.length === 1) return socket.write(parts[0]!);
    socket.cork(); // they leave in one write all the same
    const isTaken = parts.map((part) => socket.write(part)).every(Boolean);
    socket.uncork();
    return isTaken;
  };

  readonly #onData = (bytes: Buffer): void => {
    try {
      this.#reader.feed(bytes);
    } catch (error) {
      this.#end("not-smtp", (error as Error).message);
      this.#socket.destroy();
    }
    this.#wake();
  };

  readonly #onEnd = (): void => this.#end("lost", "the server closed the connection");

  readonly #onDrain = (): void => {
    const writing = this.#writing;
    this.#writing = undefined;
    writing?.resolve();
  };

  #end(kind: "lost" | "not-smtp", text: string): void {
    this.#ended ??= { kind, text };
    clearTimeout(this.#timer);
    this.#onDrain(); // what the peer said before is still to be read
    this.#wake();
  }

  /** Gives the waiter its reply, or the reason why there will be none; replies that came before the end count. */
  #wake(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    try {
      const reply = this.#reader.next();
      if (reply === undefined && this.#ended === undefined) return;
      this.#reading = undefined;
      if (reply) reading.resolve(reply);
      else reading.reject(new SessionFailure({ ...this.#ended!, host: this.host, stage: reading.stage }));
    } catch (error) {
      this.#reading = undefined;
      reading.reject(this.#notSmtp(error, reading.stage));
    }
  }

  #notSmtp(error: unknown, stage: Stage): SessionFailure {
    if (!(error instanceof NotSmtp)) throw error;
    const { message: text } = error;
    this.#ended ??= { kind: "not-smtp", text };
    return new SessionFailure({ kind: "not-smtp", host: this.host, stage, text });
  }

  #wait<T>(waiter: Omit<Waiter<T>, "deadline">): Waiter<T> {
    const deadline = performance.now() + waiter.timeoutMs;
    if (deadline < this.#timerAt) this.#wakeAt(deadline);
    return { ...waiter, deadline };
  }

  #wakeAt(deadline: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    this.#timer = setTimeout(this.#onTimer, Math.ceil(deadline - performance.now()));
  }

  readonly #onTimer = (): void => {
    this.#timerAt = Infinity;
    const now = performance.now();
    for (const waiter of [this.#reading, this.#writing]) {
      if (waiter === undefined) continue;
      const { stage, timeoutMs, deadline, reject } = waiter;
      if (deadline > now) this.#wakeAt(Math.min(deadline, this.#timerAt));
      else reject(new SessionFailure({ kind: "silent", host: this.host, stage, timeoutMs }));
    }
  };
}

/** Rejects with a `tls` SessionFailure. */
async function handshake(socket: TLSSocket, host: RemoteHost, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (text: string): void => reject(new SessionFailure({ kind: "tls", host, problem: "handshake", text }));
  const timer = setTimeout(() => fail(`the handshake did not end in ${timeoutMs} ms`), timeoutMs);
  socket.once("secureConnect", resolve);
  socket.on("error", (error) => fail(error.message));
  socket.once("close", () => fail("the server closed the connection"));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Until disposed of, an abort closes the wire. */
export function closeOnAbort(wire: Wire, signal: AbortSignal): Disposable {
  const close = (): void => wire.close();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", close) };
}
