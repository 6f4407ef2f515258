// The one interface of all checks: read facts, return a finding. Built-in checks and hooks are files of this shape.
import type { ReversePath } from "../mail/address.ts";
import type { Client } from "../mail/client.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { HeaderField } from "../mail/header.ts";
import type { Reply } from "../mail/reply.ts";
import type { Authentication, Identity, SenderVerdicts } from "../mail/verdict.ts";

export type Phase = "connect" | "mail" | "rcpt" | "content";

/** What is known when a phase is judged; later phases know all that earlier ones did. */
export interface Facts {
  readonly client: Client;
  /** The client's network may relay through us, or it has logged in (then `client.account` is its name). */
  readonly trusted: boolean;
  readonly reversePath?: ReversePath;
  /** Of clients that are not trusted: begun at MAIL. Resolves within a time limit, and never rejects. */
  readonly sender?: Promise<SenderVerdicts>;
  readonly recipient?: Recipient;
  /** What the config says of the recipient's address. */
  readonly recipientIs?: "ours" | "unknown-here" | "elsewhere";
  readonly content?: ContentFacts;
}

export interface ContentFacts {
  readonly sizeBytes: number;
  /** Received fields on arrival: the hops so far. RFC 5321 §6.3. */
  readonly hops: number;
  /** As it came, in order. */
  readonly header: readonly HeaderField[];
  readonly recipients: readonly Recipient[];
  /** Of clients that are not trusted. */
  readonly authentication?: Authentication;
  /** The strongest that was proven. */
  readonly identity: Identity;
}

/** One check's evidence. `nothing` leaves the decision to the others; `mark`: to be taken, as what it is: suspicious. */
export type Finding =
  | { readonly kind: "nothing" }
  /** `because`: words for the journal and, in a header field, for the recipient. */
  | { readonly kind: "mark"; readonly check: string; readonly because: string }
  | { readonly kind: "defer"; readonly check: string; readonly reply: Reply }
  | { readonly kind: "refuse"; readonly check: string; readonly reply: Reply };

/** Of a check that has nothing to say. */
export const nothing: Finding = { kind: "nothing" };

export interface Check {
  readonly name: string;
  readonly phase: Phase;
  /** The only clients that it has to say something of; absent: all. */
  readonly of?: "strangers" | "accounts";
  /** A promise that takes longer than the judge's limit counts as `nothing`. */
  judge(facts: Facts): Finding | Promise<Finding>;
}
