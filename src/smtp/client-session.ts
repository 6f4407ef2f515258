// The client protocol from the greeting to the first transaction, as a script. RFC 5321 §3.1, §3.2, RFC 2033, RFC 3207,
// RFC 4954.
import type { Failure, Stage } from "../mail/failure.ts";
import type { TlsMode } from "../mail/hop.ts";
import type { Step } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import { isPositive, replyText } from "../mail/reply.ts";
import type { Extensions } from "./client-extensions.ts";
import { parseExtensions } from "./client-extensions.ts";
import type { ClientTimeLimits } from "./client-limits.ts";
import type { Wire } from "./client-wire.ts";
import { SessionFailure } from "./client-wire.ts";

export interface Opening {
  /** Our name for EHLO. */
  readonly hostname: string;
  readonly protocol: "smtp" | "lmtp";
  /** STARTTLS, if the wire has no TLS yet. */
  readonly tls: TlsMode;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly timeLimitsMs: ClientTimeLimits;
  /** Told of what happened on the way. */
  readonly tell: (step: Step) => void;
}

/** An open session: greeted, secured and authenticated as asked for. */
export class ClientSession {
  readonly wire: Wire;
  readonly protocol: "smtp" | "lmtp";
  readonly #timeLimitsMs: ClientTimeLimits;
  #offered: Extensions = parseExtensions([]);
  #ended: Failure | undefined;
  #transactions = 0;
  /** Replies to it are still to come, or it was left unfinished. */
  #inTransaction = false;
  /** Lets the transaction behind it read its replies. */
  #wakeNext: (() => void) | undefined;

  constructor(wire: Wire, { protocol, timeLimitsMs }: Opening) {
    this.wire = wire;
    this.protocol = protocol;
    this.#timeLimitsMs = timeLimitsMs;
  }

  /** By the latest EHLO. RFC 3207 §4.2: what was offered before TLS is forgotten. */
  get offered(): Extensions {
    return this.#offered;
  }

  /** Why the session cannot go on. */
  get ended(): Failure | undefined {
    return this.#ended;
  }

  /** Begun so far. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Good for another transaction, as far as one can see without asking. */
  get isQuiet(): boolean {
    return this.#ended === undefined && !this.#inTransaction && this.wire.isQuiet;
  }

  /** A promise means: wait before sending more. */
  send(commands: string, stage: Stage): Promise<void> | undefined {
    return this.wire.send(commands, stage, this.#timeLimitsMs[stage]);
  }

  /** A promise means: wait before sending more. */
  sendBlock(bytes: Uint8Array): Promise<void> | undefined {
    return this.wire.send(bytes, "content", this.#timeLimitsMs.contentBlock);
  }

  /** The next reply; a promise if it has not come yet. 421 ends the session: a SessionFailure. RFC 5321 §4.2.3. */
  reply(stage: Stage): Reply | Promise<Reply> {
    const reply = this.wire.reply(stage, this.#timeLimitsMs[stage]);
    const unlessClosing = (reply: Reply): Reply => {
      if (reply.code !== 421) return reply;
      throw new SessionFailure({ kind: "refused", host: this.wire.host, stage, reply });
    };
    return reply instanceof Promise ? reply.then(unlessClosing) : unlessClosing(reply);
  }

  async ask(command: string, stage: Stage): Promise<Reply> {
    await this.send(command, stage);
    return this.reply(stage);
  }

  /** A refusal as a failure; undefined when the reply is of the class hoped for. */
  refusal(stage: Stage, reply: Reply, hopedFor: 2 | 3 = 2): Failure | undefined {
    const { host } = this.wire;
    if (reply.code >= 400) return { kind: "refused", host, stage, reply };
    if (Math.floor(reply.code / 100) === hopedFor) return undefined;
    const text = `it answered ${JSON.stringify(replyText(reply))} where ${hopedFor}xx, 4xx or 5xx has its place`;
    throw new SessionFailure({ kind: "not-smtp", host, stage, text });
  }

  /** What the server said before it had the whole message: it may refuse it so, but cannot have taken it. */
  earlyRefusal(reply: Reply): Failure {
    const { host } = this.wire;
    const stage = "content";
    if (reply.code >= 400) return { kind: "refused", host, stage, reply };
    const text = `it answered ${JSON.stringify(replyText(reply))} before it had the whole message`;
    throw new SessionFailure({ kind: "not-smtp", host, stage, text });
  }

  /** EHLO or LHLO; HELO for servers that do not know EHLO. RFC 5321 §3.2. */
  async hello(hostname: string): Promise<void> {
    const verb = this.protocol === "lmtp" ? "LHLO" : "EHLO";
    let reply = await this.ask(`${verb} ${hostname}\r\n`, "hello");
    const isUnknown = verb === "EHLO" && (reply.code === 500 || reply.code === 502);
    if (isUnknown) reply = await this.ask(`HELO ${hostname}\r\n`, "hello");
    const refused = this.refusal("hello", reply);
    if (refused) throw new SessionFailure(refused);
    this.#offered = parseExtensions(isUnknown ? [] : reply.lines);
  }

  async startTls(verify: boolean): Promise<void> {
    await this.wire.startTls({ verify, timeoutMs: this.#timeLimitsMs.tlsHandshake });
  }

  /**
   * A transaction begins. A promise means: it is written behind the content of another, whose last replies come first;
   * await it before reading, and then `ensureOpen`. At most one may wait so.
   */
  begin(): Promise<void> | undefined {
    this.#transactions += 1;
    this.ensureOpen();
    if (this.#inTransaction) return new Promise((resolve) => (this.#wakeNext = resolve));
    this.#inTransaction = true;
    return undefined;
  }

  /** Throws for a transaction whose session ended with the one before: nothing of it was sent but its envelope. */
  ensureOpen(): void {
    if (this.#ended === undefined) return;
    const text = "the session ended with the message before";
    throw new SessionFailure({ kind: "lost", host: this.wire.host, stage: "mail", text });
  }

  /** The server has settled the transaction: it has forgotten it, and so do we. */
  finish(): void {
    this.#inTransaction = this.#wakeNext !== undefined;
    this.#goOn();
  }

  #goOn(): void {
    this.#wakeNext?.();
    this.#wakeNext = undefined;
  }

  /** After an unfinished transaction; afterwards the session is quiet, or has ended. Never rejects. */
  async reset(): Promise<void> {
    if (!this.#inTransaction || this.#ended) return;
    const stage = "mail";
    try {
      await this.send("RSET\r\n", stage);
      const reply = await this.wire.reply(stage, this.#timeLimitsMs.reset);
      this.#inTransaction = false;
      // says nothing about a message: not a refusal, but the end of this session
      const text = `we ended it: RSET was answered ${replyText(reply)}`;
      if (!isPositive(reply)) this.end({ kind: "lost", host: this.wire.host, stage, text });
    } catch (error) {
      this.end(failureOf(error));
    }
  }

  /** QUIT, and no regrets about its reply. Never rejects. */
  async quit(): Promise<void> {
    const timeoutMs = this.#timeLimitsMs.quit;
    try {
      if (this.wire.isOpen && !this.#ended) {
        await this.wire.send("QUIT\r\n", "quit", timeoutMs);
        await this.wire.reply("quit", timeoutMs);
      }
    } catch (error) {
      if (!(error instanceof SessionFailure)) throw error;
    } finally {
      this.wire.close();
    }
  }

  end(because: Failure): void {
    this.#ended ??= because;
    this.wire.close();
    this.#goOn();
  }
}

/** Unknown errors are our own, and temporary. */
export const failureOf = (error: unknown): Failure =>
  error instanceof SessionFailure
    ? error.failure
    : { kind: "internal", text: error instanceof Error ? error.message : String(error) };

/** From the greeting on. Rejects with a SessionFailure; then the caller closes the wire. */
export async function openSession(wire: Wire, how: Opening): Promise<ClientSession> {
  const session = new ClientSession(wire, how);
  const unwelcome = session.refusal("greeting", await session.reply("greeting"));
  if (unwelcome) throw new SessionFailure(unwelcome);
  await session.hello(how.hostname);
  // a password does not go out in clear text unless someone said so
  const tls = how.credentials && how.tls === "opportunistic" ? "require" : how.tls;
  if (tls !== "never" && wire.tls === undefined && (await secure(session, tls, how.tell))) {
    await session.hello(how.hostname);
  }
  if (how.credentials) await authenticate(session, how.credentials);
  return session;
}

/** STARTTLS; false: `opportunistic`, and the server would not. RFC 3207 §4. */
async function secure(session: ClientSession, tls: TlsMode, tell: Opening["tell"]): Promise<boolean> {
  const { host } = session.wire;
  const without = (text: string): false => {
    const failure: Failure = { kind: "tls", host, problem: "not-offered", text };
    if (tls !== "opportunistic") throw new SessionFailure(failure);
    return false;
  };
  if (!session.offered.startTls) return without("the server does not offer STARTTLS");
  const reply = await session.ask("STARTTLS\r\n", "starttls");
  const refused = session.refusal("starttls", reply);
  if (refused) {
    const isClear = without(`the server offers STARTTLS, but answered ${replyText(reply)}`);
    tell({ host, failure: refused, text: "STARTTLS refused; went on in clear text" });
    return isClear;
  }
  await session.startTls(tls === "verify");
  tell({ host, text: `secured by ${session.wire.tls?.version} ${session.wire.tls?.cipher}` });
  return true;
}

const base64 = (text: string): string => `${Buffer.from(text).toString("base64")}\r\n`;

/** AUTH PLAIN, or LOGIN for servers that know no better. RFC 4954 §4, RFC 4616. */
async function authenticate(
  session: ClientSession,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const { host } = session.wire;
  const { auth } = session.offered;
  let reply: Reply;
  if (auth.includes("PLAIN")) {
    reply = await session.ask(`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`, "auth");
  } else if (auth.includes("LOGIN")) {
    reply = await session.ask("AUTH LOGIN\r\n", "auth");
    for (const answer of [username, password]) {
      if (reply.code === 334) reply = await session.ask(base64(answer), "auth");
    }
  } else {
    const text =
      auth.length === 0
        ? "the server offers no AUTH; remove the username, or use the port for submission (587 or 465)"
        : `the server offers AUTH ${auth.join(" ")}; we know PLAIN and LOGIN`;
    throw new SessionFailure({ kind: "unsupported", host, extension: "AUTH", text });
  }
  const refused = session.refusal("auth", reply);
  if (refused) throw new SessionFailure(refused);
}
