// Settings for signing what we send: [[dkim]].
import { z } from "zod";
import { domainName, filePath } from "../names.ts";
import { patternKind } from "../kind.ts";

/** RFC 6376 §3.1: labels with dots between. */
const selectorName = patternKind(
  { name: "a selector", write: 'Write letters, digits and hyphens: "2026-rsa".', examples: ["2026-rsa"] },
  /^(?=.{1,100}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/,
);

export const dkim = z
  .strictObject({
    domain: domainName.describe("The domain that signs: what stands after the @ of the From field."),
    subdomains: z
      .boolean()
      .default(false)
      .describe("Its keys sign mail from all domains below it, too, unless they have keys of their own."),
    algorithm: z
      .enum(["both", "rsa", "ed25519"])
      .default("both")
      .describe(
        "Keys that `waybill dkim keygen` and `waybill dkim rotate` make: RSA is what all verifiers know, Ed25519 is smaller; `both` signs twice.",
      ),
    keys: filePath.optional().meta({
      description:
        "Folder of its keys and of the file that says which are in use. Without it, `dkim/DOMAIN` in `data_dir`.",
      examples: ["/etc/waybill/dkim/example.org"],
    }),
    key_files: z
      .record(selectorName, filePath)
      .default({})
      .meta({
        description:
          "Keys made elsewhere, by selector: PEM files, always in use, whatever the folder says. A change counts from the next start on.",
        examples: [{ "2026-rsa": "/etc/waybill/2026-rsa.pem" }],
      }),
  })
  .describe(
    "A domain whose mail is signed (DKIM), if that needs more than `waybill dkim keygen DOMAIN`: a domain with keys in `data_dir` is signed for without this section (docs/signing.md).",
  );
