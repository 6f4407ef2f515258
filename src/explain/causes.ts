// The words for every kind of failure but a refusal (refusals.ts) and giving up (describe.ts). Codes: RFC 3463, RFC 5248.
import type { Failure } from "../mail/failure.ts";
import type { Address } from "../mail/address.ts";
import { domainOf } from "../mail/address.ts";
import { causeOfRefusal } from "./refusals.ts";
import { type Cause, shared, steps } from "./words.ts";

const { checkAddress, askForAddress, sendLater, tellRecipient, tellTheirAdmin, tellOurAdmin } = steps;
type Kind<K extends Failure["kind"]> = Extract<Failure, { kind: K }>;

/** The recipient's own domain is what DNS was asked about. */
const ownDomain: Record<Kind<"dns">["problem"], Cause> = {
  "no-such-domain": {
    status: "1.2",
    summary: "There is no domain {name}, the part of the address after the @.",
    whoActs: "sender",
    steps: [
      "Check the address for typing mistakes, above all after the @, and send the message again to the right one.",
      askForAddress,
    ],
  },
  "no-data": {
    status: "1.2",
    summary: "The domain {name} exists, but it has no mail server.",
    whoActs: "sender",
    steps: [checkAddress, askForAddress],
  },
  "server-failure": {
    status: "4.3",
    summary: "The domain {name} is out of order at present, so we could not find out where its mail goes.",
    ...shared.theirsBroken,
  },
  timeout: {
    status: "4.3",
    summary: "We asked where mail for {name} goes, and got no answer.",
    ...shared.theirsBroken,
  },
};

const otherName: Cause = {
  status: "4.3",
  summary: "Mail for {domain} goes to the server {name}, but that server cannot be found on the internet.",
  ...shared.theirsBroken,
};

const unreachable: Record<Kind<"unreachable">["problem"], string> = {
  refused: "The mail server for {domain} is not running: its machine answers, but takes no connection.",
  timeout: "The mail server for {domain} does not answer.",
  "no-route": "There is no way through the internet to the mail server for {domain} at present.",
  reset: "The mail server for {domain} hung up as soon as we called.",
  other: "We could not get a connection to the mail server for {domain}.",
};

const tls: Record<Kind<"tls">["problem"], Cause> = {
  handshake: {
    status: "7.5",
    summary: "The mail server for {domain} and ours could not agree on an encrypted connection, which this mail needs.",
    ...shared.theirsBroken,
  },
  certificate: {
    status: "7.5",
    summary:
      "The mail server for {domain} could not prove that it is the right one, so we did not hand your message over.",
    ...shared.theirsBroken,
  },
  "not-offered": {
    status: "7.4",
    summary: "The mail server for {domain} offers no encryption, which this mail needs.",
    ...shared.theirsBroken,
  },
};

const plainText: Cause = {
  status: "6.3",
  summary: "The mail server for {domain} is old and cannot take a message in the form in which yours is written.",
  whoActs: "sender",
  steps: ["Send the message again with plain letters only, or from another mail program.", tellRecipient],
};

const unsupported: Record<Kind<"unsupported">["extension"], Cause> = {
  SMTPUTF8: {
    status: "6.7",
    summary: "The mail server for {domain} cannot handle addresses with other letters than plain a to z.",
    whoActs: "sender",
    steps: [
      "Ask the recipient for an address in plain letters, and send the message again to that one.",
      "Send it from an address in plain letters, if your own is not.",
    ],
  },
  "8BITMIME": plainText,
  BINARYMIME: plainText,
  SIZE: shared.tooBig,
  AUTH: { ...shared.noLogin, status: "7.4" },
};

const local: Record<Kind<"local">["problem"], Cause> = {
  "mailbox-full": shared.mailboxFull,
  "no-such-mailbox": shared.unknownMailbox,
  "not-writable": {
    status: "2.0",
    summary: "Our mail server could not write to the recipient's mailbox.",
    whoActs: "our-admin",
    steps: [tellOurAdmin],
  },
  other: {
    status: "3.0",
    summary: "Something went wrong when our mail server put the message into the recipient's mailbox.",
    whoActs: "our-admin",
    steps: [tellOurAdmin],
  },
};

/** After the last byte of the message the other side may have kept it, whatever became of its answer. RFC 5321 §4.5.4.1. */
const maybeArrived =
  "Ask the recipient whether the message has arrived all the same, before you send it again: that is possible.";

function brokenOff({ kind, stage }: Kind<"lost" | "silent">): Cause {
  const did = kind === "lost" ? "broke off the connection" : "stopped answering";
  const isLate = stage === "content" || stage === "quit";
  return {
    status: "4.2",
    summary: `The mail server for {domain} ${did} ${isLate ? "just after we had sent it the message" : "before the message was handed over"}.`,
    whoActs: "their-admin",
    steps: [isLate ? maybeArrived : sendLater, tellRecipient, tellTheirAdmin],
  };
}

const notSmtp: Cause = {
  status: "5.0",
  summary: "Where the mail server for {domain} should be, something else answers that is no mail server.",
  ...shared.theirsBroken,
};

const operator: Cause = {
  status: "0.0",
  summary: "The people who look after our mail server took your message out of the queue.",
  whoActs: "our-admin",
  steps: ["Ask them for the reason before you send the message again."],
};

const heldBack: Cause = {
  status: "3.2",
  summary: "Our own mail server holds mail for {domain} back for a while.",
  whoActs: "our-admin",
  steps: ["Ask the people who look after your mail for the reason, if you cannot wait."],
};

const internal: Cause = {
  status: "3.0",
  summary: "Something went wrong inside our own mail server.",
  whoActs: "our-admin",
  steps: [sendLater, tellOurAdmin],
};

/** The cause, `{domain}` and `{name}` still in it; without a recipient, as for a recipient of the domain that failed. */
export function causeOf(failure: Exclude<Failure, { kind: "expired" }>, recipient?: Address): Cause {
  switch (failure.kind) {
    case "dns":
      return recipient === undefined || failure.name === domainOf(recipient) ? ownDomain[failure.problem] : otherName;
    case "null-mx":
      return shared.noMail;
    case "mx-is-us":
      return shared.loop;
    case "unreachable":
      return {
        status: failure.problem === "reset" ? "4.2" : "4.1",
        summary: unreachable[failure.problem],
        ...shared.theirsBroken,
      };
    case "refused":
      return causeOfRefusal(failure);
    case "lost":
    case "silent":
      return brokenOff(failure);
    case "not-smtp":
      return notSmtp;
    case "tls":
      return tls[failure.problem];
    case "unsupported":
      return unsupported[failure.extension];
    case "local":
      return local[failure.problem];
    case "operator":
      return operator;
    case "held-back":
      return heldBack;
    case "internal":
      return internal;
  }
}
