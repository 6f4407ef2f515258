// Passwords are checked by Dovecot: a client of its authentication protocol, version 1, on one connection that is kept.
import { randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import { inTime } from "../../base/in-time.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../mail/client.ts";
import type { LoginResult } from "../../smtp/sasl/credentials.ts";

export const dovecotLimits = {
  handshakeMs: 10_000,
  answerMs: 30_000, // Dovecot makes failed logins wait for some seconds
  lineBytes: 64 * 1_024, // Dovecot's are 16 KiB at most
} as const;

/** 32-bit numbers of logins begin again before they are no such numbers. */
const mostLogins = 2 ** 31;

/** Dovecot cannot be asked; the message says why. */
class Unavailable extends Error {
  override readonly name = "Unavailable";
}

interface Dovecot extends AsyncDisposable {
  /** `account` of an accepted login is the name that Dovecot has for it. Never rejects. */
  checkPassword(user: string, password: string, client: Client): Promise<LoginResult>;
}

export function createDovecot(path: string, world: World): Dovecot {
  let current: Connection | undefined;
  const connection = (): Connection => (current = current?.isUsable ? current : new Connection(path, world));
  return {
    async checkPassword(user, password, client) {
      const wasOpen = current?.isUsable ?? false;
      try {
        return await connection().login(user, password, client);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // a restart of Dovecot ends a connection that was kept: the next one may be good
        if (!wasOpen || current?.isUsable) return { kind: "unavailable", because: error.message };
      }
      return connection()
        .login(user, password, client)
        .catch((error: Error) => ({ kind: "unavailable", because: error.message }));
    },
    async [Symbol.asyncDispose]() {
      current?.end("the server stops");
    },
  };
}

class Connection {
  readonly #path: string;
  readonly #world: World;
  readonly #socket: Socket;
  readonly #mechanisms = new Set<string>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  readonly #waiting = new Map<string, (answer: LoginResult | Unavailable) => void>();
  #text = "";
  #lastId = 0;

  constructor(path: string, world: World) {
    this.#path = path;
    this.#world = world;
    this.#socket = connect(path);
    this.#socket.unref(); // a kept connection keeps no process
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => this.#read(text));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.end(error.code ?? error.message));
    this.#socket.on("close", () => this.end("Dovecot closed the connection"));
    this.#ready.promise.catch(() => {});
    // Dovecot takes a number that another connection has for a fault, and a process has several threads
    this.#socket.write(`VERSION\t1\t1\nCPID\t${randomInt(1, 2 ** 31)}\n`);
    this.#limit(dovecotLimits.handshakeMs, this.#ready.promise, "it sent no whole greeting in time");
  }

  get isUsable(): boolean {
    return !this.#ended.signal.aborted && this.#lastId < mostLogins;
  }

  /** Rejects with Unavailable. */
  async login(user: string, password: string, client: Client): Promise<LoginResult> {
    await this.#ready.promise;
    const id = String((this.#lastId += 1));
    const answered = Promise.withResolvers<LoginResult>();
    this.#waiting.set(id, (answer) =>
      answer instanceof Unavailable ? answered.reject(answer) : answered.resolve(answer),
    );
    const response = Buffer.from(`\0${user}\0${password}`).toString("base64");
    const facts = [
      "service=smtp",
      ...(client.tls ? ["secured"] : []),
      "nologin",
      `rip=${client.address}`,
      "no-penalty",
    ];
    this.#socket.write(`AUTH\t${id}\tPLAIN\t${facts.join("\t")}\tresp=${response}\n`); // resp is the last, always
    this.#limit(dovecotLimits.answerMs, answered.promise, "it did not answer in time");
    return answered.promise.finally(() => this.#waiting.delete(id));
  }

  end(why: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#socket.destroy();
    const error = new Unavailable(`Dovecot cannot be asked at ${this.#path}: ${why}`);
    this.#ready.reject(error);
    for (const settle of this.#waiting.values()) settle(error);
  }

  #limit(limitMs: number, awaited: Promise<unknown>, why: string): void {
    const limit = { limitMs, world: this.#world, signal: this.#ended.signal, late: () => this.end(why) };
    void inTime(
      awaited.catch(() => {}),
      limit,
    );
  }

  #read(text: string): void {
    this.#text += text;
    const lines = this.#text.split("\n");
    this.#text = lines.pop()!;
    if (this.#text.length > dovecotLimits.lineBytes) return this.end("it sent a line without an end");
    for (const line of lines) this.#follow(line.split("\t"));
  }

  #follow([command = "", first = "", ...fields]: readonly string[]): void {
    switch (command) {
      case "VERSION":
        if (first !== "1") this.end(`it speaks version ${first} of the protocol, and we only 1`);
        return;
      case "MECH":
        this.#mechanisms.add(first);
        return;
      case "DONE":
        if (this.#mechanisms.has("PLAIN")) return this.#ready.resolve();
        return this.end("it does not offer PLAIN: add it to auth_mechanisms in Dovecot's configuration");
      case "OK":
        return this.#waiting.get(first)?.(accepted(fields));
      case "FAIL":
        return this.#waiting.get(first)?.(failed(fields));
      case "CONT":
        return this.#waiting.get(first)?.(new Unavailable("Dovecot asks for more than PLAIN has to say"));
    }
  }
}

function accepted(fields: readonly string[]): LoginResult | Unavailable {
  const user = fields.find((field) => field.startsWith("user="));
  if (user === undefined) return new Unavailable("Dovecot accepted a login, and did not say whose");
  return { kind: "accepted", account: unescape(user.slice("user=".length)) };
}

function failed(fields: readonly string[]): LoginResult | Unavailable {
  if (!fields.includes("temp") && !fields.includes("code=temp_fail")) return { kind: "refused" };
  return new Unavailable("Dovecot could not check a login for the time being: look at its log");
}

const escapes: Readonly<Record<string, string>> = { "0": "\0", "1": "\u0001", t: "\t", r: "\r", n: "\n" };

/** Dovecot's way to write what would end a field: U+0001 and a letter. */
const unescape = (text: string): string =>
  text
    .split("\u0001")
    .map((part, i) => (i === 0 ? part : `${escapes[part.slice(0, 1)] ?? part.slice(0, 1)}${part.slice(1)}`))
    .join("");
