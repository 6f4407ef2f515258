// A Wire over a TCP, unix or TLS socket. RFC 5321 §4.5.3.2, RFC 3207.
import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { TlsFacts } from "../mail/client.ts";
import type { Failure, RemoteHost, Stage } from "../mail/failure.ts";
import type { Reply } from "../mail/reply.ts";
import type { Wire } from "../smtp/client-wire.ts";
import { SessionFailure } from "../smtp/client-wire.ts";
import { NotSmtp, ReplyReader } from "../smtp/reply-reader.ts";

export interface ConnectOptions {
  /** Where to connect, unless `path` names a unix socket: `address` (or else `name`) and `port`; `name` is for TLS too. */
  readonly host: RemoteHost;
  readonly path?: string;
  readonly sourceAddress?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Rejects with an `unreachable` SessionFailure. */
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

interface Waiter {
  readonly stage: Stage;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class SocketWire implements Wire {
  readonly host: RemoteHost;
  #socket: Socket;
  #tls: TlsFacts | undefined;
  #reader = new ReplyReader();
  /** Why there is nothing more to read. */
  #ended: { readonly kind: "lost" | "not-smtp"; readonly text: string } | undefined;
  #waiter: Waiter | undefined;

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

  send(bytes: string | Uint8Array, stage: Stage, timeoutMs: number): Promise<void> | undefined {
    if (!this.isOpen || this.#socket.write(bytes)) return undefined;
    return this.#drained(stage, timeoutMs);
  }

  async reply(stage: Stage, timeoutMs: number): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#waiter = { stage, resolve, reject };
    this.#wake();
    const timer = this.#waiter && setTimeout(() => reject(this.#silent(stage, timeoutMs)), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiter = undefined;
    }
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
    const name = isIP(host.name) ? undefined : host.name; // RFC 6066 §3: no address in SNI
    const socket = connectTls({
      socket: plain,
      host: host.name,
      ...(name !== undefined && { servername: name }),
      rejectUnauthorized: false, // asked below, so that a bad certificate is told from a failed handshake
    });
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
    this.#end("lost", "we closed the connection");
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", (error) => this.#end("lost", error.message));
    socket.on("close", () => this.#end("lost", "the connection was closed"));
  }

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

  #end(kind: "lost" | "not-smtp", text: string): void {
    this.#ended ??= { kind, text };
    this.#wake();
  }

  /** Gives the waiter its reply, or the reason why there will be none; replies that came before the end count. */
  #wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    try {
      const reply = this.#reader.next();
      if (reply === undefined && this.#ended === undefined) return;
      this.#waiter = undefined;
      if (reply) waiter.resolve(reply);
      else waiter.reject(new SessionFailure({ ...this.#ended!, host: this.host, stage: waiter.stage }));
    } catch (error) {
      if (!(error instanceof NotSmtp)) throw error;
      this.#waiter = undefined;
      this.#ended ??= { kind: "not-smtp", text: error.message };
      waiter.reject(
        new SessionFailure({ kind: "not-smtp", host: this.host, stage: waiter.stage, text: error.message }),
      );
    }
  }

  #silent(stage: Stage, timeoutMs: number): SessionFailure {
    return new SessionFailure({ kind: "silent", host: this.host, stage, timeoutMs });
  }

  /** Resolves when the peer took what was written, or is gone. */
  #drained(stage: Stage, timeoutMs: number): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(this.#silent(stage, timeoutMs)), timeoutMs);
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        socket.off("drain", onDrain);
        socket.off("close", onDrain);
        if (error) reject(error);
        else resolve();
      };
      const onDrain = (): void => settle();
      socket.on("drain", onDrain);
      socket.on("close", onDrain);
    });
  }
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
