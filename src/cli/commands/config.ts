// `waybill config check`: is the configuration in order, and what would it do?
import type { Command } from "commander";
import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { roughDuration } from "../../mail/failure-text.ts";
import { AccountFileError, accountsPath, readAccounts } from "../../receive/accounts/account-file.ts";
import { signingDomains } from "../../signing/domains.ts";
import { type Context, printJson, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { sizeText } from "../human-units.ts";
import { type CommonOptions, configOption, example, jsonOption } from "./options.ts";

export function addConfig(program: Command, context: Context): void {
  const config = program.command("config").summary("check the configuration").description("About the configuration.");
  const check = config
    .command("check")
    .summary("say what is wrong in the configuration, or what it does")
    .description("Check a configuration file. All problems are listed with file, line and remedy; exit code 78.")
    .argument("[file]", "the file; without it, that of --config")
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (file: string | undefined, options: CommonOptions) => {
      const path = file ?? options.config;
      if (options.json) await checkForPrograms(path, context);
      else printLines(context, await summary(await readConfig(path), context.machine));
    });
  example(check, "waybill config check /etc/waybill/waybill.toml");
}

/** The settings as JSON, or a line of JSON for each problem. */
async function checkForPrograms(path: string | undefined, context: Context): Promise<void> {
  const loaded = await loadConfig(path);
  if (loaded.kind === "bad") {
    printJson(context, loaded.problems);
    throw new CommandError(exitCodes.badConfig);
  }
  printJson(context, [withoutPasswords(loaded.config)]);
}

/** What is printed ends in logs and bug reports. */
const withoutPasswords = (config: Config): Config => ({
  ...config,
  route: config.route.map((route) => (route.password === undefined ? route : { ...route, password: "(hidden)" })),
  storage: config.storage.url === undefined ? config.storage : { ...config.storage, url: "(hidden)" },
});

/** What the server would do, in a few lines. */
async function summary(config: Config, machine: string): Promise<string[]> {
  const listening = config.listen.map(
    (listener) => `${addressText(listener.address)} (${tlsText[listener.tls]}), ${forText[listener.for]}`,
  );
  const accounts = await accountsIn(config);
  const signing = (await signingDomains(config)).map(({ domain }) => domain);
  const domains = config.domain.map(({ name, deliver }) => `${name} → ${deliver}`);
  const routes = config.route.map(({ to, host, port }) => `${to ?? "all else"} → ${host}:${port}`);
  const { max_message_size: size, max_recipients: recipients } = config.receive;
  const rows: [string, readonly string[]][] = [
    ["Name", [config.hostname ?? machine]],
    ["Listens on", listening],
    ["Relays for", config.relay.networks.length > 0 ? config.relay.networks : ["accounts only"]],
    ["Accounts", [accountsText(config, accounts)]],
    ["Signs for", [signing.join(", ") || "no domain: waybill dkim keygen DOMAIN makes keys"]],
    ["Domains", domains.length > 0 ? domains : ["none: mail for others is relayed, none is kept here"]],
    ["Routes", routes.length > 0 ? routes : ["none: mail goes to the MX of its domain"]],
    ["Greylists", [greylistText[config.greylist.for]]],
    ["Hooks", [config.hooks.modules.join(", ") || "none"]],
    ["Takes", [`up to ${sizeText(size)} and ${recipients} recipients per message`]],
    ["Gives up after", [roughDuration(config.retry.give_up_after)]],
    ["Keeps its data in", [config.data_dir]],
  ];
  const lines = rows.flatMap(([title, values]) =>
    values.map((value, i) => `  ${(i === 0 ? title : "").padEnd(19)}${value}`),
  );
  return ["The configuration is in order.", ...lines, ...remarks(config, accounts)];
}

/** How many; or what is wrong with their file, as it may be another user's. */
const accountsIn = async (config: Config): Promise<number | AccountFileError> => {
  try {
    return (await readAccounts(accountsPath(config)))?.length ?? 0;
  } catch (error) {
    if (error instanceof AccountFileError) return error;
    throw error;
  }
};

function accountsText({ submission, oauth }: Config, accounts: number | AccountFileError): string {
  const others = [...(submission.dovecot === undefined ? [] : ["Dovecot"]), ...(hasOauth(oauth) ? ["OAuth"] : [])];
  const known = accounts instanceof AccountFileError ? accounts.message : String(accounts);
  return others.length === 0 ? known : `${known}, and those of ${others.join(" and ")}`;
}

const hasOauth = ({ jwks_url, introspection_url }: Config["oauth"]): boolean =>
  jwks_url !== undefined || introspection_url !== undefined;

/** What is allowed, and hardly meant. */
function remarks({ listen, submission, oauth }: Config, accounts: number | AccountFileError): string[] {
  const isOpen = listen.some((listener) => listener.for === "submission");
  if (!isOpen || accounts !== 0 || submission.dovecot !== undefined || hasOauth(oauth)) return [];
  return ['Remark: nobody can log in where mail is taken for = "submission": waybill account add NAME'];
}

const forText = { relay: "for mail servers", submission: "for mail apps, which log in" } as const;

const greylistText = {
  off: "nobody",
  suspicious: "strangers who look bad (suspicious)",
  unknown: "all strangers (unknown)",
} as const;

const tlsText = { none: "no TLS", starttls: "STARTTLS", implicit: "TLS from the first byte" } as const;

const addressText = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
