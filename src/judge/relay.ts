// Who may send to whom through us: trusted networks to anyone, everyone to our own recipients. RFC 5321 §3.6, §7.8.
import { domainOf } from "../mail/address.ts";
import { reply } from "../mail/reply.ts";
import type { Check } from "./check.ts";

export const relay: Check = {
  name: "relay",
  phase: "rcpt",
  judge({ recipient, recipientIs, trusted, client }) {
    if (recipient === undefined || recipientIs === undefined || recipientIs === "ours") return { kind: "nothing" };
    if (recipientIs === "unknown-here") {
      const text = `there is no mailbox <${recipient.address}> here; check the spelling of the name before the @`;
      return { kind: "refuse", check: "relay", reply: reply(550, "5.1.1", text) };
    }
    if (trusted) return { kind: "nothing" };
    const text = `we do not take mail for ${domainOf(recipient.address)} from ${client.address}: it is not one of our domains; send it through your own provider's mail server`;
    return { kind: "refuse", check: "relay", reply: reply(550, "5.7.1", text) };
  },
};
