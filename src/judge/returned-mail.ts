// Mail that comes back to a sender of ours for forwarded mail: one that we never made is refused in words of its own.
import type { Address } from "../mail/address.ts";
import type { Reply } from "../mail/reply.ts";
import type { Check } from "./check.ts";

/** `refusalOf`: what the writer of such addresses says against one; undefined: nothing. */
export const returnedMail = (refusalOf: (address: Address) => Reply | undefined): Check => ({
  name: "srs",
  phase: "rcpt",
  judge({ recipient }) {
    const no = recipient && refusalOf(recipient.address);
    return no === undefined ? { kind: "nothing" } : { kind: "refuse", check: "srs", reply: no };
  },
});
