// Settings of mail apps: what autoconfig, Autodiscover, profiles and SRV records tell them. [mail_apps].
import { z } from "zod";
import { type AppProtocol, usualPorts } from "../../autoconfig/settings.ts";
import { Refusal, textKind } from "../kind.ts";
import { hostName, splitPort, text } from "../names.ts";
import { show } from "../show.ts";

interface Place {
  readonly host: string;
  readonly port: number;
  readonly security: "tls" | "starttls";
}

const words = { tls: "implicit", starttls: "starttls" } as const;

/** "HOST", "HOST:PORT" or "HOST:PORT starttls" */
function place(protocol: AppProtocol, examples: readonly string[]) {
  const usual = usualPorts[protocol];
  const write = `Write "HOST" for port ${usual.tls} with TLS from the first byte, "HOST:${usual.starttls}" for STARTTLS; with another port, "HOST:PORT implicit" or "HOST:PORT starttls".`;
  const format = ({ host, port, security }: Place): string => `${host}:${port} ${words[security]}`;
  return textKind({ name: "a mail server", write, examples, format }, (written): Place | Refusal | undefined => {
    const [, where = "", word] = /^(\S+)(?: +(implicit|starttls))?$/.exec(written) ?? [];
    const { host: name = where, port = usual.tls } = splitPort(where) ?? {};
    const host = hostName.safeParse(name).data;
    if (host === undefined || port === 0) return undefined;
    const security = (["tls", "starttls"] as const).find((one) =>
      word === undefined ? port === usual[one] : word === words[one],
    );
    if (security !== undefined) return { host, port, security };
    return new Refusal(
      `${show(written)} does not say how port ${port} is encrypted`,
      `Write "${where} implicit" for TLS from the first byte, "${where} starttls" for STARTTLS.`,
    );
  });
}

export const mailApps = z
  .strictObject({
    name: text.optional().meta({
      description: "Name of the mail service, as apps show it. Without it, the domain of `hostname`.",
      examples: ["Example Mail"],
    }),
    imap: place("imap", ["imap.example.org"])
      .optional()
      .meta({
        description:
          "Where people read their mail by IMAP: the name of the mailbox server, such as Dovecot, as its certificate has it. `HOST` is port 993; `HOST:143` is with STARTTLS; with another port, `HOST:PORT implicit` or `HOST:PORT starttls`. Without it, apps are not told of any.",
        examples: ["imap.example.org"],
      }),
    pop3: place("pop3", ["pop.example.org"])
      .optional()
      .meta({
        description: "The same for POP3: `HOST` is port 995; `HOST:110` is with STARTTLS.",
        examples: ["pop.example.org"],
      }),
    smtp: z
      .array(place("smtp", ["mail.example.org:465", "mail.example.org:587"]))
      .min(1)
      .optional()
      .meta({
        description:
          "Where people send, the best first. Without it, `hostname` with the ports of the listeners for submission; to be named where apps see another name or other ports, as behind a load balancer.",
        examples: [["mail.example.org:465", "mail.example.org:587"]],
      }),
    username: z
      .enum(["address", "local-part"])
      .default("address")
      .describe("What people log in with: their address in full, or what stands before the @."),
    login: z
      .array(z.enum(["password", "oauth2"]))
      .min(1)
      .default(["password"])
      .describe("How they log in, the best first: `password`, or `oauth2` with tokens of the provider in `[oauth]`."),
  })
  .describe("What mail apps are told so that they set themselves up, for addresses at our domains.");
