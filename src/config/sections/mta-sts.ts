// Settings of MTA-STS, which tells other servers to send to us encrypted only: [mta_sts]. RFC 8461 §3.2.
import { z } from "zod";
import { textKind } from "../kind.ts";
import { hostName } from "../names.ts";
import { duration } from "../units.ts";

/** A host name, the first label of which may be "*". */
const mxPattern = textKind(
  {
    name: "the name of a mail server",
    write: 'Write it as the MX record does: "mail.example.org", or "*.example.org" for all directly below it.',
    examples: ["mail.example.org", "*.example.org"],
  },
  (written): string | undefined => {
    const wildcard = written.startsWith("*.") ? "*." : "";
    const name = hostName.safeParse(written.slice(wildcard.length)).data;
    return name && `${wildcard}${name}`;
  },
);

/** `off`: no policy is served. */
export const stsMode = z.enum(["off", "none", "testing", "enforce"]);

export const mtaSts = z
  .strictObject({
    mode: stsMode
      .default("off")
      .describe(
        "What the policy of our domains asks of other servers: `testing` wants reports of what would fail (TLS-RPT), `enforce` wants mail held back that cannot be encrypted and brought to a certificate with the right name. `off` serves no policy; who had one says `none` first, for as long as `max_age` was. Begin with `testing`; it needs `[web]` and DNS records (docs/mail-apps.md).",
      ),
    mx: z
      .array(mxPattern)
      .default([])
      .meta({
        description:
          'The servers that take our mail, as in the MX records. Empty: `hostname`, and no policy for domains with `deliver = "relay"`, whose mail other servers take, too.',
        examples: [["mail.example.org", "backup.example.net"]],
      }),
    max_age: duration("1h", "365d")
      .default(7 * 24 * 3_600_000)
      .describe("How long other servers keep the policy. RFC 8461 §3.2 suggests weeks."),
  })
  .describe("MTA-STS: other servers send to our domains encrypted only.");
