// The shape of an explanation, and the steps that many of them share.

export type WhoActs = "sender" | "recipient" | "their-admin" | "our-admin" | "nobody";

/** What happened and what to do, for someone who has never heard of SMTP. `{domain}` and `{name}` are filled in later. */
export interface Words {
  /** One sentence. It does not repeat the address, and begins with a word that may be in lower case. */
  readonly summary: string;
  readonly whoActs: WhoActs;
  /** What to do next, imperative. */
  readonly steps: readonly string[];
}

/** What a cause is for people, and the subject.detail of its RFC 3463 code for programs. */
export interface Cause extends Words {
  readonly status: `${number}.${number}`;
}

export const steps = {
  checkAddress: "Check the address for typing mistakes, and send the message again to the right one.",
  askForAddress: "If it looks right, ask the recipient in another way, for example by telephone, which address to use.",
  sendLater: "Send the message again in a few hours.",
  tellRecipient: "Tell the recipient in another way, for example by telephone, that mail to them does not arrive.",
  tellTheirAdmin:
    "Ask the recipient to tell the people who look after their mail. The last lines of this notice show them what is wrong.",
  tellOurAdmin: "Forward this notice to the people who look after your mail. They can set it right.",
  smaller: "Make the message smaller, or share large files through a link, and send it again.",
} as const;

const { checkAddress, askForAddress, sendLater, tellRecipient, tellTheirAdmin, tellOurAdmin, smaller } = steps;

/** Causes that can be found in more than one way. */
export const shared = {
  unknownMailbox: {
    status: "1.1",
    summary: "There is no mailbox with this address at {domain}.",
    whoActs: "sender",
    steps: [checkAddress, askForAddress],
  },
  mailboxFull: {
    status: "2.2",
    summary: "The recipient's mailbox is full.",
    whoActs: "recipient",
    steps: [
      "Tell the recipient in another way, for example by telephone, that their mailbox is full.",
      "Send the message again when they have made room.",
    ],
  },
  tooBig: {
    status: "3.4",
    summary: "Your message is larger than the other mail server accepts.",
    whoActs: "sender",
    steps: [smaller],
  },
  noMail: {
    status: "1.10",
    summary: "The domain {domain} says that it does not take any mail.",
    whoActs: "sender",
    steps: [checkAddress, askForAddress],
  },
  noLogin: {
    status: "7.8",
    summary: "The mail server that should pass your message on did not let our mail server log in.",
    whoActs: "our-admin",
    steps: [tellOurAdmin],
  },
  loop: {
    status: "4.6",
    summary: "The message went round in a circle, because mail for {domain} is sent back to where it came from.",
    whoActs: "their-admin",
    steps: [tellRecipient, tellTheirAdmin],
  },
  theirsBroken: { whoActs: "their-admin", steps: [sendLater, tellRecipient, tellTheirAdmin] },
} as const satisfies Record<string, Cause | Omit<Words, "summary">>;
