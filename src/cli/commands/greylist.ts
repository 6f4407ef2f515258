// `waybill greylist`: whose mail was asked to come again, and letting it in.
import type { Command } from "commander";
import type { Instant } from "../../base/world.ts";
import type { DeferralStatus } from "../../judge/greylist/desk.ts";
import { oneLine } from "../../mail/printable.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import { counted, dueText, sinceText } from "../human-units.ts";
import { formatTable, type TableRow } from "../table.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption, parseCount } from "./options.ts";

interface ListOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly client?: string;
  readonly limit: number;
}

export function addGreylist(program: Command, context: Context): void {
  const greylist = program
    .command("greylist")
    .summary("see whose mail was asked to come again, and let it in")
    .description(
      "Greylisting: strangers are asked to come again in a few minutes. Without a command, those who were asked are listed.",
    );
  addList(greylist, context);
  addAllow(greylist, context);
}

const withCommon = (command: Command): Command =>
  command.addOption(configOption()).addOption(labOption()).addOption(jsonOption());

function addList(greylist: Command, context: Context): void {
  const list = withCommon(greylist.command("list", { isDefault: true }))
    .summary("list mail that was asked to come again")
    .description("List mail that was asked to come again, the latest first, and why.")
    .option("--from <address>", "only from this sender; '<>' for notices")
    .option("--to <address>", "only to this recipient")
    .option("--client <address>", "only of this client: an IP address, or a network such as 192.0.2.0/24")
    .option("-n, --limit <rows>", "at most so many", parseCount, 50)
    .action(async ({ from, to, client, limit, ...options }: ListOptions) => {
      const control = await controlOf(options);
      const found = await control.deferrals({ from, to, client, limit });
      if (options.json) return printJson(context, found);
      if (!context.stdout.isTTY) return printLines(context, found.map(tabbed));
      const none = "No such mail was asked to come again.";
      printLines(context, found.length === 0 ? [none] : table(found, context, await control.now()));
    });
  example(list, "waybill greylist", "waybill greylist list --to ann@example.org");
}

function addAllow(greylist: Command, context: Context): void {
  const allow = withCommon(greylist.command("allow"))
    .summary("let mail in the next time it comes")
    .description(
      "Let mail in that was asked to come again, whenever it comes. Its server comes by itself, when it is next due there.",
    )
    .argument("<what>", "an id of the list, a sender's address or domain, or a client's IP address or network")
    .action(async (what: string, options: CommonOptions) => {
      const { allowed } = await (await controlOf(options)).allow(what);
      if (options.json) return printJson(context, allowed);
      const lines = allowed.map((one) => `  ${pathOf(one)} to ${oneLine(one.to)}, from ${one.client}`);
      printLines(context, [`Let in: ${counted(allowed.length, "message", "messages")}.`, ...lines]);
    });
  example(allow, "waybill greylist allow 4f0c1d22ab97", "waybill greylist allow ann@example.org");
}

const pathOf = ({ from }: DeferralStatus): string => (from === "" ? "<>" : oneLine(from));

function stateText({ state, welcomeAt }: DeferralStatus, now: Instant): string {
  switch (state) {
    case "waits":
      return `welcome ${dueText(welcomeAt, now)}`;
    case "welcome":
      return "welcome now";
    case "returned":
      return "its host came again";
    case "let-in":
      return "let in";
  }
}

function table(found: readonly DeferralStatus[], context: Context, now: Instant): string[] {
  const paint = paintFor(context);
  const rows = found.map((one): TableRow => {
    const cells = [one.id, `${sinceText(one.lastAt, now)} ago`, one.client, pathOf(one), oneLine(one.to)];
    const tries = counted(one.attempts, "attempt", "attempts");
    return { cells, note: paint("dim", oneLine(`${stateText(one, now)}; ${tries}; ${one.because}`)) };
  });
  const [header = "", ...lines] = formatTable(["ID", "LAST", "CLIENT", "SENDER", "RECIPIENT"], rows);
  return [paint("bold", header), ...lines];
}

/** For programs: id, state, client, sender, recipient, attempts, first, last and welcome, reason; separated by tabs. */
function tabbed(one: DeferralStatus): string {
  const instants = [one.firstAt, one.lastAt, one.welcomeAt].map((at) => new Date(at).toISOString());
  const cells = [one.id, one.state, one.client, pathOf(one), oneLine(one.to), one.attempts, ...instants];
  return [...cells, oneLine(one.because)].join("\t");
}
