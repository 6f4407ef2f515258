// The RFC 3463 code that we write for a refusal which came without one. RFC 3464 §2.3.4 asks for the most precise that holds.
import type { CauseName, ReplyStage } from "./explanation.ts";

type Detail = `${number}.${number}`;

/** The causes that another server can give; what is missing has no better code than its stage. */
const byCause: Readonly<Partial<Record<CauseName, Detail>>> = {
  "no-such-mailbox": "1.1",
  "no-such-domain": "1.2",
  "bad-address": "1.3",
  "address-moved": "1.6",
  "sender-refused": "1.8",
  "domain-takes-no-mail": "1.10",
  "recipient-filter": "2.0",
  "mailbox-disabled": "2.1",
  "mailbox-full": "2.2",
  "message-over-limit": "2.3",
  "receiver-broken": "3.0",
  "delivery-program-failed": "3.0",
  "receiver-storage-full": "3.1",
  "server-refused": "3.2",
  "message-too-big": "3.4",
  "server-unreachable": "4.1",
  "connection-lost": "4.2",
  "dns-trouble": "4.3",
  "too-many-connections": "4.5",
  "mail-loop": "4.6",
  "gave-up-waiting": "4.7",
  "protocol-error": "5.0",
  "too-many-recipients": "5.3",
  "malformed-message": "6.0",
  "content-refused": "6.0",
  "attachment-refused": "6.1",
  "feature-missing": "6.3",
  "security-refusal": "7.0",
  virus: "7.0",
  "against-policy": "7.1",
  "bad-server-name": "7.1",
  greylisted: "7.1",
  "poor-reputation": "7.1",
  "relaying-denied": "7.1",
  "sending-quota-used-up": "7.1",
  "server-listed": "7.1",
  spam: "7.1",
  suppressed: "7.1",
  "sender-not-allowed": "7.2",
  "encryption-failed": "7.5",
  "login-failed": "7.8",
  "encryption-needed": "7.10",
  "no-reverse-name": "7.25",
  "authentication-failed": "7.26",
  "sending-too-fast": "7.28",
};

const byStage: Record<ReplyStage, Detail> = {
  connect: "3.2",
  hello: "3.2",
  tls: "7.10",
  login: "7.8",
  mail: "1.0",
  rcpt: "1.0",
  data: "0.0",
};

/** subject.detail; of what is `unclear`, by where it was said and whether it may pass. */
export const usualStatus = (cause: CauseName, stage: ReplyStage, mayPass: boolean): Detail =>
  byCause[cause] ?? (mayPass ? "3.0" : byStage[stage]);
