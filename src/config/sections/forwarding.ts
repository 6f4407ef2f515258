// Settings for mail that an alias sends on to another domain: [forwarding].
import { z } from "zod";
import { domainName, filePath } from "../names.ts";

export const forwarding = z
  .strictObject({
    srs: z
      .boolean()
      .default(true)
      .describe(
        "Mail from outside that an alias sends on to another domain gets a sender of ours (SRS), so that SPF passes there; what is returned to it goes on to the true sender. `false` leaves the sender as it is, and many hosts refuse such mail.",
      ),
    srs_domain: domainName.optional().meta({
      description:
        "Domain of these senders. Its MX must lead here, and its SPF record must allow this server. Without it, the domain of the alias.",
      examples: ["srs.example.org"],
    }),
    srs_secret_file: filePath.optional().meta({
      description:
        "File with the secret that proves such a sender to be ours, the same for all Waybills that share a database: the first line signs, what further lines signed is taken, too. Without it, a secret is made in `data_dir`.",
      examples: ["/etc/waybill/srs.secret"],
    }),
  })
  .describe("Mail that an alias sends on to another domain (docs/signing.md).");
