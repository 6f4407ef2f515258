// What the server session asks of the edge that holds the socket. The session itself touches no socket and no clock.
import type { Address } from "../mail/address.ts";
import type { Client, TlsFacts } from "../mail/client.ts";
import type { Envelope, Origin, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../mail/reply.ts";
import type { SaslOutcome } from "./sasl/exchange.ts";

/** A decision that the session needs before it can go on; answered with a reply, 2xx means yes. */
export type Question =
  | {
      readonly about: "connection";
      readonly client: Client;
      /** Mail apps connect here, from anywhere, and must log in. RFC 6409 */
      readonly submission?: true;
    }
  | { readonly about: "reverse-path"; readonly client: Client; readonly origin: Origin }
  | {
      readonly about: "recipient";
      readonly client: Client;
      readonly origin: Origin;
      readonly recipient: Recipient;
      readonly accepted: readonly Recipient[];
    }
  /** All content has come as `content` effects; the answer is the reply to the final dot (or to BDAT LAST). */
  | { readonly about: "message"; readonly client: Client; readonly envelope: Envelope };

export type Effect =
  /** Write this text now, in UTF-8; replies to a pipelined batch come as one. */
  | { readonly kind: "send"; readonly text: string }
  /** Call `answer` when decided. Until then the session reads nothing; bytes that arrive may still be fed. */
  | { readonly kind: "ask"; readonly question: Question }
  /** A message's content begins (first BDAT, or 354 was sent). */
  | { readonly kind: "begin-content"; readonly client: Client; readonly envelope: Envelope }
  /** Content octets: dots unstuffed, line ends as they came (CRLF only, or anything if BINARYMIME). */
  | { readonly kind: "content"; readonly bytes: Uint8Array }
  /**
   * The content that began is not wanted any more (RSET, refused content, disconnect). Never after the `message`
   * question: from there on the content is the edge's, whatever becomes of the client.
   */
  | { readonly kind: "discard-content" }
  /** Handshake now; then call `secured`. Bytes that came in clear text behind STARTTLS are gone already. */
  | { readonly kind: "start-tls" }
  /**
   * AUTH: begin an exchange (then there is a mechanism), or go on with it; call `login` with what comes of it. The
   * response is a secret: nobody may write it down. RFC 4954 §4
   */
  | {
      readonly kind: "login";
      readonly client: Client;
      readonly mechanism?: string;
      readonly response: Uint8Array | undefined;
    }
  /** The session said no by itself (protocol error, limit, forbidden bytes): for the journal. */
  | {
      readonly kind: "refused";
      readonly stage: "connect" | "login" | "mail" | "rcpt" | "data" | "content";
      readonly reply: Reply;
      readonly from?: Address | "";
      readonly to?: Address;
    }
  /** Send what is to be sent, then end the connection. */
  | { readonly kind: "close" };

/** Which time limit holds now. `answer`: waiting for our own decision. RFC 5321 §4.5.3.2. */
export type Waiting = "command" | "content" | "answer" | "tls" | "closed";

export interface Session {
  readonly client: Client;
  readonly waiting: Waiting;
  /** The connection stands; asks about it, then greets. */
  start(): Effect[];
  /** Bytes from the client, split anywhere. The session may keep slices of `bytes` until the next effects. */
  feed(bytes: Uint8Array): Effect[];
  answer(reply: Reply): Effect[];
  /** What came of a `login` effect. */
  login(outcome: SaslOutcome): Effect[];
  secured(tls: TlsFacts): Effect[];
  /** 421 and close: time limit passed, or the server shuts down. */
  hangUp(reply: Reply): Effect[];
  /** The client is gone: forget all. */
  lost(): Effect[];
}
