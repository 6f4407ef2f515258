// One socket and its session: bytes are read no faster than they are worked off, and no wait is without an end.
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Client, TlsFacts } from "../mail/client.ts";
import { reply } from "../mail/reply.ts";
import type { Session } from "../smtp/effect.ts";
import { channelBindingOf } from "./channel-binding.ts";
import { Conversation, type ConversationSetup } from "./conversation.ts";
import { HandshakeError, secure, tlsFactsOf } from "./handshake.ts";
import { handshakeLimitMs, overdue, ownTimes, type ReceiveTimes } from "./time-limits.ts";
import type { Happening } from "./visits.ts";

interface ConnectionSetup extends ConversationSetup {
  /** Plain, or TLS already. */
  readonly socket: Socket;
  /** For STARTTLS. */
  readonly secureContext: SecureContext | undefined;
  readonly times: ReceiveTimes;
  readonly onVisit?: (client: Client, happening: Happening) => void;
}

/** Replies that a client lets pile up, in bytes: more than one read of pipelined commands causes in earnest. */
const unreadReplyBytes = 1024 ** 2;

const shuttingDown = reply(421, "4.3.2", "the server is shutting down, try again later");

export class Connection {
  readonly #conversation: Conversation;
  readonly #session: Session;
  readonly #secureContext: SecureContext | undefined;
  readonly #times: ReceiveTimes;
  readonly #onVisit: ConnectionSetup["onVisit"];
  #socket: Socket;
  #phase: "delayed" | "open" | "leaving" | "gone" = "delayed";
  /** Replies wait for the client to read them. */
  #stuffed = false;
  /** Came while nothing could be fed. The socket is paused then, so there is never more than one. */
  #held: Uint8Array | undefined;
  #inputEnded = false;
  #shuttingDown = false;
  #leftAt = 0;

  constructor(setup: ConnectionSetup) {
    this.#socket = setup.socket;
    this.#session = setup.session;
    this.#secureContext = setup.secureContext;
    this.#times = setup.times;
    this.#onVisit = setup.onVisit;
    this.#conversation = new Conversation(setup, {
      send: (text) => this.#send(text),
      startTls: () => this.#startTls(),
      binding: () => (this.#socket instanceof TLSSocket ? channelBindingOf(this.#socket) : undefined),
      close: () => this.#leave(),
      resume: () => this.#settle(),
    });
    this.#attach();
    if (setup.times.greetingDelayMs === 0) this.#greet();
    this.#socket.resume();
  }

  /** Called now and then, by one timer for all connections; `now` is `performance.now()`. */
  checkTime(now: number): void {
    switch (this.#phase) {
      case "delayed":
        if (now - this.#conversation.startedAt >= this.#times.greetingDelayMs) this.#greet();
        return;
      case "open": {
        const late = overdue(this.#conversation.moments, this.#times, now);
        if (late) this.#conversation.hangUp(late);
        return;
      }
      case "leaving":
        if (now - this.#leftAt >= ownTimes.lingerMs) this.#socket.destroy();
        return;
      case "gone":
    }
  }

  /** Between commands, 421 now; a message on its way may finish first. */
  shutDown(): void {
    this.#shuttingDown = true;
    if (this.#phase === "delayed") this.#hangUp();
    else this.#settle();
  }

  /** 421, whatever is going on. */
  abort(): void {
    if (this.#phase === "open" && this.#session.waiting !== "tls") this.#hangUp();
    this.#socket.destroy();
  }

  #attach(): void {
    this.#socket.on("data", this.#onData).on("end", this.#onEnd).on("drain", this.#onDrain).on("close", this.#onClose);
  }

  #detach(): void {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("drain", this.#onDrain).off("close", this.#onClose);
  }

  readonly #onData = (bytes: Uint8Array): void => {
    if (this.#onVisit !== undefined) this.#lookForTls(bytes);
    // before the greeting, the session knows what to say to it
    if (this.#phase === "delayed") this.#phase = "open";
    if (this.#phase !== "open") return; // swallowed: closing with unread bytes would take our last reply back
    if (this.#isBusy()) {
      this.#held = bytes;
      this.#socket.pause();
      return;
    }
    this.#conversation.feed(bytes);
    this.#settle();
  };

  /** RFC 8446 §5.1: how a handshake begins; no command does. */
  #lookForTls(bytes: Uint8Array): void {
    if (bytes[0] === 0x16 && bytes[1] === 0x03) this.#onVisit?.(this.#session.client, { kind: "early-tls" });
  }

  readonly #onEnd = (): void => {
    this.#inputEnded = true;
    if (this.#phase === "delayed") this.#leave();
    else this.#settle();
  };

  readonly #onDrain = (): void => {
    this.#stuffed = false;
    this.#conversation.progress();
    this.#settle();
  };

  readonly #onClose = (): void => {
    const wasOpen = this.#phase === "open";
    this.#phase = "gone";
    if (wasOpen) this.#conversation.lost();
  };

  #isBusy(): boolean {
    return this.#stuffed || this.#conversation.isWaiting;
  }

  #greet(): void {
    this.#phase = "open";
    this.#conversation.start();
    this.#settle();
  }

  /** After effects, as far as they went: what next? */
  #settle(): void {
    while (this.#phase === "open" && this.#held && !this.#isBusy()) {
      const bytes = this.#held;
      this.#held = undefined;
      this.#conversation.feed(bytes);
    }
    if (this.#phase !== "open" || this.#isBusy()) return;
    if (this.#inputEnded) {
      this.#conversation.lost();
      this.#leave();
    } else if (this.#shuttingDown && this.#conversation.isIdle) this.#hangUp();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #hangUp(): void {
    this.#phase = "open";
    this.#conversation.hangUp(shuttingDown);
  }

  #send(text: string): void {
    if (this.#phase !== "open" || this.#socket.write(text)) return;
    if (!this.#stuffed) this.#conversation.progress();
    this.#stuffed = true;
    if (this.#socket.writableLength <= unreadReplyBytes) return;
    this.#conversation.trouble("the client does not read our replies: connection dropped");
    this.#socket.destroy();
  }

  /** RFC 3207 §4.2: what came in clear text behind STARTTLS is thrown away, or an attacker's commands would count. */
  async #startTls(): Promise<TlsFacts | undefined> {
    if (!this.#secureContext) throw new Error("the session offered STARTTLS on a listener without a certificate");
    this.#detach();
    this.#socket.pause();
    this.#held = undefined;
    while (this.#socket.read() !== null);
    try {
      const wire = await secure(this.#socket, this.#secureContext, handshakeLimitMs(this.#times));
      this.#socket = wire;
      this.#stuffed = false;
      this.#attach();
      if (!wire.destroyed) {
        const facts = tlsFactsOf(wire);
        this.#onVisit?.(this.#session.client, { kind: "secured", version: facts.version });
        return facts;
      }
    } catch (error) {
      if (error instanceof HandshakeError)
        this.#onVisit?.(this.#session.client, { kind: "not-secured", fault: error.fault });
      this.#conversation.trouble(error instanceof Error ? error.message : String(error));
    }
    this.#onClose();
    return undefined;
  }

  /** Ends our side, and waits a little for the client to end its own. */
  #leave(): void {
    if (this.#phase === "gone") return;
    this.#phase = "leaving";
    this.#leftAt = performance.now();
    this.#held = undefined;
    this.#socket.end();
    this.#socket.resume();
  }
}
