// How much strangers may send: connections, messages and recipients of a network, messages of a proven sender, messages
// for a recipient. Who sends more is told when to come again.
import type { Address } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { type Reply, reply } from "../../mail/reply.ts";
import type { Check, Facts, Finding } from "../check.ts";
import { isPostmaster } from "../dns-lists/postmaster.ts";
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
}

/** At most `most` in `windowMs`, all at once if need be. */
interface Limit {
  readonly most: number;
  readonly windowMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const nothing: Finding = { kind: "nothing" };
const name = "rates";

/** The checks; none where there is no limit. */
export function rateChecks({ settings, debts, isExempt }: RateParts): Check[] {
  /** 0, or how long to wait. */
  const take = (key: string, { most, windowMs }: Limit): number => debts.take(key, windowMs / most, windowMs);
  const ofNetwork = (facts: Facts, limit: Limit, what: "connections" | "messages" | "recipients"): Finding => {
    const network = networkOf(facts.client.address);
    const waitMs = take(`${what}|${network}`, limit);
    if (waitMs === 0) return nothing;
    const text = `more than ${limit.most} ${what} in a minute come from ${network}`;
    return what === "connections" ? later(421, text, waitMs) : later(451, text, waitMs);
  };
  const perMinute = (most: number): Limit => ({ most, windowMs: minuteMs });
  const perRecipient = { most: settings.recipientMessagesPerHour, windowMs: hourMs };
  const perSender = perMinute(settings.senderMessagesPerMinute);

  const forRecipient = ({ recipient, recipientIs }: Facts): Finding => {
    if (recipient === undefined || recipientIs !== "ours" || isPostmaster(recipient.address)) return nothing;
    const { most, windowMs } = perRecipient;
    const waitMs = debts.of(keyOf(recipient.address)) + windowMs / most - windowMs;
    return waitMs <= 0
      ? nothing
      : later(450, `<${recipient.address}> gets more than ${most} messages in an hour`, waitMs);
  };
  const ofSender = ({ content }: Facts): Finding => {
    if (content === undefined) return nothing;
    const { kind, name } = content.identity;
    if (kind === "network" || kind === "account") return nothing; // they have limits of their own
    const waitMs = take(`sender|${name}`, perSender);
    return waitMs === 0
      ? nothing
      : later(451, `more than ${perSender.most} messages in a minute come from ${name}`, waitMs);
  };
  /** Counts only: who may come was decided for each recipient. */
  const countRecipients = ({ content }: Facts): Finding => {
    const { most, windowMs } = perRecipient;
    for (const { address } of content?.recipients ?? []) debts.add(keyOf(address), windowMs / most, windowMs);
    return nothing;
  };

  const check = (phase: Check["phase"], most: number, judge: (facts: Facts) => Finding): Check[] =>
    most === 0
      ? []
      : [{ name, phase, judge: (facts) => (facts.trusted || isExempt(facts.client) ? nothing : judge(facts)) }];
  const { connectionsPerMinute, messagesPerMinute, recipientsPerMinute } = settings;
  return [
    ...check("connect", connectionsPerMinute, (facts) =>
      ofNetwork(facts, perMinute(connectionsPerMinute), "connections"),
    ),
    ...check("mail", messagesPerMinute, (facts) => ofNetwork(facts, perMinute(messagesPerMinute), "messages")),
    ...check("rcpt", recipientsPerMinute, (facts) => ofNetwork(facts, perMinute(recipientsPerMinute), "recipients")),
    ...check("rcpt", perRecipient.most, forRecipient),
    ...check("content", perSender.most, ofSender),
    ...check("content", perRecipient.most, countRecipients),
  ];
}

/** To write a name in other letters makes no other recipient. */
const keyOf = (recipient: Address): string => `recipient|${recipient.toLowerCase()}`;

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
