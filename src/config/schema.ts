// Every setting of waybill.toml: type, default, unit and meaning. The manual, the JSON Schema and the example file are
// generated from this one schema. What settings say of one another is checked in rules.ts.
import { z } from "zod";
import {
  addressOrDomain,
  aliasTarget,
  domainName,
  domainPattern,
  filePath,
  handOver,
  hostName,
  ipAddress,
  listenAddress,
  localPart,
  mailAddress,
  network,
  nextHop,
  resolverAddress,
  separator,
  text,
} from "./names.ts";
import { postgresUrl } from "./postgres-url.ts";
import { authentication } from "./sections/authentication.ts";
import { dnsList, dnsScore } from "./sections/dns-lists.ts";
import { abuse, rates } from "./sections/rates.ts";
import { oauth, submission } from "./sections/submission.ts";
import { explain } from "./sections/explain.ts";
import { forwarding } from "./sections/forwarding.ts";
import { greylist } from "./sections/greylist.ts";
import { reputation } from "./sections/reputation.ts";
import { returns } from "./sections/returns.ts";
import { dkim } from "./sections/signing.ts";
import { suppression } from "./sections/suppression.ts";
import { hooks } from "./sections/hooks.ts";
import { mailApps } from "./sections/mail-apps.ts";
import { mtaSts, stsMode } from "./sections/mta-sts.ts";
import { web, webCertificate } from "./sections/web.ts";
import { duration, size } from "./units.ts";

/** For waits that a timer measures; timers end at 2^31 ms. */
const timeLimit = duration("1ms", "24d");
/** For ages that are compared with the clock. */
const age = duration("0s", "3650d");
const port = z.int().min(1).max(65_535);
const count = z.int().min(1);

const listener = z
  .strictObject({
    address: listenAddress.describe(
      "IP address and port: `127.0.0.1:25` for this machine only, `*:25` for all its addresses. Port 25 is for mail from other servers.",
    ),
    tls: z
      .enum(["none", "starttls", "implicit"])
      .default("starttls")
      .describe(
        "Encryption of sessions: `starttls` begins in clear text and offers STARTTLS, `implicit` is TLS from the first byte (port 465), `none` offers no encryption.",
      ),
    for: z
      .enum(["relay", "submission"])
      .default("relay")
      .describe(
        'Who connects here: `relay` is for other mail servers (port 25), and for `networks` of `[relay]`; `submission` is for people\'s mail apps, which must log in to an account, and may then send to everyone (port 587 with STARTTLS, port 465 with `tls = "implicit"`).',
      ),
  })
  .describe("A place to accept SMTP at. Without any, `127.0.0.1:2525`. Repeat the section for each further place.");

const tls = z
  .strictObject({
    certificate: filePath.optional().meta({
      description:
        "PEM file with our certificate, followed by the certificates that link it to its authority. Without it, Waybill makes a self-signed certificate in `data_dir` at first use.",
      examples: ["/etc/waybill/fullchain.pem"],
    }),
    key: filePath.optional().meta({
      description: "PEM file with the private key of `certificate`. Both are set, or neither.",
      examples: ["/etc/waybill/privkey.pem"],
    }),
  })
  .describe(
    "The certificate that we show to clients. Its files are read again every hour: a renewed one counts without a restart.",
  );

const relay = z
  .strictObject({
    networks: z
      .array(network)
      .default(["127.0.0.0/8", "::1/128"])
      .describe("Clients that may send to any recipient: this machine, and those whose outgoing mail we carry."),
    xclient_networks: z
      .array(network)
      .default([])
      .describe(
        "Clients that may state whom they speak for, with the command XCLIENT: mail filters in front of us. Never the public.",
      ),
    proxy_networks: z
      .array(network)
      .default([])
      .describe(
        "Load balancers in front of us. A connection from them must begin with a PROXY header (version 1 or 2), which states the real client.",
      ),
  })
  .describe("Whose mail we carry to everywhere. All others may write to our domains only.");

const domain = z
  .strictObject({
    name: domainName.describe("The domain: what stands after the @. Mail for it is accepted from anyone."),
    deliver: handOver.describe(
      "How its mail is handed over: `maildir:PATH` writes it into a Maildir (`{user}` and `{domain}` in the path are replaced), `lmtp:HOST:PORT` or `lmtp:/PATH/OF/SOCKET` gives it to a mailbox server such as Dovecot, `relay` sends it on by the routes or MX, as a backup MX does.",
    ),
    mailboxes: z
      .array(localPart)
      .optional()
      .meta({
        description:
          "What may stand before the @; other recipients are refused with 550 5.1.1. Without this list, all are accepted.",
        examples: [["ann", "ben"]],
      }),
    aliases: z
      .record(localPart, z.array(aliasTarget).min(1))
      .default({})
      .meta({
        description:
          'Who gets the mail of an alias instead: `{ sales = ["ann", "ben@example.com"] }`. A name without @ is in the same domain.',
        examples: [{ sales: ["ann", "ben@example.com"] }],
      }),
    catch_all: mailAddress.optional().meta({
      description: "Address that gets the mail for mailboxes that do not exist, instead of the refusal.",
      examples: ["ann@example.org"],
    }),
    subaddress_separator: separator
      .default("+")
      .describe("With `+`, mail for `ann+news` is delivered to `ann`. Empty turns it off."),
    mta_sts: stsMode.optional().meta({
      description: "The policy of MTA-STS for this domain, instead of `mode` of `[mta_sts]`.",
      examples: ["off"],
    }),
  })
  .describe("A domain whose mail is ours. Repeat the section for each further domain.");

const route = z
  .strictObject({
    to: domainPattern.optional().meta({
      description:
        "Recipient domain that this route is for; `*.example.org` is for all domains below it. Without it, the route is for all.",
      examples: ["example.com"],
    }),
    from: addressOrDomain.optional().meta({
      description: "Sender's address or domain that this route is for. Without it, the route is for all.",
      examples: ["ann@example.org"],
    }),
    host: nextHop.meta({
      description:
        "Next hop (smarthost): a name or an IP address. Mail goes to the addresses of this name; its MX is not asked for.",
      examples: ["smtp.example.net"],
    }),
    port: port.default(25).describe("Port of the next hop: 25 for a relay, 587 or 465 for a provider's submission."),
    tls: z
      .enum(["never", "opportunistic", "require", "verify"])
      .default("opportunistic")
      .describe(
        "Encryption to the next hop: `never` uses clear text, `opportunistic` encrypts if it is offered, `require` sends only encrypted, `verify` sends only if the certificate fits the name, too.",
      ),
    implicit_tls: z.boolean().default(false).describe("TLS from the first byte (port 465) instead of STARTTLS."),
    username: text.optional().meta({ description: "Our account at the next hop.", examples: ["ann@example.org"] }),
    password: text.optional().meta({
      description: "Password of `username`. `password_file` keeps it out of this file.",
      examples: ["secret"],
    }),
    password_file: filePath.optional().meta({
      description: "File whose first line is the password of `username`.",
      examples: ["/etc/waybill/smarthost.password"],
    }),
  })
  .describe("Where mail goes instead of the MX of its recipient. Of several routes, the first that fits is taken.");

const receive = z
  .strictObject({
    max_message_size: size("64KB", "1024GB")
      .default(50 * 1024 ** 2)
      .describe("Largest message that is accepted; clients learn it from the SIZE extension (RFC 1870)."),
    max_header_size: size("16KB", "16MB")
      .default(256 * 1024)
      .describe(
        "Longest header section that a stranger's message may have; longer ones are refused with 552. Mail programs write a few KB.",
      ),
    max_recipients: z
      .int()
      .min(100)
      .max(50_000)
      .default(1_000)
      .describe("Recipients of one message. RFC 5321 §4.5.3.1.8 asks for at least 100."),
    max_hops: z
      .int()
      .min(30)
      .max(1_000)
      .default(100)
      .describe(
        "A message with more Received fields than this goes round in circles, and is refused. RFC 5321 §6.3 suggests 100.",
      ),
    max_connections: count.default(2_000).describe("Sessions at once."),
    max_connections_per_address: count
      .default(100)
      .describe("Sessions at once from one IP address (IPv6: from one /64 network)."),
    command_timeout: timeLimit
      .default(5 * 60_000)
      .describe("Longest wait for a client's next command. RFC 5321 §4.5.3.2.7 asks for at least 5 minutes."),
    data_timeout: timeLimit
      .default(3 * 60_000)
      .describe("Longest pause of a client while it sends a message. RFC 5321 §4.5.3.2.5 speaks of 3 minutes."),
    message_timeout: timeLimit.default(60 * 60_000).describe("Longest time for one message to arrive."),
    session_timeout: timeLimit.default(4 * 60 * 60_000).describe("Longest session."),
    greeting_delay: duration("0s", "4m")
      .default(0)
      .describe(
        "Pause before the greeting; a client that speaks before it is dropped, as only senders of spam do. 0 turns it off.",
      ),
    max_errors: z.int().min(3).default(20).describe("Refused or unknown commands after which a session is ended."),
  })
  .describe("Limits for the clients that send to us.");

const retry = z
  .strictObject({
    schedule: z
      .array(duration("1ms", "3650d"))
      .min(1)
      .default([60_000, 5 * 60_000, 10 * 60_000, 20 * 60_000, 40 * 60_000, 3_600_000, 2 * 3_600_000, 4 * 3_600_000])
      .describe(
        "Waits between the attempts at a delivery; the last one repeats. Each varies by a tenth, so that deliveries that failed together do not all come back together.",
      ),
    give_up_after: duration("1ms", "3650d")
      .default(5 * 24 * 3_600_000)
      .describe(
        "A message that waited longer than this is returned to its sender. RFC 5321 §4.5.4.1 asks for at least 4–5 days.",
      ),
    delay_notice_after: age
      .default(4 * 3_600_000)
      .describe("The sender is told, once, that a message has waited this long. 0 turns it off."),
  })
  .describe("When a delivery that failed for the time being is tried again.");

const deliver = z
  .strictObject({
    port: port.default(25).describe("Port of MX hosts. Another than 25 makes sense in tests only."),
    max_connections: count.default(500).describe("Outgoing connections at once."),
    max_connections_per_site: count
      .default(20)
      .describe("Outgoing connections at once to one destination (a set of MX hosts)."),
    max_messages_per_connection: count.default(100).describe("A connection is closed after so many messages."),
    idle_timeout: duration("0s", "24d")
      .default(10_000)
      .describe("How long an unused connection is kept for the next message. 0 closes it at once."),
    connect_timeout: timeLimit.default(30_000).describe("Longest wait for a connection to one address."),
    tls: z
      .enum(["never", "opportunistic"])
      .default("opportunistic")
      .describe(
        "Encryption to MX hosts: `opportunistic` encrypts if it is offered and works, and sends in clear text otherwise; `never` uses clear text.",
      ),
    ip: z.enum(["both", "ipv4", "ipv6"]).default("both").describe("Which addresses of the next host are used."),
    source_address: ipAddress.optional().meta({
      description: "Local IP address that outgoing connections come from. Without it, the system chooses.",
      examples: ["192.0.2.1"],
    }),
    returned_size: size("0", "1024GB")
      .default(100 * 1024)
      .describe(
        "A bounce contains the whole message if it is no larger than this and its sender asked for that; of others, the header.",
      ),
  })
  .describe("Handing mail over to other servers.");

const destination = z
  .strictObject({
    to: domainPattern.meta({
      description:
        "Recipient domain, or the name of a mail host that takes its mail (its MX); `*.example.org` is for all below it. What shares its mail hosts shares the limits.",
      examples: ["*.example.com"],
    }),
    max_connections: count.optional().meta({
      description: "Connections at once, of all nodes together. Without it, `max_connections_per_site` of `[deliver]`.",
      examples: [4],
    }),
    max_messages_per_connection: count.optional().meta({
      description: "A connection is closed after so many messages. Without it, the setting of `[deliver]`.",
      examples: [20],
    }),
    max_messages_per_minute: count.optional().meta({
      description: "Messages in a minute, of all nodes together. Without it, as many as the destination takes.",
      examples: [600],
    }),
  })
  .describe(
    "Limits for one destination, for those who know better: Waybill finds out by itself what a destination bears (docs/pacing.md), and stays within these. Of several that fit, the first counts.",
  );

const dns = z
  .strictObject({
    servers: z
      .array(resolverAddress)
      .default([])
      .meta({
        description: "Resolvers to ask: `ADDRESS` or `ADDRESS:PORT`. Empty: those of the system.",
        examples: [["192.0.2.53", "[2001:db8::53]:5353"]],
      }),
    timeout: timeLimit.default(5_000).describe("Longest wait for one answer."),
  })
  .describe("Name resolution.");

const storage = z
  .strictObject({
    driver: z
      .enum(["sqlite", "postgres", "memory"])
      .default("sqlite")
      .describe(
        "`sqlite` keeps mail on disk, in `data_dir`. `postgres` keeps it in a database that any number of Waybills share. `memory` loses it at exit: for tests.",
      ),
    url: postgresUrl.optional().meta({
      description:
        "Of `postgres`: user, password, host, port and name of the database. `url_file` keeps the password out of this file; without a password in it, PGPASSWORD and ~/.pgpass count.",
      examples: ["postgres://waybill:secret@db.example.org:5432/waybill"],
    }),
    url_file: filePath.optional().meta({
      description: "Of `postgres`: file whose first line is the `url`.",
      examples: ["/etc/waybill/database.url"],
    }),
    connections: z
      .int()
      .min(6)
      .max(1_000)
      .default(10)
      .describe(
        "Of `postgres`: connections to the database at once, of each thread (`threads`). It must allow as many for all of every Waybill.",
      ),
    node_timeout: duration("3s", "1h")
      .default(30_000)
      .describe(
        "Of `postgres`: a Waybill that the database has not heard of for so long is taken for dead, and the others take over its deliveries.",
      ),
  })
  .describe("Where mail is kept until it is delivered.");

const log = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("What is written: `info` has one line for each thing that happens to a message; `warn` only troubles."),
    format: z
      .enum(["auto", "pretty", "json"])
      .default("auto")
      .describe("`pretty` is for people, `json` for programs; `auto`: pretty on a terminal, JSON lines elsewhere."),
    file: filePath.optional().meta({
      description: "File to write to. Without it, standard output.",
      examples: ["/var/log/waybill.log"],
    }),
  })
  .describe("The log.");

const history = z
  .strictObject({
    keep: age
      .default(30 * 24 * 3_600_000)
      .describe("How long `waybill trace` can tell what happened to a message, after the last thing that happened."),
  })
  .describe("The history of messages.");

export const schema = z.strictObject({
  hostname: hostName.optional().meta({
    description:
      "Our name in greetings, EHLO, trace headers and bounces. It should have an address record that leads here. Without it, the machine's name.",
    examples: ["mail.example.org"],
  }),
  data_dir: filePath
    .default("./waybill-data")
    .describe("Folder for the queue, the history, certificates and the control socket. Made if it does not exist."),
  postmaster: mailAddress.optional().meta({
    description:
      "Address that gets the mail for `postmaster` at our name, and at our domains that name nobody for it. Without it, `postmaster` at the first of our domains; without domains, a Maildir in `data_dir/postmaster`.",
    examples: ["ann@example.org"],
  }),
  threads: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .meta({
      description:
        "Threads that accept and deliver mail, each with a part of the connections. Without it, one for each processor but one, four at most. Of use on Linux; elsewhere, and with the `memory` driver, there is one.",
      examples: [4],
    }),
  listen: z
    .array(listener)
    .min(1)
    .default([{ address: { host: "127.0.0.1", port: 2525 }, tls: "starttls", for: "relay" }])
    .describe("Where to accept SMTP."),
  tls: tls.prefault({}),
  relay: relay.prefault({}),
  domain: z.array(domain).default([]).describe("Our domains."),
  route: z.array(route).default([]).describe("Where mail goes, if not by MX."),
  receive: receive.prefault({}),
  authentication: authentication.prefault({}),
  submission: submission.prefault({}),
  oauth: oauth.prefault({}),
  retry: retry.prefault({}),
  deliver: deliver.prefault({}),
  destination: z.array(destination).default([]).describe("Limits for single destinations."),
  dns: dns.prefault({}),
  storage: storage.prefault({}),
  dns_list: z.array(dnsList).default([]).describe("Lists of bad and good senders to ask."),
  dns_score: dnsScore.prefault({}),
  rates: rates.prefault({}),
  abuse: abuse.prefault({}),
  log: log.prefault({}),
  history: history.prefault({}),
  dkim: z.array(dkim).default([]).describe("Domains whose mail is signed."),
  forwarding: forwarding.prefault({}),
  returns: returns.prefault({}),
  suppression: suppression.prefault({}),
  reputation: reputation.prefault({}),
  greylist: greylist.prefault({}),
  hooks: hooks.prefault({}),
  explain: explain.prefault({}),
  mail_apps: mailApps.prefault({}),
  web: web.prefault({}),
  web_certificate: z.array(webCertificate).default([]).describe("Certificates of the web server."),
  mta_sts: mtaSts.prefault({}),
});

/** All settings, defaults filled in; durations in ms, sizes in bytes. */
export type Config = z.output<typeof schema>;
