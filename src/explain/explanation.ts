// What an explanation is. Everything in it is plain data: it goes to a terminal, a notice, a browser or another program.

import type { CauseName, WhoActs } from "./knowledge/causes.ts";

export type { CauseName, WhoActs };

/**
 * `temporary`: still being tried, or would pass if tried again. `over`: this message has failed; what stood in its way can
 * be set right. `permanent`: nothing that is sent to this address can arrive.
 */
export type Permanence = "temporary" | "permanent" | "over";

/** `certain`: words that mean this and nothing else. `likely`: usual words, or a code that says just this. `guess`: little to go by. */
export type Confidence = "certain" | "likely" | "guess";

export type Language = "en" | "de" | "fr" | "es" | "ja";

/** What is known of a failure that another system told of. Text may be anything: it is never trusted. */
export interface FailureReport {
  /** The reply, diagnostic or sentence, as it was received; codes in it are found. */
  readonly text: string;
  /** RFC 5321 §4.2, where it is known apart from the text. */
  readonly code?: number;
  /** class.subject.detail, RFC 3463, where it is known apart from the text (the Status field of a DSN). */
  readonly status?: string;
  /** What the reply answered. */
  readonly stage?: ReplyStage;
  /** The server that said it. */
  readonly host?: string;
  /** Whose mail failed. */
  readonly recipient?: string;
  /** The system that tells of it has given up. */
  readonly givenUp?: boolean;
}

/** What a reply answered: the connection, or a command. `data` is DATA and the message after it. */
export type ReplyStage = "connect" | "hello" | "tls" | "login" | "mail" | "rcpt" | "data";

export interface Explanation {
  readonly cause: CauseName;
  readonly permanence: Permanence;
  readonly whoActs: WhoActs;
  readonly confidence: Confidence;
  readonly language: Language;
  /** One sentence for the sender. */
  readonly summary: string;
  /** What to do next, in order, imperative. */
  readonly steps: readonly string[];
  /** Technical detail in English: codes and what they mean, what the provider's page says. One fact per line. */
  readonly forOperator: readonly string[];
  /** What decided: the words found, as they stand in the text, and the rule. */
  readonly evidence: Evidence;
  /** Codes and words that contradict one another, in English; the words count. */
  readonly disagreement?: string;
  /** RFC sections and pages of the provider. */
  readonly sources: readonly string[];
}

export interface Evidence {
  /** "" where only a code or nothing spoke. */
  readonly text: string;
  /** The rule as a person can look it up: file and wording, or the code. */
  readonly rule: string;
}
