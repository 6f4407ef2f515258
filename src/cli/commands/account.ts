// `waybill account`: who may log in to send mail. Works on the accounts file, with or without a running server.
import { type Command, InvalidArgumentError, Option } from "commander";
import { nearest } from "../../config/nearest.ts";
import type { Config } from "../../config/schema.ts";
import { oneLine } from "../../mail/printable.ts";
import {
  type Account,
  accountKey,
  parseAccountName,
  parseSender,
  wrongSender,
} from "../../receive/accounts/account.ts";
import { AccountFileError, accountsPath, changeAccounts, readAccounts } from "../../receive/accounts/account-file.ts";
import { makeSecret } from "../../receive/accounts/secret.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted } from "../human-units.ts";
import { newPasswordFrom, type PasswordOptions } from "../password.ts";
import { formatTable } from "../table.ts";
import { collect, type CommonOptions, configOption, example, jsonOption } from "./options.ts";

interface AddOptions extends CommonOptions, PasswordOptions {
  readonly maySendAs?: readonly string[];
  readonly messagesPerDay?: number;
  readonly recipientsPerDay?: number;
  readonly recipientsPerHour?: number;
  /** False: --no-password. */
  readonly password: boolean;
}

export function addAccount(program: Command, context: Context): void {
  const account = program
    .command("account")
    .summary("say who may log in to send mail")
    .description(
      "Accounts of people and programs that log in to send mail. A running server knows of changes at once.",
    );
  const add = withPassword(account.command("add"))
    .summary("add an account")
    .description(
      "Add an account. It is asked for its password; a script gives it on standard input, in a file, or has it made.",
    )
    .argument("<name>", "the address that it sends as, or a plain name")
    .option("--may-send-as <sender>", 'another sender: an address, "*@example.org", or "*" (repeatable)', collect)
    .option("--messages-per-day <count>", "instead of the setting of [submission]; 0: it may not send", parseLimit)
    .option("--recipients-per-day <count>", "instead of the setting of [submission]; 0: it may not send", parseLimit)
    .option("--recipients-per-hour <count>", "instead of the setting of [submission]; 0: it may not send", parseLimit)
    .option("--no-password", "Dovecot checks its password, or it logs in with OAuth tokens")
    .action((name: string, options: AddOptions) => inWords(() => addOne(context, name, options)));
  example(add, "waybill account add ann@example.org", 'waybill account add shop --may-send-as "*@shop.example.org"');
  const passwd = withPassword(account.command("passwd"))
    .summary("change the password of an account")
    .description("Change the password of an account.")
    .argument("<name>", "the account")
    .action((name: string, options: CommonOptions & PasswordOptions) =>
      inWords(() => changePassword(context, name, options)),
    );
  example(passwd, "waybill account passwd ann@example.org --generate");
  const list = account
    .command("list")
    .summary("list the accounts")
    .description("List the accounts, and what they may send.")
    .addOption(configOption())
    .addOption(jsonOption())
    .action((options: CommonOptions) => inWords(() => listAll(context, options)));
  example(list, "waybill account list");
  const remove = account
    .command("remove")
    .summary("remove accounts")
    .description("Remove accounts. Who is logged in as one of them can send no more.")
    .argument("<names...>", "the accounts")
    .addOption(configOption())
    .action((names: string[], options: CommonOptions) => inWords(() => removeAll(context, names, options)));
  example(remove, "waybill account remove ann@example.org");
}

function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number; 0: it may not send.");
}

const withPassword = (command: Command): Command =>
  command
    .addOption(configOption())
    .addOption(new Option("--password-file <file>", "its first line is the password").conflicts("generate"))
    .option("--generate", "make a good password, and print it");

/** What is wrong with the file is for the person to mend, too. */
async function inWords(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof AccountFileError)) throw error;
    throw new CommandError(exitCodes.badConfig, `waybill: ${error.message}`);
  }
}

async function addOne(context: Context, written: string, options: AddOptions): Promise<void> {
  const config = await readConfig(options.config);
  const name = parseAccountName(written);
  if (name === undefined)
    throw new CommandError(
      exitCodes.usage,
      `${JSON.stringify(written)} can be no account: write an address such as ann@example.org, or a name without spaces.`,
    );
  const maySendAs = (options.maySendAs ?? []).map(toSender);
  if (!name.includes("@") && maySendAs.length === 0 && config.submission.default_domain === undefined)
    throw new CommandError(
      exitCodes.usage,
      `${name} is no address, and could send as nobody. Say what it may send as: --may-send-as ${name}@example.org`,
    );
  const path = accountsPath(config);
  const mustBeNew = (accounts: readonly Account[]): void => {
    if (accounts.some((other) => accountKey(other.name) === accountKey(name)))
      throw new CommandError(
        exitCodes.usage,
        `There is an account ${name} already. Its password is changed with: waybill account passwd ${name}; all else in ${path}.`,
      );
  };
  mustBeNew((await readAccounts(path)) ?? []); // before a person types a password for nothing
  const made = options.password ? await makePassword(context, config, options) : undefined;
  const { messagesPerDay, recipientsPerDay, recipientsPerHour } = options;
  const account: Account = {
    name,
    ...(made && { secret: made.secret }),
    maySendAs,
    limits: {
      ...(messagesPerDay !== undefined && { messagesPerDay }),
      ...(recipientsPerDay !== undefined && { recipientsPerDay }),
      ...(recipientsPerHour !== undefined && { recipientsPerHour }),
    },
  };
  await changeAccounts(path, context.world, (accounts) => {
    mustBeNew(accounts);
    return [...accounts, account];
  });
  tell(context, made, `Added ${name}. In the mail app, this is the user name.`);
}

function toSender(text: string): string {
  const sender = parseSender(text);
  if (sender === undefined) throw new CommandError(exitCodes.usage, `${wrongSender(text)}.`);
  return sender;
}

interface MadePassword {
  readonly secret: NonNullable<Account["secret"]>;
  /** To be printed: nobody has seen it yet. */
  readonly generated?: string;
}

async function makePassword(context: Context, config: Config, options: PasswordOptions): Promise<MadePassword> {
  if (config.submission.dovecot !== undefined)
    throw new CommandError(
      exitCodes.usage,
      "Dovecot checks all passwords here ([submission] dovecot): set the password there. With `add`, --no-password says what the account may send.",
    );
  const password = await newPasswordFrom(context, options);
  const secret = await makeSecret(password);
  if (secret === undefined)
    throw new CommandError(
      exitCodes.usage,
      "The password has characters that no password may have, such as control characters. Take another, or --generate.",
    );
  return { secret, ...(options.generate && { generated: password }) };
}

/** A password that was made stands alone on standard output, for scripts. */
function tell(context: Context, made: MadePassword | undefined, words: string): void {
  if (made?.generated === undefined) return printLines(context, [words]);
  context.stderr.write(`${words} Its password, which is kept nowhere else:\n`);
  printLines(context, [made.generated]);
}

async function changePassword(
  context: Context,
  written: string,
  options: CommonOptions & PasswordOptions,
): Promise<void> {
  const config = await readConfig(options.config);
  const path = accountsPath(config);
  const { name } = find((await readAccounts(path)) ?? [], written, path);
  const made = await makePassword(context, config, options);
  await changeAccounts(path, context.world, (accounts) => {
    const old = find(accounts, name, path);
    return accounts.map((account) => (account === old ? { ...old, secret: made.secret } : account));
  });
  tell(context, made, `The password of ${name} is changed.`);
}

async function removeAll(context: Context, names: readonly string[], options: CommonOptions): Promise<void> {
  const path = accountsPath(await readConfig(options.config));
  let gone: Account[] = [];
  await changeAccounts(path, context.world, (accounts) => {
    gone = names.map((name) => find(accounts, name, path));
    return accounts.filter((account) => !gone.includes(account));
  });
  printLines(
    context,
    gone.map(({ name }) => `Removed ${name}.`),
  );
}

function find(accounts: readonly Account[], written: string, path: string): Account {
  const key = accountKey(written);
  const found = accounts.find(({ name }) => accountKey(name) === key);
  if (found !== undefined) return found;
  const close = nearest(
    key,
    accounts.map(({ name }) => accountKey(name)),
  );
  const hint =
    accounts.length === 0
      ? "there are none yet; add one with: waybill account add"
      : close === undefined
        ? "waybill account list shows them all"
        : `did you mean ${close}?`;
  throw new CommandError(exitCodes.notFound, `There is no account ${oneLine(written)} in ${path}: ${hint}`);
}

async function listAll(context: Context, options: CommonOptions): Promise<void> {
  const path = accountsPath(await readConfig(options.config));
  const accounts = (await readAccounts(path)) ?? [];
  if (options.json)
    return printJson(
      context,
      accounts.map(({ name, secret, maySendAs, limits }) => ({
        name,
        password: secret !== undefined,
        maySendAs,
        limits,
      })),
    );
  if (accounts.length === 0) {
    context.stderr.write(`There are no accounts yet: waybill account add NAME\n`);
    return;
  }
  if (!context.stdout.isTTY)
    return printLines(
      context,
      accounts.map((account) => cellsOf(account).join("\t")),
    );
  const [header = "", ...lines] = formatTable(
    ["ACCOUNT", "PASSWORD", "LIMITS", "MAY ALSO SEND AS"],
    accounts.map((account) => ({ cells: cellsOf(account) })),
  );
  const summary = `${counted(accounts.length, "account", "accounts")} in ${path}.`;
  printLines(context, [paintFor(context)("bold", header), ...lines, summary]);
}

/** Name, "yes" or "elsewhere", limits of its own, senders. */
const cellsOf = ({ name, secret, maySendAs, limits }: Account): string[] => {
  const texts = Object.entries({
    "messages/d": limits.messagesPerDay,
    "recipients/d": limits.recipientsPerDay,
    "recipients/h": limits.recipientsPerHour,
  }).flatMap(([unit, most]) => (most === undefined ? [] : [`${most} ${unit}`]));
  return [name, secret === undefined ? "elsewhere" : "yes", texts.join(", ") || "-", maySendAs.join(" ") || "-"];
};
