// Mail that comes back to an address of ours that we gave to mail which went out: what cannot be ours is refused in words of
// its own.
import type { Address, ReversePath } from "../mail/address.ts";
import type { Reply } from "../mail/reply.ts";
import { type Check, type Finding, nothing } from "./check.ts";

interface ReturnedMail {
  readonly recipient: Address;
  readonly reversePath: ReversePath;
  readonly trusted: boolean;
}

/** `refusalOf`: what the writer of such addresses says against one; undefined: nothing. */
export const returnedMail = (
  name: string,
  refusalOf: (mail: ReturnedMail) => Reply | undefined | Promise<Reply | undefined>,
): Check => {
  const findingOf = (no: Reply | undefined): Finding =>
    no === undefined ? nothing : { kind: no.code < 500 ? "defer" : "refuse", check: name, reply: no };
  return {
    name,
    phase: "rcpt",
    judge({ recipient, reversePath = "", trusted }) {
      if (recipient === undefined) return nothing;
      const no = refusalOf({ recipient: recipient.address, reversePath, trusted });
      return no instanceof Promise ? no.then(findingOf) : findingOf(no);
    },
  };
};
