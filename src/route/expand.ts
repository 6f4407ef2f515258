// Who gets a message once aliases, catch-all and sub-addresses are applied.
import type { Recipient } from "../mail/envelope.ts";
import { type OurDomains, resolveRecipient } from "./aliases.ts";

/** Each address once; one that came from another remembers it as its original recipient. RFC 3461 §5.2.7. */
export function expandRecipients(ours: OurDomains, recipients: readonly Recipient[]): Recipient[] {
  const expanded = new Map<string, Recipient>();
  for (const recipient of recipients) {
    const resolution = resolveRecipient(ours, recipient.address);
    const addresses = resolution.kind === "ours" ? resolution.deliverTo : [recipient.address];
    for (const address of addresses) {
      const orcpt = recipient.orcpt ?? { type: "rfc822", address: recipient.address };
      const entry = address === recipient.address ? recipient : { ...recipient, address, orcpt };
      if (!expanded.has(address)) expanded.set(address, entry);
    }
  }
  return [...expanded.values()];
}
