// Who lives in the lab: domains and how their mail hosts behave.
import type { Character } from "./host.ts";

export interface Resident {
  /** Below `.lab`. */
  readonly name: string;
  /** For people, completes "mail to anna@NAME.lab …". */
  readonly what: string;
  /** Undefined: the domain has no host of its own, its zone lines say why. */
  readonly character?: Character;
  /** Zone lines instead of an MX that points to the host; `@` stands for the domain, `#` for the host's address. */
  readonly zone?: readonly string[];
  /** The host listens only from the next noon on. */
  readonly downUntilNoon?: boolean;
}

const minuteMs = 60_000;
const offers = (...extensions: string[]): readonly string[] => [
  "PIPELINING",
  "8BITMIME",
  "SMTPUTF8",
  "STARTTLS",
  "ENHANCEDSTATUSCODES",
  ...extensions,
];

export const residents: readonly Resident[] = [
  { name: "home", what: "is delivered; send from you@home.lab, and bounces come back here", character: {} },
  { name: "accepts", what: "is delivered", character: {} },
  {
    name: "greylists",
    what: "is put off at first; the host takes it when it comes again after five minutes",
    character: {
      answers: {
        rcpt: ({ now, firstAt }) =>
          now - firstAt < 5 * minuteMs ? "451 4.7.1 greylisted, please come back in five minutes" : undefined,
      },
    },
  },
  {
    name: "full",
    what: "finds the mailbox full, and waits until somebody clears it",
    character: { answers: { rcpt: ({ path }) => `452 4.2.2 <${path}>: mailbox full, quota exceeded` } },
  },
  {
    name: "unknown",
    what: "bounces: there is no such user",
    character: { answers: { rcpt: ({ path }) => `550 5.1.1 <${path}>: Recipient address rejected: User unknown` } },
  },
  {
    name: "blocks",
    what: "bounces: the host thinks that it is spam",
    character: { answers: { content: () => "554 5.7.1 Message rejected due to content restrictions" } },
  },
  { name: "slow", what: "is delivered, but each answer takes two seconds", character: { delayMs: 2_000 } },
  {
    name: "drops",
    what: "waits: the host hangs up in the middle of each message",
    character: { answers: { content: () => "drop" } },
  },
  {
    name: "busy",
    what: "is delivered when the host has fewer guests: it turns away the first three visits",
    character: {
      answers: {
        greeting: ({ times }) => (times <= 3 ? "421 4.3.2 too many connections, try again later" : undefined),
      },
    },
  },
  {
    name: "notls",
    what: "is delivered in clear text: the host offers no TLS",
    character: { extensions: ["PIPELINING", "8BITMIME"] },
  },
  {
    name: "brokentls",
    what: "is delivered in clear text: the host offers TLS, and fails",
    character: { extensions: offers("X-BROKEN-TLS") },
  },
  { name: "small", what: "bounces if it is larger than 10 KB", character: { extensions: offers("SIZE 10240") } },
  {
    name: "old",
    what: "is delivered: the host knows only the SMTP of 1982",
    character: { answers: { ehlo: () => "500 command unrecognized" } },
  },
  { name: "noon", what: "waits: the host is down until noon", character: {}, downUntilNoon: true },
  {
    name: "twohosts",
    what: "is delivered by the second MX host: the first is down",
    character: {},
    zone: ["@ MX 10 mx1.@", "@ MX 20 mx2.@", "mx1.@ A 127.0.0.9", "mx2.@ A #"],
  },
  { name: "nomail", what: "bounces: the domain says that it takes no mail (null MX)", zone: ["@ MX 0 ."] },
  { name: "nodns", what: "waits: the domain's name servers are broken", zone: ["@ SERVFAIL"] },
];
