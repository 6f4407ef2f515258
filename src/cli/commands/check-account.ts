// `waybill check account`: for a person whose mail app cannot connect, receive or send.
import { type Command, InvalidArgumentError } from "commander";
import type { AppProtocol, ServerSettings } from "../../autoconfig/settings.ts";
import { accountChecks, type AccountReport, checkAccount } from "../../check/account/check-account.ts";
import { accountLimits, type AccountQuestion } from "../../check/account/question.ts";
import { readTyped } from "../../check/account/typed.ts";
import { formRows, formTitle, sentenceText, verdictText } from "../../check/account/verdict-words.ts";
import { appDomains, ownSettings } from "../../config/mail-app-settings.ts";
import type { Config } from "../../config/schema.ts";
import { type Address, domainOf, localPartOf, parseAddress } from "../../mail/address.ts";
import { checkDrawingFor } from "../check-drawing.ts";
import { type CheckOptions, endWith, runAndShow } from "../check-run.ts";
import { checkToolsFor } from "../check-tools.ts";
import { type Context, paintFor, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { passwordOf } from "../password.ts";
import { wrap } from "../step-drawing.ts";
import { formatTable } from "../table.ts";
import { configOption, example, jsonOption, resolverOption } from "./options.ts";

interface AccountOptions extends CheckOptions {
  readonly imap?: ServerSettings;
  readonly pop3?: ServerSettings;
  readonly smtp?: ServerSettings;
  readonly username?: string;
  readonly login: boolean;
  readonly passwordStdin?: true;
  readonly send: boolean;
  readonly anyCertificate?: true;
  readonly directory: string | false;
}

/** Kept by the makers of Thunderbird, for all apps. */
const publicDirectory = "https://autoconfig.thunderbird.net/v1.1";

export function addCheckAccount(check: Command, context: Context): void {
  const command = check
    .command("account")
    .summary("a mail app that cannot connect, receive or send")
    .description(
      "Find the settings of a mail account as apps do (autoconfig, Autodiscover, SRV records, the public directory, usual " +
        "names), compare them with what you typed into your app, log in, receive, and send a message to yourself that is " +
        "looked for and removed again; and say in a few words what works, what does not, and what to set. The password is " +
        "asked for, kept nowhere, and sent only to mail servers whose certificates prove who they are. Exit code 0: all is " +
        "well; 1: something is broken; 2: there are warnings; 75: something could not be looked at.",
    )
    .argument("<address>", "your e-mail address", readAddress)
    .option(
      "--imap <server>",
      "what stands in your app: host:port/security, such as imap.example.org:993/tls",
      typed("imap"),
    )
    .option("--pop3 <server>", "the same for POP3; security is tls (SSL/TLS), starttls or none", typed("pop3"))
    .option("--smtp <server>", "the same for the outgoing server", typed("smtp"))
    .option("--username <name>", "the user name that stands in your app")
    .option("--no-login", "do not ask for the password, and do not log in")
    .option("--password-stdin", "read the password from standard input")
    .option("--no-send", "do not send a message to yourself")
    .option("--any-certificate", "send the password even if the certificate proves nothing")
    .option("--directory <url>", "the public directory to ask", publicDirectory)
    .option("--no-directory", "do not ask the public directory, which learns the domain")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((address: Address, options: AccountOptions) => run(address, options, context));
  example(
    command,
    "waybill check account ann@example.org",
    "waybill check account ann@example.org --imap imap.example.org:993/tls --smtp smtp.example.org:465/none",
  );
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined || domainOf(address).startsWith("["))
    throw new InvalidArgumentError("It must be an e-mail address, such as ann@example.org.");
  return address;
}

const typed =
  (protocol: AppProtocol) =>
  (text: string): ServerSettings => {
    const server = readTyped(protocol, text);
    if (server !== undefined) return server;
    throw new InvalidArgumentError(
      "It must be a host, with or without port and security: imap.example.org, imap.example.org:143/starttls.",
    );
  };

async function run(address: Address, options: AccountOptions, context: Context): Promise<void> {
  const config = await readConfig(options.config);
  const question = await questionFor(address, options, { config, context });
  const tools = { ...checkToolsFor(config, options, context), question };
  const names = accountChecks.map(({ name }) => name);
  let report: AccountReport | undefined;
  const { worst } = await runAndShow(
    {
      names,
      run: async (tell) => {
        report = await checkAccount(tools, { tell });
        const verdict = report.verdict.map((sentence) => ({ ...sentence, words: sentenceText(sentence) }));
        return { ...report, verdict };
      },
    },
    options,
    context,
  );
  if (!options.json && report !== undefined) printVerdict(report, context);
  endWith(worst);
}

async function questionFor(
  address: Address,
  options: AccountOptions,
  { config, context }: { readonly config: Config; readonly context: Context },
): Promise<AccountQuestion> {
  const { imap, pop3, smtp, username, login, send, anyCertificate = false, directory } = options;
  const localPart = localPartOf(address);
  const domain = domainOf(address);
  const hello = config.hostname ?? context.machine;
  const own = appDomains(config).includes(domain) ? ownSettings(config, hello, { localPart, domain }) : undefined;
  if (login && send && !options.json)
    context.stderr.write(
      `A message from ${address} to itself will be sent and removed again (--no-send leaves it out).\n`,
    );
  const password = login ? await passwordOf(username ?? address, context, options) : undefined;
  return {
    address,
    localPart,
    domain,
    hello,
    limits: accountLimits,
    typed: [imap, pop3, smtp].filter((server) => server !== undefined),
    sendsMessage: send,
    isUnprovenFine: anyCertificate,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(directory !== false && { directory }),
    ...(own !== undefined && { own }),
  };
}

/** Last, where the eye rests: the form to fill in, and the verdict. */
function printVerdict({ about, settings, verdict }: AccountReport, context: Context): void {
  const paint = paintFor(context);
  if (settings.length > 0) {
    const [header = [], ...rows] = formRows(settings);
    const form = formatTable(
      header,
      rows.map((cells) => ({ cells })),
    );
    printLines(context, ["", paint("bold", formTitle(about)), ...form.map((line) => `  ${line}`)]);
  }
  const { width } = checkDrawingFor(context, "en");
  printLines(context, [
    "",
    ...verdictText(verdict).flatMap((text) => wrap(text, width).map((line) => paint("bold", line))),
  ]);
}
