// Settings for bounces that come back: [returns].
import { z } from "zod";
import { textKind } from "../kind.ts";
import { domainName, filePath, mailAddress } from "../names.ts";
import { duration } from "../units.ts";

const dayMs = 86_400_000;

/** "*" or a domain. */
const signedDomain = textKind(
  { name: "a domain", write: 'Write one of our domains, or "*" for all of them.', examples: ["example.org"] },
  (written): string | undefined => (written === "*" ? written : domainName.safeParse(written).data),
);

export const returns = z
  .strictObject({
    sign: z
      .array(signedDomain)
      .default([])
      .meta({
        description:
          'Our domains whose mail to other servers gets a return address that nobody can forge, made for each message: what bounces later is matched to the message, and told to its sender in plain words. `"*"`: all our domains that are not `relay`. Their MX must lead here. Servers that greylist by sender will put off the first delivery of each message.',
        examples: [["example.org"]],
      }),
    lifetime: duration("1d", "365d")
      .default(21 * dayMs)
      .describe("So long after a message came, mail to its return address is taken."),
    secret_file: filePath.optional().meta({
      description:
        "File with the secret that proves a return address to be ours, the same for all Waybills that share a database: the first line signs, what further lines signed is taken, too. Without it, `srs_secret_file`; without both, a secret is made in `data_dir`.",
      examples: ["/etc/waybill/returns.secret"],
    }),
    only_signed: z
      .boolean()
      .default(false)
      .describe(
        "Bounces (mail without a sender) to the plain addresses of a domain that signs are refused: they are about mail that we never sent. Not while mail that was sent before is still on its way, nor where people send with these addresses through other servers, or want receipts of reading.",
      ),
    feedback: z
      .array(mailAddress)
      .default([])
      .meta({
        description:
          "Addresses of ours to which feedback loops of mail providers send complaints (ARF). They are delivered, and read.",
        examples: [["feedback@example.org"]],
      }),
  })
  .describe("Bounces and complaints that come back after a message was handed over (docs/returns.md).");
