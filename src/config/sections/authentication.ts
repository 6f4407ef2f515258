// [authentication]: what is done with what SPF, DKIM, DMARC and ARC say of a stranger's mail.
import { z } from "zod";
import { domainName } from "../names.ts";
import { duration } from "../units.ts";

const refuseMarkAccept = z.enum(["refuse", "mark", "accept"]);

export const authentication = z
  .strictObject({
    spf_fail: refuseMarkAccept
      .default("refuse")
      .describe(
        "Mail whose sender's domain says that this client must not send it (SPF fail), where no DMARC record decides and neither a DKIM signature nor a trusted forwarder speaks for it: `refuse` it with 550 5.7.23, `mark` it as suspicious, or `accept` it.",
      ),
    dmarc_reject: refuseMarkAccept
      .default("refuse")
      .describe(
        "Mail that fails the DMARC check of a domain that asks for `p=reject`: `refuse` it with 550 5.7.1, `mark` it, or `accept` it.",
      ),
    dmarc_quarantine: refuseMarkAccept
      .default("mark")
      .describe("The same for domains that ask for `p=quarantine`: `mark` is what they ask for."),
    own_domain: refuseMarkAccept
      .default("mark")
      .describe(
        "Strangers' mail that says it is from one of our own domains, without a proof, where the domain has no DMARC policy that decides. A DMARC record with `p=reject` helps everybody, not only us.",
      ),
    bad_author: refuseMarkAccept
      .default("refuse")
      .describe(
        "Mail whose From field is missing, doubled, or names no single domain (RFC 9989 §11.5), so that nobody can be asked whether it is genuine.",
      ),
    bad_helo: refuseMarkAccept
      .default("refuse")
      .describe("Strangers who introduce themselves with our own name or address, as only senders of spam do."),
    reverse_name: z
      .enum(["accept", "defer", "refuse"])
      .default("accept")
      .describe(
        "Clients whose IP address has no name in DNS that leads back to it: `accept` their mail, `defer` it with 451 4.7.25, or `refuse` it with 550 5.7.25. Some honest servers have none.",
      ),
    temporary_failure: z
      .enum(["accept", "defer"])
      .default("accept")
      .describe(
        "Mail whose SPF or DMARC check failed for the time being, as DNS gave no answer: `accept` it without the check, or `defer` it with 451 4.7.24 or 4.7.0 until there is an answer.",
      ),
    trusted_sealers: z
      .array(domainName)
      .default(["google.com", "microsoft.com"])
      .describe(
        "Forwarders and mailing lists whose word counts when they say, by ARC, that mail was genuine before they changed it: the domains that seal, each with all below it. All that sealed a message must be among them.",
      ),
    timeout: duration("1s", "2m")
      .default(20_000)
      .describe(
        "Longest wait for all answers about one sender, and after the end of a message about its content. RFC 7208 §4.6.4 asks for at least 20 seconds.",
      ),
  })
  .describe("What is done with what SPF, DKIM, DMARC and ARC say of a stranger's mail.");
