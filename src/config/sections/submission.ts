// Settings of submission: who may log in, and how much an account may send.
import { z } from "zod";
import { Refusal, textKind } from "../kind.ts";
import { domainName, filePath, text } from "../names.ts";
import { show } from "../show.ts";
import { duration } from "../units.ts";

/** https, or http on this machine. */
const serviceUrl = textKind(
  { name: "a URL", write: 'Write "https://login.example.org/…".', examples: ["https://login.example.org/keys"] },
  (written) => {
    const url = URL.parse(written);
    if (url === null || url.hostname === "" || url.username !== "" || url.password !== "") return undefined;
    if (url.protocol === "https:") return url.href;
    if (url.protocol === "http:" && /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) return url.href;
    return new Refusal(`${show(written)} is not encrypted`, "Write a URL that begins with https://.");
  },
);

const count = z.int().min(1);

export const submission = z
  .strictObject({
    accounts: filePath.optional().meta({
      description:
        "File with the accounts, as `waybill account` writes it. Without it, `accounts.json` in `data_dir`. Changes count at once.",
      examples: ["/etc/waybill/accounts.json"],
    }),
    default_domain: domainName.optional().meta({
      description: "Who logs in with a name without @ that is no account is taken for this name at this domain.",
      examples: ["example.org"],
    }),
    dovecot: filePath.optional().meta({
      description:
        "Dovecot's socket for logins. With it, Dovecot checks all passwords, and the accounts file says only what its accounts may send. SCRAM is not offered then.",
      examples: ["/run/dovecot/auth-client"],
    }),
    messages_per_day: count
      .default(1_000)
      .describe(
        "Messages that an account may send in 24 hours, if the accounts file says nothing else. It is a wall for whoever stole a password; the owner is told at four fifths of it.",
      ),
    recipients_per_day: count
      .default(2_000)
      .describe("Recipients, of all its messages, that an account may send to in 24 hours."),
    recipients_per_hour: count.default(1_000).describe("Recipients that an account may send to in an hour."),
  })
  .describe("Logins of mail apps, and what an account may send. docs/submission.md tells how to set it up.");

export const oauth = z
  .strictObject({
    jwks_url: serviceUrl.optional().meta({
      description:
        "Where the keys are that tokens (JWT) are signed with: the `jwks_uri` of the OpenID Connect provider. `issuer` and `audience` belong to it.",
      examples: ["https://login.example.org/keys"],
    }),
    issuer: text.optional().meta({
      description: "What the claim `iss` of a token must be.",
      examples: ["https://login.example.org/"],
    }),
    audience: text.optional().meta({
      description:
        "What the claim `aud` of a token must contain: the name of this mail service at the provider. Without it, a token that was given to any other service would open this one.",
      examples: ["mail"],
    }),
    introspection_url: serviceUrl.optional().meta({
      description:
        "Where the provider is asked about a token (RFC 7662) that is no JWT, or of any token when there is no `jwks_url`.",
      examples: ["https://login.example.org/introspect"],
    }),
    client_id: text.optional().meta({
      description: "Our name at `introspection_url`.",
      examples: ["waybill"],
    }),
    client_secret_file: filePath.optional().meta({
      description: "File whose first line is the secret that belongs to `client_id`.",
      examples: ["/etc/waybill/oauth.secret"],
    }),
    account_claim: text
      .default("email")
      .describe("The claim of a token that names the account: `email`, or another such as `preferred_username`."),
    timeout: duration("100ms", "1m").default(5_000).describe("Longest wait for the provider."),
  })
  .describe(
    "Logins with OAuth tokens (OAUTHBEARER, XOAUTH2), beside those with passwords. Off, unless one of the two URLs is set.",
  );
