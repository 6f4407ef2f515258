// Settings of the web server: [web] and [[web_certificate]].
import { z } from "zod";
import { filePath, listenAddress, network } from "../names.ts";

const count = z.int().min(1);

export const web = z
  .strictObject({
    listen: z
      .array(listenAddress)
      .default([])
      .meta({
        description:
          "Where the web server accepts HTTPS: mail apps get their settings there, other mail servers the policy of MTA-STS, and people the help pages. Empty: there is no web server (docs/mail-apps.md).",
        examples: [["*:443"]],
      }),
    tls: z
      .enum(["implicit", "none"])
      .default("implicit")
      .describe(
        "Encryption at `listen`: `implicit` is HTTPS; `none` is for a web server in front of Waybill that does HTTPS, such as Caddy or nginx, on this machine or in `proxy_networks`.",
      ),
    proxy_networks: z
      .array(network)
      .default([])
      .meta({
        description:
          "Web servers in front of us: what they say of the client (X-Forwarded-For, X-Forwarded-Proto) is believed, and of nobody else.",
        examples: [["127.0.0.1", "::1"]],
      }),
    http_listen: z
      .array(listenAddress)
      .default([])
      .meta({
        description:
          "Where plain HTTP is accepted. Browsers and Outlook are sent on to HTTPS; the settings of mail apps that ask for them here (autoconfig) are answered.",
        examples: [["*:80"]],
      }),
    max_connections: count.default(500).describe("Connections at once."),
    max_connections_per_address: count
      .default(50)
      .describe(
        "Connections at once from one IP address (IPv6: from one /64 network); from `proxy_networks`, any number.",
      ),
  })
  .describe("The web server.");

export const webCertificate = z
  .strictObject({
    certificate: filePath.meta({
      description:
        "PEM file with a certificate for some of our names, followed by those that link it to its authority.",
      examples: ["/etc/waybill/web-fullchain.pem"],
    }),
    key: filePath.meta({
      description: "PEM file with the private key of `certificate`.",
      examples: ["/etc/waybill/web-privkey.pem"],
    }),
  })
  .describe(
    "A certificate of the web server. Of several, the one that has the name that is asked for is shown; for other names the one of `[tls]`, or the first here. Changed files count within a minute.",
  );
