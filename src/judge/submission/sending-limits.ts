// How much an account may send: a wall for whoever stole its password, and a warning to its owner before it.
import type { Instant, World } from "../../base/world.ts";
import { roughDuration } from "../../mail/failure-text.ts";
import { reply } from "../../mail/reply.ts";
import { type Check, type Finding, nothing } from "../check.ts";
import type { CountSent, SendingSum, SendingWindow } from "./sending-counts.ts";

export interface SendingLimits {
  readonly messagesPerDay: number;
  readonly recipientsPerDay: number;
  readonly recipientsPerHour: number;
}

export interface SendingLimitParts {
  readonly count: CountSent;
  readonly world: World;
  readonly rightsOf: (account: string) => { readonly limits: SendingLimits } | undefined;
  /** Once in a window, of all threads, at four fifths of a limit; `words`: whole sentences for the account's owner. */
  readonly onWarning: (account: string, words: string) => void;
}

const hourMs = 3_600_000;

interface Limit {
  readonly window: SendingWindow;
  readonly setting: keyof SendingLimits;
  /** "in the last …" */
  readonly time: string;
}

const messages: readonly Limit[] = [
  { window: { of: "messages", ms: 24 * hourMs }, setting: "messagesPerDay", time: "24 hours" },
];
const recipients: readonly Limit[] = [
  { window: { of: "recipients", ms: hourMs }, setting: "recipientsPerHour", time: "hour" },
  { window: { of: "recipients", ms: 24 * hourMs }, setting: "recipientsPerDay", time: "24 hours" },
];

/** Messages are counted when they are there, and recipients when they are named: both before anything is kept. */
export function sendingLimits(parts: SendingLimitParts): readonly Check[] {
  const { count, world, rightsOf, onWarning } = parts;

  /** Counts `amount`, unless that is beyond a limit. */
  const judgeAccount = async (account: string, limits: readonly Limit[], amount: number): Promise<Finding> => {
    const rights = rightsOf(account)?.limits;
    if (rights === undefined) return nothing;
    const windows = limits.map(({ window, setting }) => ({ window, limit: rights[setting] }));
    const sums = await count({ account, amount, windows });
    const reached = limits.map((limit, i): Reached => ({ account, limit, most: rights[limit.setting], sum: sums[i]! }));
    const full = reached.find(({ sum }) => sum.isFull);
    if (full !== undefined) return wall(full, world.now());
    for (const one of reached) if (one.sum.isNearly) onWarning(account, warning(one));
    return nothing;
  };
  const judge = (account: string | undefined, limits: readonly Limit[], amount: number): Finding | Promise<Finding> =>
    account === undefined ? nothing : judgeAccount(account, limits, amount);
  return [
    { name: "sending-limit", phase: "mail", judge: ({ client }) => judge(client.account, messages, 0) },
    { name: "sending-limit", phase: "rcpt", judge: ({ client }) => judge(client.account, recipients, 1) },
    { name: "sending-limit", phase: "content", judge: ({ client }) => judge(client.account, messages, 1) },
  ];
}

interface Reached {
  readonly account: string;
  readonly limit: Limit;
  readonly most: number;
  readonly sum: SendingSum;
}

function wall({ account, limit, most, sum }: Reached, now: Instant): Finding {
  const name = account.replaceAll(/[^!-~]/g, "?");
  if (most === 0) {
    const text = `the account ${name} may not send mail; ask the administrator of this server`;
    return { kind: "refuse", check: "sending-limit", reply: reply(550, "5.7.1", text) };
  }
  const at = sum.belowAt;
  const text = `the account ${name} has sent ${amountText(limit, sum.total)} in the last ${limit.time}, and ${most.toLocaleString("en")} are allowed; it goes on in ${roughDuration(at - now)}, at ${timeText(at)}; if it was not you who sent these, change your password`;
  return { kind: "defer", check: "sending-limit", reply: reply(452, "4.7.28", text) };
}

const amountText = ({ window: { of } }: Limit, amount: number): string =>
  of === "messages" ? `${amount.toLocaleString("en")} messages` : `to ${amount.toLocaleString("en")} recipients`;

/** "2026-03-01 13:05 UTC" */
const timeText = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

const warning = ({ account, limit, most, sum }: Reached): string =>
  `The account ${account} has sent ${amountText(limit, sum.total)} in the last ${limit.time}. At ${most.toLocaleString("en")}, this server takes no more mail from it for a while. If it was not you who sent these, somebody else knows your password: change it now, and tell the administrator of this server. If it was you, send the rest later, or ask the administrator for a higher limit.`;
