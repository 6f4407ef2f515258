// A Wire to a scripted peer, in memory: no socket, no clock. Silence ends at once.
import type { TlsFacts } from "../../src/mail/client.ts";
import type { RemoteHost, Stage } from "../../src/mail/failure.ts";
import type { Reply } from "../../src/mail/reply.ts";
import type { Wire } from "../../src/smtp/client-wire.ts";
import { SessionFailure } from "../../src/smtp/client-wire.ts";
import { NotSmtp, ReplyReader } from "../../src/smtp/reply-reader.ts";
import type { Act } from "./scripted-peer.ts";
import { ScriptedPeer } from "./scripted-peer.ts";
import type { Script } from "./scripted-peer.ts";

export class MemoryWire implements Wire {
  readonly host: RemoteHost = { name: "mx.test", address: "192.0.2.1", port: 25 };
  readonly peer: ScriptedPeer;
  /** What went out, one entry per write. */
  readonly writes: string[] = [];
  tls: TlsFacts | undefined;
  isOpen = true;
  /** Set to make the handshake fail. */
  handshakeFails = false;
  readonly #session;
  readonly #reader = new ReplyReader();
  #lost = false;

  constructor(script?: Script, protocol: "smtp" | "lmtp" = "smtp") {
    this.peer = new ScriptedPeer(script, protocol === "lmtp");
    this.#session = this.peer.session();
    this.#perform(this.#session.greet());
  }

  get isQuiet(): boolean {
    return this.isOpen && !this.#lost && this.#reader.isEmpty;
  }

  send(bytes: string | Uint8Array): undefined {
    if (!this.isOpen || this.#lost) return;
    this.writes.push(Buffer.from(bytes as string).toString("latin1"));
    this.#perform(this.#session.feed(Buffer.from(bytes as string)));
  }

  async reply(stage: Stage, timeoutMs: number): Promise<Reply> {
    try {
      const reply = this.#reader.next();
      if (reply) return reply;
    } catch (error) {
      if (!(error instanceof NotSmtp)) throw error;
      throw new SessionFailure({ kind: "not-smtp", host: this.host, stage, text: error.message });
    }
    if (this.#lost || !this.isOpen) throw new SessionFailure({ kind: "lost", host: this.host, stage, text: "closed" });
    throw new SessionFailure({ kind: "silent", host: this.host, stage, timeoutMs });
  }

  async startTls(): Promise<void> {
    if (this.handshakeFails) {
      throw new SessionFailure({ kind: "tls", host: this.host, problem: "handshake", text: "handshake failed" });
    }
    this.tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
  }

  close(): void {
    this.isOpen = false;
  }

  #perform(acts: readonly Act[]): void {
    for (const act of acts) {
      if (this.#lost) return;
      if (act.kind === "say") this.#reader.feed(Buffer.from(`${act.text}\r\n`));
      if (act.kind === "close" && act.text !== undefined) this.#reader.feed(Buffer.from(`${act.text}\r\n`));
      if (act.kind === "close" || act.kind === "reset") this.#lost = true;
    }
  }
}
