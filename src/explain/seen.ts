// What Waybill saw itself, without a word of the other side: each kind of failure, its cause and its RFC 3463 code.
import type { Failure } from "../mail/failure.ts";
import type { CauseName } from "./explanation.ts";
import type { StepName } from "./languages/language.ts";

/** A failure whose cause is known for certain. */
export interface Seen {
  readonly cause: CauseName;
  /** Of the cause's summary, in the language files. */
  readonly variant?: string;
  /** Where they are not those of the cause. */
  readonly steps?: readonly StepName[];
  /** subject.detail */
  readonly status: `${number}.${number}`;
}

/** All kinds but those that need a second look: what a server said, and what an attempt before it met. */
export type SeenFailure = Exclude<Failure, { kind: "refused" | "expired" }>;
type Kind<K extends Failure["kind"]> = Extract<Failure, { kind: K }>;

/** The recipient's own domain is what DNS was asked about. */
const ownDomain: Record<Kind<"dns">["problem"], Seen> = {
  "no-such-domain": { cause: "no-such-domain", status: "1.2" },
  "no-data": { cause: "domain-takes-no-mail", variant: "no-mail-server", status: "1.2" },
  "server-failure": { cause: "dns-trouble", variant: "server-failure", status: "4.3" },
  timeout: { cause: "dns-trouble", variant: "timeout", status: "4.3" },
};

const unsupported: Record<Kind<"unsupported">["extension"], Seen> = {
  SMTPUTF8: {
    cause: "feature-missing",
    variant: "SMTPUTF8",
    steps: ["ask-plain-address", "own-plain-address"],
    status: "6.7",
  },
  "8BITMIME": { cause: "feature-missing", status: "6.3" },
  BINARYMIME: { cause: "feature-missing", status: "6.3" },
  SIZE: { cause: "message-too-big", status: "3.4" },
  AUTH: { cause: "login-failed", variant: "passing-on", steps: ["tell-own-admin"], status: "7.4" },
};

const local: Record<Kind<"local">["problem"], Seen> = {
  "mailbox-full": { cause: "mailbox-full", status: "2.2" },
  "no-such-mailbox": { cause: "no-such-mailbox", status: "1.1" },
  "not-writable": {
    cause: "own-server-trouble",
    variant: "mailbox-not-writable",
    steps: ["tell-own-admin"],
    status: "2.0",
  },
  other: { cause: "own-server-trouble", variant: "mailbox-other", steps: ["tell-own-admin"], status: "3.0" },
};

/** After the last byte of the message the other side may have kept it, whatever became of its answer. RFC 5321 §4.5.4.1. */
function brokenOff({ kind, stage }: Kind<"lost" | "silent">): Seen {
  const isLate = stage === "content" || stage === "quit";
  const when = isLate ? "late" : "early";
  return {
    cause: "connection-lost",
    variant: kind === "lost" ? when : `silent-${when}`,
    ...(isLate && { steps: ["maybe-arrived", "tell-recipient", "tell-their-admin"] }),
    status: "4.2",
  };
}

/** `domain` is the recipient's; without one, as for a recipient of the domain that failed. */
export function causeSeen(failure: SeenFailure, domain?: string): Seen {
  switch (failure.kind) {
    case "dns":
      return domain === undefined || failure.name === domain
        ? ownDomain[failure.problem]
        : { cause: "dns-trouble", variant: "other-name", status: "4.3" };
    case "null-mx":
      return { cause: "domain-takes-no-mail", status: "1.10" };
    case "mx-is-us":
      return { cause: "mail-loop", variant: "leads-back", status: "4.6" };
    case "unreachable":
      if (failure.problem === "timeout") return { cause: "no-answer", status: "4.1" };
      return {
        cause: "server-unreachable",
        variant: failure.problem,
        status: failure.problem === "reset" ? "4.2" : "4.1",
      };
    case "lost":
    case "silent":
      return brokenOff(failure);
    case "not-smtp":
      return { cause: "server-unreachable", variant: "not-smtp", status: "5.0" };
    case "tls":
      return {
        cause: "encryption-failed",
        variant: failure.problem,
        status: failure.problem === "not-offered" ? "7.4" : "7.5",
      };
    case "unsupported":
      return unsupported[failure.extension];
    case "local":
      return local[failure.problem];
    case "operator":
      return { cause: "stopped-by-operator", status: "0.0" };
    case "held-back":
      return { cause: "held-back", status: "3.2" };
    case "internal":
      return { cause: "own-server-trouble", status: "3.0" };
  }
}
