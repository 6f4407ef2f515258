// For the tests of this folder: a session with a tiny language, a stage that records, a client that reads what it likes.
import { connect, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { networks } from "../base/networks.ts";
import type { Address } from "../mail/address.ts";
import type { Client, TlsFacts } from "../mail/client.ts";
import type { Envelope } from "../mail/envelope.ts";
import { formatReply, reply, type Reply } from "../mail/reply.ts";
import type { Effect, Question, Session, Waiting } from "../smtp/effect.ts";
import type { SaslExchange, SaslOutcome } from "../smtp/sasl/exchange.ts";
import { admission } from "./admission.ts";
import { listen, type ListenOptions } from "./listener.ts";
import { selfSigned } from "./self-signed.ts";
import type { ContentSink, LoginBeginning, ReceiveEvent, ReceiveStage } from "./stage.ts";

const ok = (text: string): Effect => ({ kind: "send", text: formatReply(reply(250, "2.0.0", text)) });

const envelope: Envelope = {
  reversePath: "ann@example.org" as Address,
  bodyType: "7bit",
  smtpUtf8: false,
  recipients: [],
};

/** Understands lines: ASK, LOGIN, GO ON, DATA (up to a line with a dot), STARTTLS, REFUSE, BIG, THROW, QUIT; echoes all others. */
export class ScriptedSession implements Session {
  readonly client: Client;
  waiting: Waiting = "answer";
  /** All that was called, for assertions. */
  readonly calls: string[] = [];
  #input = "";
  #greeted = false;
  #contentBegan = false;

  constructor(client: Client) {
    this.client = client;
  }

  start(): Effect[] {
    return [{ kind: "ask", question: { about: "connection", client: this.client } }];
  }

  feed(bytes: Uint8Array): Effect[] {
    if (!this.#greeted) return this.hangUp(reply(421, undefined, "you talked too early"));
    this.#input += Buffer.from(bytes).toString("latin1");
    return this.#read();
  }

  answer(decided: Reply): Effect[] {
    this.#greeted = true;
    this.waiting = "command";
    return [{ kind: "send", text: formatReply(decided) }, ...this.#read()];
  }

  login(outcome: SaslOutcome): Effect[] {
    this.calls.push(`login ${outcome.kind}`);
    this.waiting = "command";
    return [ok(outcome.kind), ...this.#read()];
  }

  secured(tls: TlsFacts): Effect[] {
    this.calls.push(`secured ${tls.version}`);
    this.waiting = "command";
    return [];
  }

  hangUp(farewell: Reply): Effect[] {
    this.calls.push("hangUp");
    return [...this.lost(), { kind: "send", text: formatReply(farewell) }, { kind: "close" }];
  }

  lost(): Effect[] {
    this.calls.push("lost");
    this.waiting = "closed";
    const effects: Effect[] = this.#contentBegan ? [{ kind: "discard-content" }] : [];
    this.#contentBegan = false;
    return effects;
  }

  #read(): Effect[] {
    const effects: Effect[] = [];
    while (this.waiting === "command" || this.waiting === "content") {
      if (this.waiting === "content" && !this.#input.includes("\r\n.\r\n")) {
        const sure = this.#input.slice(0, -4);
        if (sure !== "") effects.push({ kind: "content", bytes: Buffer.from(sure, "latin1") });
        this.#input = this.#input.slice(-4);
        break;
      }
      const mark = this.waiting === "content" ? "\r\n.\r\n" : "\r\n";
      const end = this.#input.indexOf(mark);
      if (end === -1) break;
      const text = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + mark.length);
      effects.push(...(this.waiting === "content" ? this.#endContent(text) : this.#obey(text)));
    }
    return effects;
  }

  #endContent(text: string): Effect[] {
    this.waiting = "answer";
    this.#contentBegan = false;
    return [
      { kind: "content", bytes: Buffer.from(`${text}\r\n`, "latin1") },
      { kind: "ask", question: { about: "message", client: this.client, envelope } },
    ];
  }

  #obey(line: string): Effect[] {
    this.calls.push(line);
    switch (line) {
      case "ASK":
        this.waiting = "answer";
        return [{ kind: "ask", question: { about: "reverse-path", client: this.client, origin: envelope } }];
      case "LOGIN":
        this.waiting = "answer";
        return [{ kind: "login", client: this.client, mechanism: "PLAIN", response: undefined }];
      case "GO ON":
        this.waiting = "answer";
        return [{ kind: "login", client: this.client, response: Buffer.from("response") }];
      case "DATA":
        this.waiting = "content";
        this.#contentBegan = true;
        return [{ kind: "begin-content", client: this.client, envelope }, ok("send it")];
      case "STARTTLS":
        this.waiting = "tls";
        this.#input = "";
        return [ok("go on"), { kind: "start-tls" }];
      case "REFUSE":
        return [{ kind: "refused", stage: "mail", reply: reply(550, "5.7.1", "no"), from: envelope.reversePath }];
      case "BIG":
        return [{ kind: "send", text: ".".repeat(64 * 1024) }];
      case "THROW":
        throw new Error("a bug");
      case "QUIT":
        this.waiting = "closed";
        return [ok("bye"), { kind: "close" }];
      default:
        return [ok(line)];
    }
  }
}

/** Says yes at once; each part can be replaced. */
export class RecordingStage implements ReceiveStage {
  readonly contents: string[] = [];
  discarded = 0;
  decide: (question: Question) => Reply | Promise<Reply> = () => reply(220, undefined, "yes");
  /** Each login that began. */
  readonly logins: LoginBeginning[] = [];
  step: SaslExchange["step"] = () => Promise.resolve({ kind: "accepted", account: "ann" });
  write: (bytes: Uint8Array) => Promise<void> | undefined = () => undefined;
  finish: () => Promise<Reply> = () => Promise.resolve(reply(250, "2.0.0", "kept"));

  answer(question: Question): Reply | Promise<Reply> {
    return this.decide(question);
  }

  beginLogin(login: LoginBeginning): SaslExchange {
    this.logins.push(login);
    return { step: (response) => this.step(response) };
  }

  begin(): ContentSink {
    const at = this.contents.push("") - 1;
    return {
      write: (bytes) => {
        this.contents[at] += Buffer.from(bytes).toString("latin1");
        return this.write(bytes);
      },
      finish: () => this.finish(),
      discard: async () => {
        this.discarded += 1;
      },
    };
  }
}

export const longTimes = {
  commandTimeoutMs: 60_000,
  dataTimeoutMs: 60_000,
  messageTimeoutMs: 60_000,
  sessionTimeoutMs: 60_000,
  greetingDelayMs: 0,
};

/** A listener on a free port of the loopback, with all that the tests look at. */
export async function serve(options: Partial<ListenOptions> = {}) {
  const sessions: ScriptedSession[] = [];
  const events: ReceiveEvent[] = [];
  const stage = new RecordingStage();
  const listener = await listen(
    {
      address: { host: "127.0.0.1", port: 0 },
      tls: { mode: "none" },
      proxies: networks([]),
      admission: admission({ total: 1_000, perAddress: 1_000 }),
      times: longTimes,
      newSession: (client) => {
        const session = new ScriptedSession(client);
        sessions.push(session);
        return session;
      },
      onEvent: (event) => void events.push(event),
      ...options,
    },
    stage,
  );
  return {
    ...listener,
    sessions,
    events,
    stage,
    open: () => listener.sessions(),
    dial: () => new Dialler(connect(listener.port, "127.0.0.1")),
    [Symbol.asyncDispose]: () => listener.close(0),
  };
}

/** A client; what it got is kept as text. */
export class Dialler {
  socket: Socket | TLSSocket;
  received = "";
  readonly closed: Promise<void>;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay();
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#wake());
    this.#read(socket);
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** All that was received so far, once `mark` is in it. */
  async until(mark: string): Promise<string> {
    while (!this.received.includes(mark)) {
      if (this.socket.destroyed) throw new Error(`closed before "${mark}"; got "${this.received}"`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }

  /** The handshake, on top of what there is. */
  async secure(): Promise<this> {
    const clear = this.socket.removeAllListeners("data");
    const wire = connectTls({ socket: clear, rejectUnauthorized: false });
    await new Promise((resolve, reject) => wire.once("secureConnect", resolve).once("error", reject));
    this.socket = wire;
    this.#read(wire);
    return this;
  }

  #read(socket: Socket): void {
    socket
      .on("error", () => {})
      .on("data", (bytes: Buffer) => {
        this.received += bytes.toString("latin1");
        this.#wake();
      });
  }
}

/** One turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when `isSo`, looked at in each turn of the event loop; rejects when that takes longer than 5 s. */
export async function eventually(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within 5 s: ${isSo.toString()}`);
    await nextTurn();
  }
}

export async function testSecureContext(): Promise<SecureContext> {
  const pem = await selfSigned("mail.example.org", Date.now());
  return createSecureContext({ key: pem, cert: pem });
}
