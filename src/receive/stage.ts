// What the edge needs of the rest of the server: decisions, a place for content, and ears for what happened.
import type { Client } from "../mail/client.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { Reply } from "../mail/reply.ts";
import type { Effect, Question } from "../smtp/effect.ts";
import type { ChannelBindingData, SaslExchange } from "../smtp/sasl/exchange.ts";

export interface ReceiveStage {
  /** The reply to a question of the session. Should not reject; if it does, the client is told 451. */
  answer(question: Exclude<Question, { about: "message" }>): Reply | Promise<Reply>;
  /** A client begins to log in; absent: nobody can. */
  readonly beginLogin?: (login: LoginBeginning) => SaslExchange;
  /** The content of a message begins. */
  begin(client: Client, envelope: Envelope): ContentSink;
}

export interface LoginBeginning {
  readonly mechanism: string;
  readonly client: Client;
  /** What its TLS can bind the login to. */
  readonly binding: ChannelBindingData | undefined;
  /** Logins of this session that failed so far. */
  readonly failures: number;
  /** Aborts when the session ends: nobody waits for the outcome any more. */
  readonly signal: AbortSignal;
}

/** Takes one message's content. Never rejects: after a fault it swallows bytes, and `finish` answers 4xx. */
export interface ContentSink {
  /** A promise means: nothing more is read from the client until it resolves. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The reply to the final dot; resolves once the message is kept, or is not. */
  finish(envelope: Envelope): Promise<Reply>;
  /** Forgets the content; a `write` may be pending. */
  discard(): Promise<void>;
}

export type ReceiveEvent =
  /** A client was told no by the session or the edge (not by the stage, which knows of its own answers). */
  | (Extract<Effect, { kind: "refused" }> & { readonly client: Client })
  /** For the log: a failed handshake, a proxy without a header, a client that does not read, a bug (then with `error`). */
  | { readonly kind: "trouble"; readonly address?: string; readonly text: string; readonly error?: unknown };
