// Carries out what a session asks for: effect by effect, in order, one wait at a time. Knows no socket.
import type { Client, TlsFacts } from "../mail/client.ts";
import type { Envelope } from "../mail/envelope.ts";
import { formatReply, reply, type Reply } from "../mail/reply.ts";
import type { Effect, Question, Session } from "../smtp/effect.ts";
import type { ChannelBindingData, SaslExchange, SaslOutcome } from "../smtp/sasl/exchange.ts";
import { unavailable } from "../smtp/sasl/refusals.ts";
import type { ContentSink, ReceiveEvent, ReceiveStage } from "./stage.ts";
import type { Moments } from "./time-limits.ts";

export interface ConversationSetup {
  readonly session: Session;
  readonly stage: ReceiveStage;
  readonly onEvent: (event: ReceiveEvent) => void;
}

/** What effects do to the connection. */
interface Wire {
  send(text: string): void;
  /** Undefined: the handshake failed, and the connection with it. */
  startTls(): Promise<TlsFacts | undefined>;
  /** What TLS can bind a login to; undefined: there is no TLS now, or never. */
  binding?(): ChannelBindingData | undefined;
  close(): void;
  /** A wait is over: bytes may be fed again. */
  resume(): void;
}

type Effects = readonly Effect[];

interface LoggingIn {
  exchange: SaslExchange;
  failures: number;
  readonly ended: AbortController;
}

const nothing: Effects = [];
const localError = reply(451, "4.3.0", "local error, try again later");

export class Conversation {
  readonly startedAt = performance.now();
  readonly #session: Session;
  readonly #stage: ReceiveStage;
  readonly #onEvent: (event: ReceiveEvent) => void;
  readonly #wire: Wire;
  /** Our answer, our disk or a handshake; its promise also tells whether a late result still counts. */
  #awaited: Promise<unknown> | undefined;
  #content: { readonly sink: ContentSink; readonly envelope: Envelope; readonly since: number } | undefined;
  /** From the first AUTH on. */
  #login: LoggingIn | undefined;
  #progressAt = this.startedAt;

  constructor({ session, stage, onEvent }: ConversationSetup, wire: Wire) {
    this.#session = session;
    this.#stage = stage;
    this.#onEvent = onEvent;
    this.#wire = wire;
  }

  /** True: nothing may be fed until `wire.resume` is called. */
  get isWaiting(): boolean {
    return this.#awaited !== undefined;
  }

  /** Between commands, and no message is half received (RFC 3030: there are commands between chunks). */
  get isIdle(): boolean {
    return !this.isWaiting && this.#content === undefined && this.#session.waiting === "command";
  }

  /** What the time limits need. */
  get moments(): Moments {
    const { waiting } = this.#session;
    return {
      startedAt: this.startedAt,
      progressAt: this.#progressAt,
      contentSince: this.#content?.since ?? this.#progressAt,
      waiting: this.isWaiting && waiting !== "tls" ? "us" : waiting,
    };
  }

  /** Time limits count from now. */
  progress(): void {
    this.#progressAt = performance.now();
  }

  start(): void {
    this.progress();
    this.#run(() => this.#session.start());
  }

  feed(bytes: Uint8Array): void {
    this.#run(() => {
      const effects = this.#session.feed(bytes);
      // bytes that finish no command are no progress, or a byte a minute would hold a session for ever
      if (effects.length > 0 || this.#session.waiting === "content") this.progress();
      return effects;
    });
  }

  hangUp(farewell: Reply): void {
    this.#awaitNothing();
    const from = this.#content?.envelope.reversePath;
    if (from !== undefined) this.#refused({ kind: "refused", stage: "content", reply: farewell, from });
    this.#run(() => this.#session.hangUp(farewell));
    void this.#discard(); // the session may have asked about it already, behind a write that was still awaited
  }

  lost(): void {
    this.#awaitNothing();
    this.#run(() => this.#session.lost());
    void this.#discard(); // as above
  }

  /** For the log. */
  trouble(text: string, error?: unknown): void {
    const { address } = this.#session.client;
    this.#onEvent({ kind: "trouble", address, text, ...(error !== undefined && { error }) });
  }

  /** The session ends: what comes of a wait does not count any more. */
  #awaitNothing(): void {
    this.#awaited = undefined;
    this.#login?.ended.abort();
  }

  /** Carries out the effects and what follows from them, up to a wait. */
  #run(first: () => Effects): void {
    try {
      let effects = first();
      for (let i = 0; i < effects.length; i += 1) {
        const next = this.#perform(effects[i]!);
        if (next === nothing) continue;
        const rest = effects.slice(i + 1);
        if (next instanceof Promise) return void this.#await(next, rest);
        effects = rest.length === 0 ? next : [...rest, ...next];
        i = -1;
      }
    } catch (error) {
      this.#fault(error);
    }
  }

  async #await(promise: Promise<() => Effects>, rest: Effects): Promise<void> {
    this.#awaited = promise;
    try {
      const proceed = await promise;
      if (this.#awaited !== promise) return; // hung up or lost meanwhile
      this.#awaited = undefined;
      this.progress();
      this.#run(() => (rest.length === 0 ? proceed() : [...rest, ...proceed()]));
      if (!this.isWaiting) this.#wire.resume();
    } catch (error) {
      this.#fault(error);
    }
  }

  /** More effects, or the wait for something that leads to them. */
  #perform(effect: Effect): Effects | Promise<() => Effects> {
    switch (effect.kind) {
      case "send":
        this.#wire.send(effect.text);
        return nothing;
      case "ask":
        return this.#ask(effect.question);
      case "begin-content": {
        const { client, envelope } = effect;
        this.#content = { sink: this.#stage.begin(client, envelope), envelope, since: performance.now() };
        return nothing;
      }
      case "content":
        return this.#content?.sink.write(effect.bytes)?.then(() => () => nothing) ?? nothing;
      case "discard-content":
        void this.#discard();
        return nothing;
      case "start-tls":
        return this.#wire.startTls().then((tls) => () => (tls ? this.#session.secured(tls) : nothing));
      case "login":
        return this.#stepOfLogin(effect).then((outcome) => () => this.#session.login(outcome));
      case "refused":
        this.#refused(effect);
        return nothing;
      case "close":
        this.#wire.close();
        return nothing;
    }
  }

  /** Never rejects. */
  async #stepOfLogin({ client, mechanism, response }: Extract<Effect, { kind: "login" }>): Promise<SaslOutcome> {
    try {
      if (mechanism !== undefined) this.#login = this.#beginLogin(client, mechanism);
      const login = this.#login;
      if (login === undefined) throw new Error("a login goes on that was not begun");
      const outcome = await login.exchange.step(response);
      if (outcome.kind !== "refused") return outcome;
      login.failures += 1;
      if (outcome.trouble !== undefined) this.trouble(`a login could not be checked: ${outcome.trouble}`);
      return outcome;
    } catch (error) {
      this.trouble("bug in a login", error);
      return unavailable("a bug");
    }
  }

  #beginLogin(client: Client, mechanism: string): LoggingIn {
    const { failures = 0, ended = new AbortController() } = this.#login ?? {};
    if (this.#stage.beginLogin === undefined) throw new Error("the session offered AUTH where nobody can log in");
    const binding = this.#wire.binding?.();
    const exchange = this.#stage.beginLogin({ mechanism, client, binding, failures, signal: ended.signal });
    return { exchange, failures, ended };
  }

  #ask(question: Question): Effects | Promise<() => Effects> {
    const decision = this.#decide(question);
    if (!(decision instanceof Promise)) return this.#session.answer(decision);
    return decision.then(
      (decided) => () => this.#session.answer(decided),
      (error: unknown) => () => this.#session.answer(this.#localError(error)),
    );
  }

  #decide(question: Question): Reply | Promise<Reply> {
    try {
      if (question.about !== "message") return this.#stage.answer(question);
      const content = this.#content;
      this.#content = undefined; // from here on it is kept or not, but no more to be discarded
      return content?.sink.finish(question.envelope) ?? this.#localError(new Error("no content was begun"));
    } catch (error) {
      return this.#localError(error);
    }
  }

  async #discard(): Promise<void> {
    const content = this.#content;
    this.#content = undefined;
    try {
      await content?.sink.discard();
    } catch (error) {
      this.trouble("bug in forgetting a message", error);
    }
  }

  #refused(effect: Extract<Effect, { kind: "refused" }>): void {
    this.#onEvent({ ...effect, client: this.#session.client });
  }

  #localError(error: unknown): Reply {
    this.trouble("bug in a decision", error);
    return localError;
  }

  /** A bug of ours: the client is told to come again, the other sessions go on. */
  #fault(error: unknown): void {
    this.trouble("bug in a session", error);
    this.#awaitNothing();
    void this.#discard();
    this.#wire.send(formatReply({ ...localError, code: 421 }));
    this.#wire.close();
  }
}
