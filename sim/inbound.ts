// A node's front: the real conversation and session over simulated connections, with the listener's limits.
import type { Config } from "../src/config/schema.ts";
import { formatReply, reply } from "../src/mail/reply.ts";
import { admission, type Admission } from "../src/receive/admission.ts";
import { Conversation } from "../src/receive/conversation.ts";
import type { ReceiveStage } from "../src/receive/stage.ts";
import { overdue, type ReceiveTimes } from "../src/receive/time-limits.ts";
import { createSession } from "../src/smtp/server-session.ts";
import type { Clock } from "./clock.ts";
import type { Ear, End } from "./network.ts";

export interface InboundParts {
  readonly clock: Clock;
  readonly config: Config;
  readonly hostname: string;
  readonly stage: ReceiveStage;
  readonly onFault: (error: unknown) => void;
}

/** How often the time limits of sessions are looked at. */
const lookEveryMs = 15_000;

const shuttingDown = reply(421, "4.3.2", "the server is shutting down, try again later");

export class Inbound {
  readonly #parts: InboundParts;
  readonly #admission: Admission;
  readonly #open = new Set<Connection>();
  readonly #times: ReceiveTimes;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    const { receive } = parts.config;
    this.#admission = admission({ total: receive.max_connections, perAddress: receive.max_connections_per_address });
    this.#times = {
      commandTimeoutMs: receive.command_timeout,
      dataTimeoutMs: receive.data_timeout,
      messageTimeoutMs: receive.message_timeout,
      sessionTimeoutMs: receive.session_timeout,
      greetingDelayMs: 0,
    };
  }

  accept(end: End, address: string): void {
    const refusal = this.#admission.enter(address);
    if (refusal) {
      end.listen({ onBytes: () => {}, onEnd: () => {} });
      end.send(Buffer.from(formatReply(refusal)));
      return end.close();
    }
    const connection = new Connection(this.#parts, end, {
      address,
      onGone: () => {
        this.#admission.leave(address);
        this.#open.delete(connection);
      },
    });
    this.#open.add(connection);
    connection.start();
    this.#watch(connection);
  }

  /** 421 to who is between commands; messages on their way may finish within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    for (const connection of this.#open) connection.shutDown();
    for (let waitedMs = 0; this.#open.size > 0 && waitedMs < graceMs; waitedMs += 500)
      await this.#parts.clock.sleep(500);
    for (const connection of this.#open) connection.hangUp(shuttingDown);
  }

  #watch(connection: Connection): void {
    this.#parts.clock.plan(lookEveryMs, () => {
      if (!this.#open.has(connection)) return;
      const late = connection.overdue(this.#times);
      if (late) connection.hangUp(late);
      else this.#watch(connection);
    });
  }
}

/** One client: bytes are fed no faster than they are worked off. */
class Connection implements Ear {
  readonly #end: End;
  readonly #clock: Clock;
  readonly #conversation: Conversation;
  readonly #startedAt: number;
  readonly #onGone: () => void;
  #held: Uint8Array[] = [];
  #isGone = false;
  #shuttingDown = false;

  constructor(parts: InboundParts, end: End, { address, onGone }: { address: string; onGone: () => void }) {
    const { receive } = parts.config;
    this.#end = end;
    this.#clock = parts.clock;
    this.#startedAt = parts.clock.now;
    this.#onGone = onGone;
    const settings = {
      hostname: parts.hostname,
      maxMessageBytes: receive.max_message_size,
      maxRecipients: receive.max_recipients,
      maxErrors: receive.max_errors,
      offersStartTls: false,
      mayXclient: false,
    };
    const session = createSession(settings, { address, port: 50_000, protocol: "SMTP" });
    const { stage, onFault } = parts;
    this.#conversation = new Conversation(
      { session, stage, onEvent: (event) => event.kind === "trouble" && event.error && onFault(event.error) },
      {
        send: (text) => this.#end.send(Buffer.from(text)),
        startTls: () => Promise.resolve(undefined),
        close: () => this.#leave(),
        resume: () => this.#settle(),
      },
    );
  }

  start(): void {
    this.#end.listen(this);
    this.#conversation.start();
  }

  onBytes(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#settle();
  }

  onEnd(): void {
    if (this.#isGone) return;
    this.#conversation.lost();
    this.#leave();
  }

  shutDown(): void {
    this.#shuttingDown = true;
    this.#settle();
  }

  hangUp(farewell: ReturnType<typeof reply>): void {
    this.#conversation.hangUp(farewell);
    this.#leave();
  }

  overdue(times: ReceiveTimes): ReturnType<typeof overdue> {
    return overdue({ ...this.#conversation.moments, startedAt: this.#startedAt }, times, this.#clock.now);
  }

  #settle(): void {
    while (!this.#isGone && this.#held.length > 0 && !this.#conversation.isWaiting)
      this.#conversation.feed(this.#held.shift()!);
    if (!this.#isGone && this.#shuttingDown && this.#conversation.isIdle) this.hangUp(shuttingDown);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#held = [];
    this.#end.close();
    this.#onGone();
  }
}
