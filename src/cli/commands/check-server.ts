// `waybill check server`: one SMTP, submission, IMAP or POP3 server, step by step.
import { type Command, InvalidArgumentError, Option } from "commander";
import { isIP } from "node:net";
import type { Security } from "../../autoconfig/settings.ts";
import { checkServer, serverChecks } from "../../check/server/check-server.ts";
import { serverLimits } from "../../check/server/inspect.ts";
import {
  protocolOfPort,
  securityOfPort,
  type ServerPlace,
  type ServerProtocol,
  serverProtocols,
  usualPlaces,
} from "../../check/server/place.ts";
import type { ServerQuestion } from "../../check/server/question.ts";
import { parseDomain } from "../../mail/address.ts";
import { type CheckOptions, runAndTell } from "../check-run.ts";
import { checkToolsFor } from "../check-tools.ts";
import type { Context } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { passwordOf } from "../password.ts";
import { configOption, example, jsonOption, resolverOption } from "./options.ts";

interface ServerOptions extends CheckOptions {
  readonly protocol?: ServerProtocol;
  readonly security?: Security;
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly tryNames?: string;
  readonly anyCertificate?: true;
}

export function addCheckServer(check: Command, context: Context): void {
  const command = check
    .command("server")
    .summary("one SMTP, IMAP or POP3 server, as a mail app would use it")
    .description(
      "Look at one mail server step by step: name, IPv4 and IPv6, connection, greeting, encryption and certificate, what it " +
        "offers, and the login if a user name is given; and name the usual confusions, with the setting to pick. The password " +
        "is asked for, kept nowhere, and sent only to a server whose certificate proves who it is. Exit code 0: all is well; " +
        "1: something is broken; 2: there are warnings; 75: something could not be looked at.",
    )
    .argument("<server>", "host, host:port or [address]:port, such as imap.example.org:993", readServer)
    .addOption(
      new Option("--protocol <name>", "what the server speaks, where the port does not tell").choices(serverProtocols),
    )
    .addOption(
      new Option(
        "--security <kind>",
        "TLS from the first byte (SSL/TLS), STARTTLS, or none, as the app is set",
      ).choices(["tls", "starttls", "none"]),
    )
    .option("--username <name>", "try to log in; the password is asked for")
    .option("--password-stdin", "read the password from standard input")
    .option("--try-names <name>", "another user name: tried once, if the first is refused as wrong")
    .option("--any-certificate", "send the password even if the certificate proves nothing")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((server: Named, options: ServerOptions) => run(server, options, context));
  example(
    command,
    "waybill check server imap.example.org:993",
    "waybill check server mail.example.org:587 --username ann@example.org --try-names ann",
    "waybill check server mail.example.org --protocol pop3 --security starttls",
  );
}

interface Named {
  readonly host: string;
  readonly port?: number;
}

function readServer(text: string): Named {
  const [, literal, name, portText] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = literal ?? (isIP(text) === 6 ? text : name);
  const known = host === undefined ? undefined : isIP(host) === 0 ? parseDomain(host.replace(/\.$/, "")) : host;
  const port = portText === undefined ? undefined : Number(portText);
  if (known === undefined || port === 0 || (port ?? 1) > 65_535)
    throw new InvalidArgumentError(
      "It must be a host with or without a port, such as imap.example.org:993: without https://, and no mail address " +
        "(for these: waybill check account).",
    );
  return port === undefined ? { host: known } : { host: known, port };
}

/** Protocol, port and security tell one another, as far as they are not given. */
function placeOf({ host, port }: Named, options: ServerOptions): ServerPlace {
  const protocol = options.protocol ?? (port === undefined ? undefined : protocolOfPort(port));
  if (protocol === undefined)
    throw new CommandError(
      exitCodes.usage,
      port === undefined
        ? `Name a port, such as ${host}:993, or a protocol. ${protocolWays}`
        : `Port ${port} does not tell the protocol: correct it, or name the protocol. ${protocolWays}`,
    );
  const usual =
    usualPlaces[protocol].find(({ security }) => security === options.security) ?? usualPlaces[protocol][0]!;
  const at = port ?? usual.port;
  return { protocol, host, port: at, security: options.security ?? securityOfPort(at) };
}

const protocolWays =
  "Usual ports are 993 for IMAP, 995 for POP3, 465 and 587 for sending from a mail app; otherwise add --protocol with imap, " +
  "pop3, submission (sending from a mail app) or smtp (mail between servers).";

async function run(server: Named, options: ServerOptions, context: Context): Promise<void> {
  const place = placeOf(server, options);
  const { username, tryNames, anyCertificate = false } = options;
  const config = await readConfig(options.config);
  const credentials =
    username === undefined ? undefined : { username, password: await passwordOf(username, context, options) };
  const question: ServerQuestion = {
    place,
    isSecurityOpen: options.security === undefined && protocolOfPort(place.port) === undefined,
    hello: config.hostname ?? context.machine,
    isUnprovenFine: anyCertificate,
    limits: serverLimits,
    ...(credentials !== undefined && { credentials }),
    ...(tryNames !== undefined && { otherUsername: tryNames }),
  };
  const tools = { ...checkToolsFor(config, options, context), question };
  const names = serverChecks.map(({ name }) => name);
  await runAndTell({ names, run: (tell) => checkServer(tools, { tell }) }, options, context);
}
