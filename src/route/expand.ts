// Who gets a message once aliases, catch-all and sub-addresses are applied.
import { type Address, domainOf, type ReversePath } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { QueueId } from "../mail/message.ts";
import { isOwnSender, type OurDomains, resolveRecipient } from "./aliases.ts";

/** What is to be known of a message, to say whom its recipients stand for. */
export interface ExpandedMail {
  readonly reversePath?: ReversePath;
  readonly queueId?: QueueId;
  /** Return addresses, and whose message they were made for. */
  readonly returnedTo?: ReadonlyMap<Address, Address>;
}

/**
 * Each address once; one that came from another remembers it as its original recipient (RFC 3461 §5.2.7), and is sent
 * on from a sender of ours when it is elsewhere.
 */
export function expandRecipients(
  ours: OurDomains,
  recipients: readonly Recipient[],
  { reversePath = "", queueId, returnedTo }: ExpandedMail = {},
): Recipient[] {
  const expanded = new Map<string, Recipient>();
  for (const recipient of recipients) {
    const target = returnedTo?.get(recipient.address) ?? recipient.address;
    const resolution = resolveRecipient(ours, target);
    const addresses = resolution.kind === "ours" ? resolution.deliverTo : [target];
    for (const address of addresses) {
      const orcpt = recipient.orcpt ?? { type: "rfc822", address: recipient.address };
      const entry =
        address === recipient.address
          ? recipient
          : {
              ...recipient,
              address,
              orcpt,
              ...forwardedFrom(ours, { reversePath, queueId, alias: recipient.address, address }),
            };
      if (!expanded.has(address)) expanded.set(address, entry);
    }
  }
  return [...expanded.values()];
}

interface Forwarding {
  readonly reversePath: ReversePath;
  readonly queueId: QueueId | undefined;
  readonly alias: Address;
  readonly address: Address;
}

/** RFC 5321 §4.5.5: the null reverse-path stays what it is, and SPF has an answer for it (RFC 7208 §2.4). */
function forwardedFrom(
  ours: OurDomains,
  { reversePath, queueId, alias, address }: Forwarding,
): Pick<Recipient, "reversePath"> {
  if (reversePath === "" || isOwnSender(ours, reversePath)) return {};
  if (resolveRecipient(ours, address).kind !== "elsewhere") return {};
  const rewritten = ours.srs?.rewrite(reversePath, domainOf(alias), queueId);
  return rewritten === undefined ? {} : { reversePath: rewritten };
}
