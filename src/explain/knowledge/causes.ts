// The causes: everything that can go wrong with mail, by name, and who can set it right.
import causesFile from "./causes.json" with { type: "json" };

/** The names in causes.json; each has a page in docs/causes/. */
export type CauseName =
  | "no-such-mailbox"
  | "bad-address"
  | "no-such-domain"
  | "domain-takes-no-mail"
  | "address-moved"
  | "recipient-filter"
  | "sender-not-allowed"
  | "mailbox-full"
  | "mailbox-disabled"
  | "authentication-failed"
  | "no-reverse-name"
  | "sender-refused"
  | "relaying-denied"
  | "against-policy"
  | "malformed-message"
  | "encryption-needed"
  | "encryption-failed"
  | "login-failed"
  | "security-refusal"
  | "bad-server-name"
  | "server-listed"
  | "server-refused"
  | "poor-reputation"
  | "spam"
  | "virus"
  | "attachment-refused"
  | "content-refused"
  | "message-too-big"
  | "message-over-limit"
  | "sending-too-fast"
  | "sending-quota-used-up"
  | "too-many-connections"
  | "too-many-recipients"
  | "greylisted"
  | "server-unreachable"
  | "no-answer"
  | "connection-lost"
  | "dns-trouble"
  | "mail-loop"
  | "still-trying"
  | "gave-up-waiting"
  | "receiver-broken"
  | "receiver-storage-full"
  | "delivery-program-failed"
  | "protocol-error"
  | "feature-missing"
  | "suppressed"
  | "own-server-trouble"
  | "stopped-by-operator"
  | "held-back"
  | "delivered"
  | "no-failure"
  | "complaint"
  | "auto-reply"
  | "unclear"
  | "unknown";

/** Who can set it right. The administrators are those of the mail server on that side; `nobody`: waiting is enough. */
export type WhoActs = "sender" | "sender-admin" | "recipient" | "recipient-admin" | "provider" | "nobody";

export interface CauseFacts {
  readonly whoActs: WhoActs;
  /** It lies in the address: nothing sent there can arrive. */
  readonly address: boolean;
  /** It may pass by itself: waiting is worth while. */
  readonly passes: boolean;
  readonly steps: readonly string[];
  readonly sources: readonly string[];
}

interface WrittenCause {
  readonly whoActs: string;
  readonly address?: boolean;
  readonly passes?: boolean;
  readonly steps: readonly string[];
  readonly sources: readonly string[];
}

const causes: Readonly<Record<CauseName, WrittenCause>> = causesFile.causes;

export const isCause = (name: string): name is CauseName => Object.hasOwn(causes, name);
export const causeNames = Object.keys(causes) as CauseName[];

export function causeFacts(name: CauseName): CauseFacts {
  const { whoActs, address = false, passes = false, steps, sources } = causes[name];
  return { whoActs: whoActs as WhoActs, address, passes, steps, sources };
}
