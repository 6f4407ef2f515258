// An edge without a socket: feeds a session, carries out its effects in memory, answers its questions.
import { type Client } from "../../src/mail/client.ts";
import { type Envelope } from "../../src/mail/envelope.ts";
import { type Reply, reply } from "../../src/mail/reply.ts";
import { type Effect, type Question, type Session } from "../../src/smtp/effect.ts";
import type { SaslOutcome } from "../../src/smtp/sasl/exchange.ts";
import { wrongPassword } from "../../src/smtp/sasl/refusals.ts";
import { type SessionSettings, createSession } from "../../src/smtp/server-session.ts";

export const settings: SessionSettings = {
  hostname: "mx.local.example",
  maxMessageBytes: 100_000,
  maxRecipients: 100,
  maxErrors: 20,
  offersStartTls: true,
  mayXclient: false,
};

export const client: Client = { address: "192.0.2.1", port: 40_000, protocol: "SMTP" };

export interface TakenMessage {
  readonly envelope: Envelope;
  /** Latin-1, so that each octet is one character. */
  readonly content: string;
}

export type Decide = (question: Question) => Reply;

/** Takes mail for local.example; with `trusted`, for everyone. `deferred@…` is told to come again. */
export const decideLike =
  (trusted: boolean): Decide =>
  (question) => {
    switch (question.about) {
      case "connection":
        return reply(220, undefined, "");
      case "reverse-path":
        return reply(250, "2.1.0", "ok");
      case "recipient": {
        const { address } = question.recipient;
        if (address.startsWith("deferred@")) return reply(450, "4.2.1", "come again later");
        if (trusted || /@(?:mx\.)?local\.example$/.test(address)) return reply(250, "2.1.5", "ok");
        return reply(550, "5.7.1", "not our domain");
      }
      case "message":
        return reply(250, "2.0.0", "queued");
    }
  };

/** The account bob@mydomain.tld has the password "secret". `responses`: all of the exchange, as text. */
function logIn(mechanism: string, responses: readonly (string | undefined)[]): SaslOutcome {
  const [first, second] = responses.filter((response) => response !== undefined);
  const isLogin = mechanism === "LOGIN";
  const asked = isLogin ? [first, second] : [first];
  const missing = asked.indexOf(undefined);
  if (missing !== -1)
    return { kind: "challenge", bytes: Buffer.from(isLogin ? ["Username:", "Password:"][missing]! : "") };
  const isRight = asked.join("\0").replace(/^\0/, "") === "bob@mydomain.tld\0secret";
  return isRight ? { kind: "accepted", account: "bob@mydomain.tld" } : wrongPassword;
}

export class StubEdge {
  readonly session: Session;
  /** Everything the session sent, one element for each `send`. */
  readonly sends: string[] = [];
  readonly messages: TakenMessage[] = [];
  readonly questions: Question[] = [];
  readonly refusals: Extract<Effect, { kind: "refused" }>[] = [];
  begun = 0;
  discarded = 0;
  handshakes = 0;
  closed = false;
  #decide: Decide;
  #content: Uint8Array[] | undefined;
  /** The exchange that goes on. */
  #login: { readonly mechanism: string; readonly responses: (string | undefined)[] } | undefined;

  constructor(own: Partial<SessionSettings> = {}, decide: Decide = decideLike(false), from: Client = client) {
    this.session = createSession({ ...settings, ...own }, from);
    this.#decide = decide;
  }

  get sent(): string {
    return this.sends.join("");
  }

  /** Content that came and was neither taken nor discarded. */
  get openContent(): string | undefined {
    return this.#content && Buffer.concat(this.#content).toString("latin1");
  }

  start(): this {
    this.perform(this.session.start());
    return this;
  }

  /** Text is Latin-1. */
  feed(...pieces: (string | Uint8Array)[]): this {
    for (const piece of pieces)
      this.perform(this.session.feed(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece));
    return this;
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        this.sends.push(effect.text);
        return;
      case "ask":
        this.questions.push(effect.question);
        if (effect.question.about === "message") this.#take(effect.question.envelope);
        this.perform(this.session.answer(this.#decide(effect.question)));
        return;
      case "begin-content":
        this.begun += 1;
        this.#content = [];
        return;
      case "content":
        if (this.#content === undefined) throw new Error("content without begin-content");
        this.#content.push(effect.bytes);
        return;
      case "discard-content":
        this.discarded += 1;
        this.#content = undefined;
        return;
      case "start-tls":
        this.handshakes += 1;
        return;
      case "login": {
        if (effect.mechanism !== undefined) this.#login = { mechanism: effect.mechanism, responses: [] };
        if (this.#login === undefined) throw new Error("a login goes on that was not begun");
        const { mechanism, responses } = this.#login;
        responses.push(effect.response && Buffer.from(effect.response).toString());
        this.perform(this.session.login(logIn(mechanism, responses)));
        return;
      }
      case "refused":
        this.refusals.push(effect);
        return;
      case "close":
        this.closed = true;
    }
  }

  #take(envelope: Envelope): void {
    if (this.openContent === undefined) throw new Error("a message without content");
    this.messages.push({ envelope, content: this.openContent });
    this.#content = undefined;
  }
}
