// Who is logged in sends in his own name only: in MAIL FROM, and in the From and Sender fields that people see.
// RFC 6409 §6.1.
import { type Address, domainOf, localPartOf } from "../../mail/address.ts";
import type { HeaderField } from "../../mail/header.ts";
import { parseMailboxes } from "../../mail/mailboxes.ts";
import { asciiLine } from "../../mail/printable.ts";
import { reply } from "../../mail/reply.ts";
import { type Check, type Finding, nothing } from "../check.ts";

interface SenderRules {
  /** Undefined: there is no such account, any more. Senders: "ann@example.org", "*@example.org", "*". */
  readonly rightsOf: (account: string) => { readonly maySendAs: readonly string[] } | undefined;
  /** Begins the subaddress in a local part of this domain; "": there are none. */
  readonly separatorOf: (domain: string) => string;
}

/**
 * One for MAIL FROM, one for the header. The null reverse-path is allowed: read receipts need it (RFC 8098 §3), and the
 * From field still tells whose they are.
 */
export const senders = (rules: SenderRules): readonly Check[] => [
  {
    name: "sender",
    phase: "mail",
    judge: ({ client: { account }, reversePath }) =>
      account === undefined || !reversePath ? nothing : judgeAddresses(rules, account, [reversePath]),
  },
  {
    name: "author",
    phase: "content",
    judge: ({ client: { account }, content }) =>
      account === undefined || content === undefined ? nothing : judgeHeader(rules, account, content.header),
  },
];

const refuse = (code: number, enhanced: "5.7.1" | "5.6.0", text: string): Finding => ({
  kind: "refuse",
  check: "sender",
  reply: reply(code, enhanced, text),
});

/** A message without From gets one when it is mended. RFC 5322 §3.6.2: several authors need a Sender. */
function judgeHeader(rules: SenderRules, account: string, header: readonly HeaderField[]): Finding {
  const fields = header.filter(({ name }) => /^(?:from|sender)$/i.test(name));
  const found = fields.map((field) => ({ name: field.name, addresses: parseMailboxes(field.value) }));
  const unread = found.find(({ addresses }) => addresses === undefined);
  if (unread !== undefined) {
    const write = "write it as: Ann Example <ann@example.org>, and put a name with commas or colons in quotes";
    return refuse(554, "5.6.0", `the ${unread.name} field of this message has no address that can be read; ${write}`);
  }
  const addresses = found.flatMap(({ addresses }) => addresses ?? []);
  if (found.length === 1 && addresses.length > 1) {
    const mend = "send it in the name of one of them, or from another mail app";
    return refuse(554, "5.6.0", `this message has several authors and no Sender field that says who sends it; ${mend}`);
  }
  return judgeAddresses(rules, account, addresses);
}

function judgeAddresses(rules: SenderRules, account: string, addresses: readonly Address[]): Finding {
  const rights = rules.rightsOf(account);
  if (rights === undefined)
    return refuse(
      550,
      "5.7.1",
      `the account ${asciiLine(account, 254)} is no longer there; ask the administrator of this server`,
    );
  const foreign = addresses.find((address) => !maySend(rights.maySendAs, address, rules));
  if (foreign === undefined) return nothing;
  const own = rights.maySendAs.find((sender) => !sender.startsWith("*"));
  const change = own === undefined ? "" : ` to ${asciiLine(own, 254)}`;
  return refuse(
    550,
    "5.7.1",
    `you are logged in as ${asciiLine(account, 254)}, which may not send as ${asciiLine(foreign, 254)}; change the From address in your mail app${change}, or ask the administrator of this server to allow it`,
  );
}

/** Letter case does not count, and subaddresses are their owner's. RFC 5233 */
function maySend(senders: readonly string[], address: Address, rules: SenderRules): boolean {
  const domain = domainOf(address);
  const separator = rules.separatorOf(domain);
  const local = localPartOf(address);
  const end = separator === "" ? -1 : local.indexOf(separator);
  const names = [local, ...(end > 0 ? [local.slice(0, end)] : [])].map((name) => folded(`${name}@${domain}`));
  const fitting = new Set(["*", `*@${domain}`, ...names]);
  return senders.some((sender) => fitting.has(folded(sender)));
}

const folded = (address: string): string => address.normalize("NFC").toLowerCase();
