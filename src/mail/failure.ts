// Why an attempt failed: a named kind with its evidence. Everything else (code, permanence, words) is derived.
import type { Reply } from "./reply.ts";
import { isTransient } from "./reply.ts";

/** Where in the remote dialogue it happened; `content` is after the final dot. RFC 5321 §4.5.3.2. */
export type Stage = "greeting" | "hello" | "starttls" | "auth" | "mail" | "rcpt" | "data" | "content" | "quit";

/** RFC 5321 §5.1; the first four differ in what to do, so they are never merged. */
export type DnsProblem = "no-such-domain" | "no-data" | "server-failure" | "timeout";

/** The machine at the other end: a name as routed, and the address once one was tried. */
export interface RemoteHost {
  readonly name: string;
  readonly address?: string;
  readonly port?: number;
}

export type Failure =
  | { readonly kind: "dns"; readonly problem: DnsProblem; readonly name: string; readonly query: "MX" | "A/AAAA" }
  /** RFC 7505 */
  | { readonly kind: "null-mx"; readonly domain: string }
  /** Every usable MX is ourselves. RFC 5321 §5.1. */
  | { readonly kind: "mx-is-us"; readonly domain: string }
  | {
      readonly kind: "unreachable";
      readonly host: RemoteHost;
      readonly problem: "refused" | "timeout" | "no-route" | "reset" | "other";
      readonly text: string;
    }
  /** The peer answered with 4xx or 5xx. */
  | { readonly kind: "refused"; readonly host: RemoteHost; readonly stage: Stage; readonly reply: Reply }
  /** The connection ended. */
  | { readonly kind: "lost"; readonly host: RemoteHost; readonly stage: Stage; readonly text: string }
  /** No answer in time. */
  | { readonly kind: "silent"; readonly host: RemoteHost; readonly stage: Stage; readonly timeoutMs: number }
  /** Something answered, but not in SMTP. */
  | { readonly kind: "not-smtp"; readonly host: RemoteHost; readonly stage: Stage; readonly text: string }
  | {
      readonly kind: "tls";
      readonly host: RemoteHost;
      readonly problem: "handshake" | "certificate" | "not-offered";
      readonly text: string;
    }
  /** The message needs an extension that the peer lacks. */
  | {
      readonly kind: "unsupported";
      readonly host: RemoteHost;
      readonly extension: "SMTPUTF8" | "8BITMIME" | "BINARYMIME" | "SIZE" | "AUTH";
      readonly text: string;
    }
  /** Hand-over on this machine: Maildir. */
  | {
      readonly kind: "local";
      readonly problem: "mailbox-full" | "no-such-mailbox" | "not-writable" | "other";
      readonly text: string;
    }
  /** Retried until `expiresAt`; `last` is why. */
  | { readonly kind: "expired"; readonly afterMs: number; readonly last?: Failure }
  | { readonly kind: "operator"; readonly text: string }
  /** We do not try it now: the operator suspended the destination, or the config limits its rate. */
  | { readonly kind: "held-back"; readonly text: string }
  /** A bug or a fault of ours: always temporary. */
  | { readonly kind: "internal"; readonly text: string };

/** No use in trying again. RFC 5321 §4.2.1; unknown things are temporary, so that no mail is lost to a mistake of ours. */
export function isPermanent(failure: Failure): boolean {
  switch (failure.kind) {
    case "dns":
      return failure.problem === "no-such-domain" || failure.problem === "no-data";
    case "null-mx":
    case "mx-is-us":
    case "expired":
    case "operator":
      return true;
    case "unsupported":
      return failure.extension !== "AUTH"; // our settings are wrong, not the mail: someone will mend them
    case "refused":
      return failure.stage !== "auth" && !isTransient(failure.reply) && !isTooManyRecipients(failure);
    case "local":
      return failure.problem === "no-such-mailbox";
    case "unreachable":
    case "lost":
    case "silent":
    case "not-smtp":
    case "tls":
    case "held-back":
    case "internal":
      return false;
  }
}

/** RFC 5321 §4.5.3.1.10: 452, or 552 of old servers, in answer to RCPT means "too many, the rest later". */
export const isTooManyRecipients = (failure: Failure): boolean =>
  failure.kind === "refused" && failure.stage === "rcpt" && (failure.reply.code === 452 || failure.reply.code === 552);
