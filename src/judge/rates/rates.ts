// How much strangers may send: connections, messages and recipients of a network, messages of a proven sender, messages
// for a recipient. Who sends more is told when to come again. Of proven senders and of recipients only what was taken
// counts: nobody uses up another's share with mail that is refused.
import type { Listener } from "../../journal/journal.ts";
import { type Address, isPostmaster } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { type Reply, reply } from "../../mail/reply.ts";
import type { Identity } from "../../mail/verdict.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import type { Standing } from "../reputation/standing.ts";
import type { Debts } from "./debts.ts";
import { networkOf } from "../identity/identity.ts";

/** 0: no limit. */
export interface RateSettings {
  /** Of a network: */
  readonly connectionsPerMinute: number;
  readonly messagesPerMinute: number;
  readonly recipientsPerMinute: number;
  /** Of a proven sender. */
  readonly senderMessagesPerMinute: number;
  /** For a recipient. */
  readonly recipientMessagesPerHour: number;
}

export interface RateParts {
  readonly settings: RateSettings;
  /** What several threads share holds for all of them together. */
  readonly debts: Debts;
  /** Whoever speaks for others: proxies, mail filters in front of us. */
  readonly isExempt: (client: Client) => boolean;
  /** How well the client's network is thought of. */
  readonly classOf: (client: Client) => Standing["class"] | Promise<Standing["class"]>;
}

/** What a network may send, by how well it is thought of: so many times the limit. */
export const rateShares: Readonly<Record<Standing["class"], number>> = {
  good: 4,
  unknown: 1,
  poor: 1 / 4,
  bad: 1 / 10,
};

/** At most `most` in `windowMs`, all at once if need be. */
interface Limit {
  readonly most: number;
  readonly windowMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const name = "rates";

export interface Rates {
  /** None where there is no limit. */
  readonly checks: readonly Check[];
  /** Counts what was taken. */
  readonly listener: Listener;
}

export function rateChecks({ settings, debts, isExempt, classOf }: RateParts): Rates {
  /** 0, or how long to wait. */
  const take = (key: string, { most, windowMs }: Limit): number => debts.take(key, windowMs / most, windowMs);
  const ofNetwork = (
    { client }: Facts,
    limit: Limit,
    what: "connections" | "messages" | "recipients",
  ): Finding | Promise<Finding> => {
    const network = networkOf(client.address);
    const judge = (standing: Standing["class"]): Finding => {
      const most = Math.max(1, Math.floor(limit.most * rateShares[standing]));
      const waitMs = take(`${what}|${network}`, { ...limit, most });
      if (waitMs === 0) return nothing;
      const why = rateShares[standing] < 1 ? ", which is not well thought of here" : "";
      const text = `more than ${most} ${what} in a minute come from ${network}${why}`;
      return what === "connections" ? later(421, text, waitMs) : later(451, text, waitMs);
    };
    const standing = classOf(client);
    return standing instanceof Promise ? standing.then(judge) : judge(standing);
  };
  const perMinute = (most: number): Limit => ({ most, windowMs: minuteMs });
  const perRecipient = { most: settings.recipientMessagesPerHour, windowMs: hourMs };
  const perSender = perMinute(settings.senderMessagesPerMinute);

  /** How long to wait for one more; 0 or less: not at all. Only looks. */
  const waitFor = (key: string, { most, windowMs }: Limit): number => debts.of(key) + windowMs / most - windowMs;
  const count = (key: string, { most, windowMs }: Limit): number => debts.add(key, windowMs / most, windowMs);

  const forRecipient = ({ recipient, recipientIs }: Facts): Finding => {
    if (recipient === undefined || recipientIs !== "ours" || isPostmaster(recipient.address)) return nothing;
    const waitMs = waitFor(recipientKey(recipient.address), perRecipient);
    return waitMs <= 0
      ? nothing
      : later(450, `<${recipient.address}> gets more than ${perRecipient.most} messages in an hour`, waitMs);
  };
  const ofSender = ({ content }: Facts): Finding => {
    const key = content && senderKey(content.identity);
    if (content === undefined || key === undefined) return nothing;
    const waitMs = waitFor(key, perSender);
    return waitMs <= 0
      ? nothing
      : later(451, `more than ${perSender.most} messages in a minute come from ${content.identity.name}`, waitMs);
  };
  const listener: Listener = (event) => {
    if (event.kind !== "received" || event.judged === undefined || isExempt(event.client)) return;
    const { judged, to, asked = [] } = event;
    const sender = senderKey(judged.identity);
    if (sender !== undefined && perSender.most > 0) count(sender, perSender);
    if (perRecipient.most === 0) return;
    for (const key of new Set([...to, ...asked].map(recipientKey))) count(key, perRecipient);
  };

  const check = (phase: Check["phase"], most: number, judge: Check["judge"]): Check[] =>
    most === 0
      ? []
      : [{ name, phase, judge: (facts) => (facts.trusted || isExempt(facts.client) ? nothing : judge(facts)) }];
  const { connectionsPerMinute, messagesPerMinute, recipientsPerMinute } = settings;
  const checks = [
    ...check("connect", connectionsPerMinute, (facts) =>
      ofNetwork(facts, perMinute(connectionsPerMinute), "connections"),
    ),
    ...check("mail", messagesPerMinute, (facts) => ofNetwork(facts, perMinute(messagesPerMinute), "messages")),
    ...check("rcpt", recipientsPerMinute, (facts) => ofNetwork(facts, perMinute(recipientsPerMinute), "recipients")),
    ...check("rcpt", perRecipient.most, forRecipient),
    ...check("content", perSender.most, ofSender),
  ];
  return { checks, listener };
}

/** Networks and accounts have limits of their own. */
const senderKey = ({ kind, name }: Identity): string | undefined =>
  kind === "network" || kind === "account" ? undefined : `sender|${name}`;

/** To write a name in other letters makes no other recipient. */
const recipientKey = (recipient: Address): string => `recipient|${recipient.toLowerCase()}`;

function later(code: 421 | 450 | 451, because: string, waitMs: number): Finding {
  const text = `${because}; please send this again in ${inWords(waitMs)}`;
  const replies: Readonly<Record<typeof code, Reply>> = {
    421: reply(code, "4.7.0", `${because}; please connect again in ${inWords(waitMs)}`),
    450: reply(code, "4.2.1", text),
    451: reply(code, "4.7.0", text),
  };
  return { kind: "defer", check: name, reply: replies[code] };
}

/** Rounded up. */
export const inWords = (ms: number): string =>
  ms < 2 * minuteMs ? `${Math.ceil(ms / 1_000)} s` : `${Math.ceil(ms / minuteMs)} minutes`;
