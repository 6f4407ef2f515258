// Every setting of waybill.toml: type, default, unit and meaning. The manual, the JSON Schema and the example file are
// generated from this one schema.
import { z } from "zod";
import { duration, hostName, listenAddress, network, size } from "./units.ts";

const tls = z
  .strictObject({
    certificate: z
      .string()
      .optional()
      .describe(
        "PEM file with the certificate chain. Without it, Waybill makes a self-signed certificate in `data_dir` at first use.",
      ),
    key: z.string().optional().describe("PEM file with the private key of `certificate`."),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: "certificate and key belong together: set both or neither",
  });

const listener = z.strictObject({
  address: listenAddress.describe(
    "Address and port to listen on: `127.0.0.1:25`, `[::1]:25`, or `*:25` for all addresses.",
  ),
  tls: z
    .enum(["none", "starttls", "implicit"])
    .default("starttls")
    .describe(
      "`starttls` offers STARTTLS, `implicit` speaks TLS from the first byte (port 465), `none` offers no encryption.",
    ),
});

const domain = z
  .strictObject({
    name: hostName.describe("A domain whose mail is ours: mail for it is accepted from anyone."),
    deliver: z
      .string()
      .regex(/^(?:maildir:.+|lmtp:.+|relay)$/, {
        message: "must be `maildir:PATH`, `lmtp:HOST:PORT`, `lmtp:/PATH/OF/SOCKET` or `relay`",
      })
      .describe(
        "How mail for it is handed over: `maildir:PATH` (`{user}` and `{domain}` in the path are replaced), `lmtp:HOST:PORT` or `lmtp:/PATH/OF/SOCKET`, or `relay`: by the routes or MX, as a backup MX does.",
      ),
    mailboxes: z
      .array(z.string())
      .optional()
      .describe("Local parts that exist. Without it, all do; with it, others are refused with 550 5.1.1."),
    aliases: z
      .record(z.string(), z.array(z.string()))
      .default({})
      .describe("Local part → addresses that get its mail instead. A name without `@` is in the same domain."),
    catch_all: z.string().optional().describe("Address that gets mail for local parts that do not exist."),
    subaddress_separator: z
      .string()
      .max(1)
      .default("+")
      .describe("`ann+news@…` is delivered to `ann@…`; empty turns it off."),
  })
  .describe("A domain whose mail is ours.");

const route = z
  .strictObject({
    to: z
      .string()
      .optional()
      .describe("Recipient domain this route is for; `*.example.org` for all below it; without it, all."),
    from: z.string().optional().describe("Sender address or domain this route is for; without it, all."),
    host: z.string().describe("Next hop (smarthost): a name or an address. Its address record is used, not its MX."),
    port: z.int().min(1).max(65_535).default(25).describe("Port of the next hop."),
    tls: z
      .enum(["never", "opportunistic", "require", "verify"])
      .default("opportunistic")
      .describe(
        "`never`: clear text; `opportunistic`: if offered; `require`: or not at all; `verify`: and the certificate must fit the name.",
      ),
    implicit_tls: z.boolean().default(false).describe("TLS from the first byte (port 465) instead of STARTTLS."),
    username: z.string().optional().describe("Account at the next hop."),
    password: z.string().optional().describe("Its password. Better: `password_file`."),
    password_file: z.string().optional().describe("File whose first line is the password."),
  })
  .describe("A rule for where mail goes instead of the recipient's MX. The first that fits is taken.");

export const schema = z.strictObject({
  hostname: hostName
    .optional()
    .describe("Our name in greetings, EHLO, trace headers and bounces. Without it, the machine's name."),
  data_dir: z
    .string()
    .default("./waybill-data")
    .describe("Folder for the queue, the history, certificates and the control socket."),
  postmaster: z
    .string()
    .optional()
    .describe(
      "Address that gets mail for `postmaster` at our name. Without it, `postmaster` at the first of our domains.",
    ),
  listen: z
    .array(listener)
    .min(1)
    .default([{ address: { host: "127.0.0.1", port: 2525 }, tls: "starttls" }])
    .describe("Where to accept SMTP."),
  tls: tls.prefault({}).describe("Our certificate."),
  relay: z
    .strictObject({
      networks: z
        .array(network)
        .default(["127.0.0.0/8", "::1/128"])
        .describe("Clients that may send to any recipient."),
      xclient_networks: z
        .array(network)
        .default([])
        .describe("Clients that may state another client's address with XCLIENT."),
      proxy_networks: z
        .array(network)
        .default([])
        .describe("Proxies that must begin each connection with a PROXY header, version 1 or 2."),
    })
    .prefault({})
    .describe("Who may relay."),
  domain: z.array(domain).default([]).describe("Our domains."),
  route: z.array(route).default([]).describe("Where mail goes, if not by MX."),
  receive: z
    .strictObject({
      max_message_size: size.default(50 * 1024 ** 2).describe("Largest message, announced by SIZE."),
      max_recipients: z
        .int()
        .min(100)
        .max(50_000)
        .default(1_000)
        .describe("Recipients per message. RFC 5321 §4.5.3.1.8 asks for 100 at least."),
      max_hops: z
        .int()
        .min(30)
        .max(100)
        .default(50)
        .describe("Received fields before a message counts as looping. RFC 5321 §6.3 asks for a large number."),
      max_connections: z.int().min(1).default(2_000).describe("Sessions at once."),
      max_connections_per_address: z.int().min(1).default(100).describe("Sessions at once from one address."),
      command_timeout: duration.default(5 * 60_000).describe("Longest wait for the next command. RFC 5321 §4.5.3.2.7."),
      data_timeout: duration
        .default(3 * 60_000)
        .describe("Longest pause while a message arrives. RFC 5321 §4.5.3.2.5."),
      message_timeout: duration.default(60 * 60_000).describe("Longest time for one message to arrive."),
      session_timeout: duration.default(4 * 60 * 60_000).describe("Longest session."),
      greeting_delay: duration.default(0).describe("Pause before the greeting; who talks into it is dropped."),
      max_errors: z.int().min(3).default(20).describe("Refused or unknown commands before a session is ended."),
    })
    .prefault({})
    .describe("Limits for clients."),
  retry: z
    .strictObject({
      schedule: z
        .array(duration)
        .min(1)
        .default([60_000, 5 * 60_000, 10 * 60_000, 20 * 60_000, 40 * 60_000, 3_600_000, 2 * 3_600_000, 4 * 3_600_000])
        .describe(
          "Waits between attempts; the last one repeats. Each varies by a tenth, so that a restart's herd spreads.",
        ),
      give_up_after: duration
        .default(5 * 24 * 3_600_000)
        .describe("A message older than this is bounced. RFC 5321 §4.5.4.1 asks for 4–5 days at least."),
      delay_notice_after: duration
        .default(4 * 3_600_000)
        .describe("The sender is told, once, that a message is still waiting; 0 turns it off."),
    })
    .prefault({})
    .describe("Trying again."),
  deliver: z
    .strictObject({
      port: z
        .int()
        .min(1)
        .max(65_535)
        .default(25)
        .describe("Port of MX hosts. Another than 25 makes sense in tests only."),
      max_connections: z.int().min(1).default(500).describe("Outgoing connections at once."),
      max_connections_per_site: z
        .int()
        .min(1)
        .default(20)
        .describe("Outgoing connections at once to one destination site (a set of MX hosts)."),
      max_messages_per_connection: z
        .int()
        .min(1)
        .default(100)
        .describe("A connection is closed after so many messages."),
      idle_timeout: duration.default(10_000).describe("An unused connection is kept so long for the next message."),
      connect_timeout: duration.default(30_000).describe("Longest wait for a connection to one address."),
      tls: z
        .enum(["never", "opportunistic"])
        .default("opportunistic")
        .describe("Encryption towards MX hosts. `opportunistic` goes on in clear text where TLS fails."),
      ip: z.enum(["both", "ipv4", "ipv6"]).default("both").describe("Address families to use."),
      source_address: z.string().optional().describe("Local address of outgoing connections."),
      returned_size: size
        .default(100 * 1024)
        .describe(
          "Messages up to this size are returned whole in a bounce, if the sender asked for it; of larger ones, the headers.",
        ),
    })
    .prefault({})
    .describe("Handing mail over."),
  dns: z
    .strictObject({
      servers: z
        .array(z.string())
        .default([])
        .describe("`ADDRESS` or `ADDRESS:PORT` of resolvers. Without it, the system's."),
      timeout: duration.default(5_000).describe("Longest wait for one answer."),
    })
    .prefault({})
    .describe("Name resolution."),
  storage: z
    .strictObject({
      driver: z
        .enum(["sqlite", "memory"])
        .default("sqlite")
        .describe("`sqlite` keeps mail on disk. `memory` loses it at exit: for tests."),
    })
    .prefault({})
    .describe("Where mail is kept."),
  log: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("`info`: one line for each thing that happens to a message."),
      format: z
        .enum(["auto", "pretty", "json"])
        .default("auto")
        .describe("`auto`: pretty on a terminal, JSON lines elsewhere."),
      file: z.string().optional().describe("File to write to. Without it, standard output."),
    })
    .prefault({})
    .describe("The log."),
  history: z
    .strictObject({
      keep: duration.default(30 * 24 * 3_600_000).describe("How long `trace` remembers what happened to a message."),
    })
    .prefault({})
    .describe("The history."),
});

/** All settings, defaults filled in; durations in ms, sizes in bytes. */
export type Config = z.output<typeof schema>;
