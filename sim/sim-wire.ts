// The Wire of the client script over a simulated connection, and the `connect` that the deliver stage is given.
import type { TlsFacts } from "../src/mail/client.ts";
import type { RemoteHost, Stage } from "../src/mail/failure.ts";
import type { Reply } from "../src/mail/reply.ts";
import { SessionFailure, type Wire } from "../src/smtp/client-wire.ts";
import { NotSmtp, ReplyReader } from "../src/smtp/reply-reader.ts";
import type { Clock, Planned, Process } from "./clock.ts";
import type { Ear, End, Network } from "./network.ts";

export interface Dial {
  readonly host: RemoteHost;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Dialling {
  readonly clock: Clock;
  readonly network: Network;
  readonly from: Process | undefined;
  readonly fromAddress: string;
  /** Is told of each connection, and of its end. */
  readonly onOpen?: (host: RemoteHost) => () => void;
}

/** Rejects with an `unreachable` SessionFailure, or with the signal's reason. */
export async function connect(dialling: Dialling, { host, timeoutMs, signal }: Dial): Promise<SimWire> {
  const { clock, network, from, fromAddress } = dialling;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<SimWire>();
  const unreachable = (problem: "refused" | "timeout" | "no-route", text: string): void =>
    reject(new SessionFailure({ kind: "unreachable", host, problem, text }));
  const limit = clock.plan(timeoutMs, () => unreachable("timeout", `no answer in ${timeoutMs} ms`));
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort);
  let isLate = false;
  const answered = async (): Promise<void> => {
    const dialled = await network.dial({ from, fromAddress, toAddress: host.address ?? host.name });
    switch (dialled.kind) {
      case "refused":
        return unreachable("refused", "connection refused");
      case "no-route":
        return unreachable("no-route", "no route to host");
      case "open":
        if (isLate) return dialled.end.close();
        return resolve(new SimWire(clock, dialled.end, { host, onClose: dialling.onOpen?.(host) }));
    }
  };
  void answered();
  try {
    return await promise;
  } finally {
    isLate = true;
    clock.cancel(limit);
    signal.removeEventListener("abort", abort);
  }
}

interface Waiter {
  readonly stage: Stage;
  readonly limit: Planned;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class SimWire implements Wire, Ear {
  readonly host: RemoteHost;
  readonly #clock: Clock;
  readonly #end: End;
  readonly #onClose: (() => void) | undefined;
  readonly #reader = new ReplyReader();
  #waiter: Waiter | undefined;
  #tls: TlsFacts | undefined;
  #ended: { readonly kind: "lost" | "not-smtp"; readonly text: string } | undefined;
  #handshake: ((failed?: SessionFailure) => void) | undefined;

  constructor(clock: Clock, end: End, about: { host: RemoteHost; onClose?: (() => void) | undefined }) {
    this.host = about.host;
    this.#clock = clock;
    this.#end = end;
    this.#onClose = about.onClose;
    end.listen(this);
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

  send(bytes: string | Uint8Array): undefined {
    if (this.isOpen) this.#end.send(typeof bytes === "string" ? Buffer.from(bytes) : Uint8Array.from(bytes));
  }

  /** One at a time, as with a socket. */
  reply(stage: Stage, timeoutMs: number): Promise<Reply> {
    if (this.#waiter) throw new Error(`a reply at ${stage} is awaited, while another is at ${this.#waiter.stage}`);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const limit = this.#clock.plan(timeoutMs, () => {
      this.#waiter = undefined;
      reject(new SessionFailure({ kind: "silent", host: this.host, stage, timeoutMs }));
    });
    this.#waiter = { stage, limit, resolve, reject };
    this.#wake();
    return promise;
  }

  /** The handshake is one exchange: nobody looks into TLS here. */
  startTls({ timeoutMs }: { readonly verify: boolean; readonly timeoutMs: number }): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failure = (text: string): SessionFailure =>
      new SessionFailure({ kind: "tls", host: this.host, problem: "handshake", text });
    const limit = this.#clock.plan(timeoutMs, () => this.#handshake?.(failure("the handshake did not end in time")));
    this.#handshake = (failed) => {
      this.#handshake = undefined;
      this.#clock.cancel(limit);
      if (failed) return reject(failed);
      this.#tls = simulatedTls;
      resolve();
    };
    this.send(handshakeMark);
    return promise;
  }

  close(): void {
    this.#finish("lost", "we closed the connection");
    this.#end.close();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#handshake && bytes[0] === handshakeMark[0]) return this.#handshake();
    try {
      this.#reader.feed(bytes);
    } catch (error) {
      this.#finish("not-smtp", (error as Error).message);
      this.#end.close();
    }
    this.#wake();
  }

  onEnd(how: "closed" | "reset"): void {
    this.#finish("lost", how === "closed" ? "the server closed the connection" : "read ECONNRESET");
  }

  #finish(kind: "lost" | "not-smtp", text: string): void {
    if (this.#ended) return;
    this.#ended = { kind, text };
    this.#onClose?.();
    this.#handshake?.(new SessionFailure({ kind: "tls", host: this.host, problem: "handshake", text }));
    this.#wake();
  }

  /** Gives the waiter its reply, or the reason why there will be none; replies that came before the end count. */
  #wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    let reply: Reply | undefined;
    try {
      reply = this.#reader.next();
    } catch (error) {
      if (!(error instanceof NotSmtp)) throw error;
      this.#ended ??= { kind: "not-smtp", text: error.message };
    }
    if (reply === undefined && this.#ended === undefined) return;
    this.#waiter = undefined;
    this.#clock.cancel(waiter.limit);
    if (reply) waiter.resolve(reply);
    else waiter.reject(new SessionFailure({ ...this.#ended!, host: this.host, stage: waiter.stage }));
  }
}

/** What a handshake is on a simulated connection, both ways: RFC 8446's first octet of a handshake record. */
export const handshakeMark = Uint8Array.of(0x16);

export const simulatedTls: TlsFacts = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
