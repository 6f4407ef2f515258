// Accounts as values, and as the text of the accounts file: a JSON list that a person can read, change and compare.
import { z } from "zod";
import { parseAddress, parseDomain } from "../../mail/address.ts";
import type { ScramSecret } from "../../smtp/sasl/credentials.ts";
import { saslPrep } from "../../smtp/sasl/saslprep.ts";
import { formatSecret, parseSecret } from "./secret.ts";

/** An account's own limits; what is absent, the config says. */
export interface AccountLimits {
  readonly messagesPerDay?: number;
  readonly recipientsPerDay?: number;
  readonly recipientsPerHour?: number;
}

export interface Account {
  /** An address in canonical form, or a plain name. */
  readonly name: string;
  /** Absent: others check its password (Dovecot), or it logs in with tokens. */
  readonly secret?: ScramSecret;
  /** Beside its own address: "sales@example.org", "*@example.org", "*" for anyone. */
  readonly maySendAs: readonly string[];
  readonly limits: AccountLimits;
}

/** Under which names are the same: `Ann@Example.org` is ann@example.org. */
export const accountKey = (name: string): string => (parseAddress(name) ?? name).normalize("NFC").toLowerCase();

/** In canonical form; undefined: nobody could log in as this. */
export function parseAccountName(text: string): string | undefined {
  const prepared = saslPrep(text);
  // "*" stands for all senders in an account's rights
  if (prepared === undefined || prepared.length > 320 || /[\s,]|^\*/.test(prepared)) return undefined;
  return prepared.includes("@") ? parseAddress(prepared) : prepared;
}

/** An address, a domain (all its addresses), or "*", in canonical form; undefined: it is none of them. */
export function parseSender(text: string): string | undefined {
  if (text === "*") return text;
  const domain = text.startsWith("*@") ? text.slice(2) : text.includes("@") ? undefined : text;
  if (domain === undefined) return parseAddress(text);
  const parsed = parseDomain(domain);
  return parsed && `*@${parsed}`;
}

const count = z.int("is not a whole number").min(0, "is less than 0").optional();

const written = z.strictObject({
  name: z.string("is missing, or not text"),
  password: z.string("is not text").optional(),
  may_send_as: z.array(z.string("is not text"), "is not a list").default([]),
  messages_per_day: count,
  recipients_per_day: count,
  recipients_per_hour: count,
});

export const emptyFile = "[]\n";

/** The file's accounts, in its order; or what is wrong with it: a sentence, without the file's name. */
export function parseAccounts(text: string): readonly Account[] | string {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    return `it is not JSON (${error instanceof Error ? error.message : String(error)}); mend it, or put an older copy in its place`;
  }
  if (!Array.isArray(list)) return 'it must be a list: [ { "name": … }, … ]';
  const accounts: Account[] = [];
  const known = new Map<string, number>();
  for (const [i, one] of list.entries()) {
    const account = parseAccount(one);
    if (typeof account === "string") return `account ${i + 1}${nameIn(one)}: ${account}`;
    const key = accountKey(account.name);
    const before = known.get(key);
    if (before !== undefined) return `account ${i + 1}${nameIn(one)}: account ${before} has this name, too; delete one`;
    known.set(key, i + 1);
    accounts.push(account);
  }
  return accounts;
}

const nameIn = (one: unknown): string => {
  const { name } = (one ?? {}) as { name?: unknown };
  return typeof name === "string" ? ` (${JSON.stringify(name.slice(0, 80))})` : "";
};

function parseAccount(one: unknown): Account | string {
  const { data, error } = written.safeParse(one);
  if (data === undefined) return issueText(error.issues[0]!);
  const name = parseAccountName(data.name);
  if (name === undefined) return "its name is neither an address nor a plain name without spaces";
  const secret = data.password === undefined ? undefined : parseSecret(data.password);
  if (data.password !== undefined && secret === undefined)
    return `its password is not in the form SCRAM-SHA-256$…; set it with: waybill account passwd ${name}`;
  const maySendAs: string[] = [];
  for (const text of data.may_send_as) {
    const sender = parseSender(text);
    if (sender === undefined) return wrongSender(text);
    maySendAs.push(sender);
  }
  const limits = {
    ...(data.messages_per_day !== undefined && { messagesPerDay: data.messages_per_day }),
    ...(data.recipients_per_day !== undefined && { recipientsPerDay: data.recipients_per_day }),
    ...(data.recipients_per_hour !== undefined && { recipientsPerHour: data.recipients_per_hour }),
  };
  return { name, ...(secret && { secret }), maySendAs, limits };
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys")
    return `${issue.keys.join(", ")} is not known; known are ${Object.keys(written.shape).join(", ")}`;
  return issue.path.length === 0 ? 'it is not an object: { "name": … }' : `${issue.path.join(".")} ${issue.message}`;
}

export const wrongSender = (text: string): string =>
  `${JSON.stringify(text)} is no sender; write an address ("sales@example.org"), all of a domain ("*@example.org"), or "*" for anyone`;

/** One account after the other, each setting on a line of its own. */
export function formatAccounts(accounts: readonly Account[]): string {
  const list = accounts.map(({ name, secret, maySendAs, limits }) => ({
    name,
    ...(secret && { password: formatSecret(secret) }),
    ...(maySendAs.length > 0 && { may_send_as: maySendAs }),
    messages_per_day: limits.messagesPerDay,
    recipients_per_day: limits.recipientsPerDay,
    recipients_per_hour: limits.recipientsPerHour,
  }));
  return `${JSON.stringify(list, undefined, 2)}\n`;
}
