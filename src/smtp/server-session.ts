// The server's side of one SMTP session, without a socket and without a clock: bytes in, effects out. RFC 5321 §3, §4.
import type { Client, TlsFacts } from "../mail/client.ts";
import { type Reply, isPositive, reply } from "../mail/reply.ts";
import { decodeBase64, notBase64 } from "./base64.ts";
import { type Command, type Verb, parseCommand } from "./command.ts";
import { ContentReader } from "./content-reader.ts";
import { DotReader } from "./dot-reader.ts";
import type { Effect, Question, Session, Waiting } from "./effect.ts";
import { ChunkReader } from "./framing.ts";
import { InputBuffer } from "./input-buffer.ts";
import { limits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { type Begun, type Phase, type ReadingContent, waitingIn } from "./phase.ts";
import { type Next, type Rule, type SessionSettings, type State, type Transaction, forget } from "./rule.ts";
import type { SaslOutcome } from "./sasl/exchange.ts";
import { rules } from "./verbs/rules.ts";

export type { SessionSettings } from "./rule.ts";

/** `client`: what is known of the connection: its address, and TLS if it began with a handshake. */
export const createSession = (settings: SessionSettings, client: Client): Session =>
  new ServerSession(settings, client);

const goAhead = reply(354, undefined, "send the message; end it with a line that is only a dot");

type Stage = Extract<Effect, { kind: "refused" }>["stage"];

const stages: Partial<Record<Verb, Stage>> = {
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "data",
  BDAT: "data",
  AUTH: "login",
  HTTP: "connect",
};

class ServerSession implements Session {
  readonly #settings: SessionSettings;
  readonly #input = new InputBuffer();
  readonly #outbox = new Outbox();
  #state: State;
  #phase: Phase = { kind: "opening" };
  #errors = 0;

  constructor(settings: SessionSettings, client: Client) {
    this.#settings = settings;
    this.#state = { client };
  }

  get client(): Client {
    return this.#state.client;
  }

  get waiting(): Waiting {
    return waitingIn(this.#phase);
  }

  start(): Effect[] {
    this.#askAboutConnection();
    return this.#run();
  }

  feed(bytes: Uint8Array): Effect[] {
    const { kind } = this.#phase;
    // RFC 3207 §4.2: bytes in clear text behind STARTTLS may be an attacker's
    if (kind === "tls" || kind === "closed" || bytes.length === 0) return [];
    if (kind === "opening")
      this.#refuseAndClose("connect", reply(421, undefined, "you spoke before the greeting; wait for our 220 line"));
    else this.#input.push(bytes);
    return this.#run();
  }

  answer(decision: Reply): Effect[] {
    const phase = this.#phase;
    if (this.waiting !== "answer") return []; // too late: the session was ended meanwhile
    if (phase.kind === "opening" || phase.kind === "reopening") this.#greet(decision);
    else {
      this.#phase = { kind: "command" };
      if (phase.kind === "deciding")
        this.#become(ruleOf(phase.command).proceed?.(phase.command, this.#state, decision) ?? this.#state);
      else if (isPositive(decision)) this.#errors = 0;
      this.#say(decision);
    }
    if (decision.code === 421) this.#close(); // RFC 5321 §3.8: who says 421 closes
    return this.#run();
  }

  login(outcome: SaslOutcome): Effect[] {
    if (this.#phase.kind !== "deciding-login") return []; // too late, as above
    this.#phase = { kind: outcome.kind === "challenge" ? "login" : "command" };
    switch (outcome.kind) {
      case "challenge":
        this.#say(reply(334, undefined, Buffer.from(outcome.bytes).toString("base64")));
        break;
      case "accepted":
        this.#become({ ...this.#state, client: { ...this.client, account: outcome.account } });
        this.#say(reply(235, "2.7.0", "you are logged in"));
        break;
      case "refused":
        this.#say(outcome.reply);
        if (outcome.reply.code === 421) this.#close();
    }
    return this.#run();
  }

  /** RFC 3207 §4.2: what was said before TLS is forgotten, EHLO included. */
  secured(tls: TlsFacts): Effect[] {
    if (this.#phase.kind !== "tls") return [];
    const { address, port, name } = this.client;
    this.#state = { client: { address, port, protocol: "SMTP", ...(name !== undefined && { name }), tls } };
    this.#phase = { kind: "command" };
    return [];
  }

  hangUp(farewell: Reply): Effect[] {
    if (this.#phase.kind === "closed") return [];
    this.#say(farewell);
    this.#close();
    return this.#run();
  }

  lost(): Effect[] {
    this.#outbox.forgetReplies();
    this.#end();
    return this.#run();
  }

  /** Goes as far as the input allows. */
  #run(): Effect[] {
    while (this.#step());
    if (this.waiting !== "answer") this.#outbox.flush();
    return this.#outbox.take();
  }

  /** True when there may be more to do. */
  #step(): boolean {
    if (this.#phase.kind === "content") return this.#readContent(this.#phase);
    if (this.#phase.kind === "login") return this.#readResponse();
    return this.#phase.kind === "command" && this.#readCommand();
  }

  /** RFC 4954 §4: whatever is no response ends the exchange. */
  #readResponse(): boolean {
    const line = this.#input.line(limits.authLineBytes);
    if (line === undefined) return false;
    const response = line.kind === "line" ? decodeBase64(line.text) : undefined;
    if (response !== undefined) {
      this.#askToLogIn({ response });
      return true;
    }
    this.#phase = { kind: "command" };
    if (line.kind === "problem") {
      this.#say(line.problem.reply);
      if (line.problem.fatal) this.#close();
    } else this.#say(line.text === "*" ? reply(501, "5.7.0", "AUTH is cancelled, as you wish") : notBase64);
    return true;
  }

  #askToLogIn(step: { readonly mechanism?: string; readonly response: Uint8Array | undefined }): void {
    this.#phase = { kind: "deciding-login" };
    this.#outbox.add({ kind: "login", client: this.client, ...step });
  }

  #readCommand(): boolean {
    const line = this.#input.line();
    if (line === undefined) return false;
    const parsed = line.kind === "line" ? parseCommand(line.text, this.#settings.hostname) : line;
    if (parsed.kind === "command") {
      const { command } = parsed;
      this.#follow(ruleOf(command).check(command, { ...this.#state, settings: this.#settings }), command);
      return true;
    }
    const { verb, reply, fatal } = parsed.problem;
    this.#refuse(verb && stages[verb], reply);
    this.#say(reply);
    if (fatal) this.#close();
    return true;
  }

  #follow(next: Next, command: Command): void {
    switch (next.kind) {
      case "answer":
        this.#refuse(stages[command.verb], next.reply, command);
        if (next.become) this.#become(next.become);
        return this.#say(next.reply);
      case "ask":
        this.#phase = { kind: "deciding", command };
        return this.#ask(next.question);
      case "read-data":
        this.#say(goAhead);
        this.#outbox.flush();
        this.#phase = { kind: "content", framing: new DotReader(), last: true, to: this.#begin(next.transaction) };
        return;
      case "read-chunk": {
        const to = "code" in next.to ? next.to : this.#begin(next.to);
        this.#phase = { kind: "content", framing: new ChunkReader(next.sizeBytes), last: next.last, to };
        return;
      }
      case "login":
        return this.#askToLogIn({ mechanism: next.mechanism, response: next.response });
      case "start-tls":
        this.#say(reply(220, "2.0.0", "begin the TLS handshake"));
        this.#outbox.flush();
        this.#outbox.add({ kind: "start-tls" });
        this.#input.clear(); // RFC 3207 §4.2, as in `feed`
        this.#phase = { kind: "tls" };
        return;
      case "restart":
        this.#state = { client: next.client };
        this.#phase = { kind: "reopening" };
        return this.#askAboutConnection();
      case "close":
        this.#refuse(stages[command.verb], next.reply, command);
        this.#say(next.reply);
        return this.#close();
    }
  }

  #begin(transaction: Transaction): Begun {
    const { client } = this;
    const { origin, recipients, content } = transaction;
    if (content !== undefined) return { ...transaction, content };
    const rules = { maxBytes: this.#settings.maxMessageBytes, binary: origin.bodyType === "binarymime" };
    const begun = { ...transaction, content: new ContentReader(rules) };
    this.#state = { client, transaction: begun };
    this.#outbox.add({ kind: "begin-content", client, envelope: { ...origin, recipients } });
    return begun;
  }

  #readContent({ framing, last, to }: ReadingContent): boolean {
    const read = framing.read(this.#input);
    if (read === undefined) return false;
    if ("content" in to && to.content.accepts(read.content) && read.content.length > 0)
      this.#outbox.add({ kind: "content", bytes: read.content });
    if (read.ended) this.#endStretch(last, to);
    else if ("content" in to && to.content.endless !== undefined) this.#refuseAndClose("content", to.content.endless);
    return true;
  }

  /** RFC 3030 §2: each chunk gets its reply; a 5xx ends the transaction. */
  #endStretch(last: boolean, to: Begun | Reply): void {
    this.#phase = { kind: "command" };
    if ("code" in to) {
      this.#refuse("data", to);
      return this.#say(to);
    }
    if (last) to.content.end();
    const { refusal } = to.content;
    if (refusal !== undefined) {
      this.#refuse("content", refusal);
      this.#become(forget(this.#state));
      return this.#say(refusal);
    }
    if (!last) return this.#say(reply(250, "2.0.0", "chunk received"));
    // the message is whole; from here on its content is the edge's, and not ours to discard
    this.#state = forget(this.#state);
    this.#phase = { kind: "deciding-message" };
    this.#ask({ about: "message", client: this.client, envelope: { ...to.origin, recipients: to.recipients } });
  }

  /** RFC 2034 §4: no enhanced code in a greeting, nor in what comes instead. */
  #greet(decision: Reply): void {
    if (isPositive(decision)) {
      this.#phase = { kind: "command" };
      return this.#say(reply(220, undefined, `${this.#settings.hostname} ESMTP Waybill`));
    }
    this.#say(reply(decision.code, undefined, ...decision.lines));
    this.#close();
  }

  #askAboutConnection(): void {
    const { submission } = this.#settings;
    this.#ask({ about: "connection", client: this.client, ...(submission && { submission }) });
  }

  #ask(question: Question): void {
    this.#outbox.add({ kind: "ask", question });
  }

  #say(words: Reply): void {
    this.#outbox.say(words);
    if (words.code >= 500) this.#errors += 1;
    if (this.#errors < this.#settings.maxErrors || words.code < 500) return;
    this.#refuseAndClose("connect", reply(421, "4.7.0", "too many errors; closing, mend the sending program"));
  }

  /** A no of ours, for the journal. */
  #refuse(stage: Stage | undefined, reply: Reply, command?: Command): void {
    if (stage === undefined || isPositive(reply)) return;
    const from = command?.verb === "MAIL" ? command.origin.reversePath : this.#state.transaction?.origin.reversePath;
    const to = command?.verb === "RCPT" ? command.recipient.address : undefined;
    const facts = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    this.#outbox.add({ kind: "refused", stage, reply, ...facts });
  }

  #refuseAndClose(stage: Stage, words: Reply): void {
    this.#refuse(stage, words);
    this.#say(words);
    this.#close();
  }

  #close(): void {
    if (this.#phase.kind === "closed") return;
    this.#outbox.flush();
    this.#end();
    this.#outbox.add({ kind: "close" });
  }

  #end(): void {
    this.#input.clear();
    this.#become(forget(this.#state));
    this.#phase = { kind: "closed" };
  }

  #become(state: State): void {
    const content = this.#state.transaction?.content;
    if (content !== undefined && state.transaction?.content !== content) this.#outbox.add({ kind: "discard-content" });
    this.#state = state;
  }
}

/** A rule takes the commands of its verb; that the verb fits is known here only. */
const ruleOf = (command: Command): Rule<Verb> => rules[command.verb] as Rule<Verb>;
