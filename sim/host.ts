// A mail host of the simulated internet: the real server session, with a site's character for a judge.
import type { Instant } from "../src/base/world.ts";
import { type Reply, reply } from "../src/mail/reply.ts";
import type { Effect, Question, Session } from "../src/smtp/effect.ts";
import { createSession } from "../src/smtp/server-session.ts";
import type { Clock, Process } from "./clock.ts";
import type { Ear, End, Listener } from "./network.ts";
import { handshakeMark, simulatedTls } from "./sim-wire.ts";
import type { Site } from "./site.ts";

/** A message that a host took over. */
export interface Taken {
  readonly site: Site;
  readonly at: Instant;
  /** Whose connection it came by. */
  readonly from: Process | undefined;
  readonly reversePath: string;
  readonly to: readonly string[];
  readonly content: string;
}

export interface HostParts {
  readonly clock: Clock;
  readonly site: Site;
  readonly name: string;
  /** Called when the host takes a message; what it answers is called when its reply has arrived. */
  readonly onTaken: (taken: Taken) => () => void;
}

export const createHost = (parts: HostParts): Listener => ({
  accept: (end, fromAddress) => new Visit(parts, end, fromAddress).start(),
});

const welcome: Readonly<Record<Question["about"], Reply>> = {
  connection: reply(220, undefined),
  "reverse-path": reply(250, "2.1.0", "ok"),
  recipient: reply(250, "2.1.5", "ok"),
  message: reply(250, "2.0.0", "queued"),
};

/** One session. */
class Visit implements Ear {
  readonly #parts: HostParts;
  readonly #end: End;
  readonly #session: Session;
  #content: Buffer[] = [];
  #transactions = 0;
  #heardAt: Instant = 0;
  #onReply: (() => void) | undefined;
  #isOver = false;

  constructor(parts: HostParts, end: End, fromAddress: string) {
    this.#parts = parts;
    this.#end = end;
    const { site, name } = parts;
    this.#session = createSession(
      {
        hostname: name,
        maxMessageBytes: 50_000_000,
        maxRecipients: 100,
        maxErrors: 100,
        offersStartTls: site.character.tls !== "none",
        mayXclient: false,
      },
      { address: fromAddress, port: 40_000, protocol: "SMTP" },
    );
  }

  start(): void {
    this.#parts.site.sessions += 1;
    this.#end.listen(this);
    this.#perform(this.#session.start());
    this.#watch();
  }

  onBytes(bytes: Uint8Array): void {
    this.#heardAt = this.#parts.clock.now;
    if (this.#session.waiting !== "tls") return this.#perform(this.#session.feed(bytes));
    const { tls } = this.#parts.site.character;
    if (tls === "stalls") return;
    if (tls === "fails" || bytes[0] !== handshakeMark[0]) return this.#leave();
    this.#end.send(handshakeMark);
    this.#perform(this.#session.secured(simulatedTls));
  }

  onEnd(): void {
    this.#perform(this.#session.lost());
    this.#leave();
  }

  /** A client that says nothing is sent away. */
  #watch(): void {
    const { clock, site } = this.#parts;
    this.#heardAt = clock.now;
    const look = (): void => {
      if (this.#isOver) return;
      const restMs = this.#heardAt + site.character.idleMs - clock.now;
      if (restMs > 0) return void clock.planFor(undefined, restMs, look);
      this.#perform(this.#session.hangUp(reply(421, "4.4.2", "idle for too long, closing")));
      this.#leave();
    };
    clock.planFor(undefined, site.character.idleMs, look);
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "send":
          this.#end.send(Buffer.from(effect.text), this.#onReply);
          this.#onReply = undefined;
          break;
        case "ask":
          this.#ask(effect.question);
          break;
        case "begin-content":
        case "discard-content":
          this.#content = [];
          break;
        case "content":
          this.#content.push(Buffer.from(effect.bytes));
          break;
        case "close":
          this.#leave();
          break;
        case "refused":
        case "start-tls":
        case "login":
      }
    }
  }

  /** Mailboxes are looked into: that takes a moment. */
  #ask(question: Question): void {
    const { clock, site } = this.#parts;
    const { thinkMs } = site.character;
    const answer = (): void => this.#perform(this.#session.answer(this.#decide(question)));
    if (thinkMs === 0 || question.about === "reverse-path") answer();
    else clock.planFor(undefined, thinkMs, () => this.#isOver || answer());
  }

  #decide(question: Question): Reply {
    const { site, clock } = this.#parts;
    switch (question.about) {
      case "connection":
        return site.onConnect()?.reply ?? welcome.connection;
      case "reverse-path":
        this.#transactions += 1;
        return site.onMail(clock.now, this.#transactions)?.reply ?? welcome["reverse-path"];
      case "recipient":
        return (
          site.onRcpt(clock.now, question.origin.reversePath, question.recipient.address)?.reply ?? welcome.recipient
        );
      case "message":
        return this.#take(
          question.envelope.reversePath,
          question.envelope.recipients.map(({ address }) => address),
        );
    }
  }

  #take(reversePath: string, to: readonly string[]): Reply {
    const { site, clock, onTaken } = this.#parts;
    const content = Buffer.concat(this.#content).toString("latin1");
    this.#content = [];
    const refused = site.onMessage(clock.now, messageIdOf(content));
    if (refused) return refused.reply;
    this.#onReply = onTaken({ site, at: clock.now, from: this.#end.peer.owner, reversePath, to, content });
    return welcome.message;
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.site.sessions -= 1;
    this.#end.close();
  }
}

/** Without its angle brackets; of the message itself, not of one inside it. */
export const messageIdOf = (content: string): string => /^Message-ID: <([^>]*)>/im.exec(content)?.[1] ?? "";
