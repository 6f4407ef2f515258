// `waybill suppression`: which addresses mail is not sent to for a time and why, and lifting that.
import type { Command } from "commander";
import type { Instant } from "../../base/world.ts";
import type { Suppression } from "../../judge/suppression/suppression-store.ts";
import { oneLine } from "../../mail/printable.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import { dueText, sinceText, timeText } from "../human-units.ts";
import { formatTable, type TableRow } from "../table.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption, parseCount } from "./options.ts";

export function addSuppression(program: Command, context: Context): void {
  const suppression = program
    .command("suppression")
    .summary("see which addresses are not tried, and lift that")
    .description(
      "Addresses that are gone, or whose owner complained, are not tried for a time. Without a command, they are listed.",
    );
  addList(suppression, context);
  addAdd(suppression, context);
  addLift(suppression, context);
}

const withCommon = (command: Command): Command =>
  command.addOption(configOption()).addOption(labOption()).addOption(jsonOption());

interface ListOptions extends CommonOptions {
  readonly all?: boolean;
  readonly limit: number;
}

function addList(suppression: Command, context: Context): void {
  const list = withCommon(suppression.command("list", { isDefault: true }))
    .summary("list addresses that are not tried")
    .description("List addresses that mail is not sent to, the latest first, and why.")
    .argument("[address]", "only this one")
    .option("-a, --all", "also those whose time has ended: they are remembered, and the next time is longer")
    .option("-n, --limit <rows>", "at most so many", parseCount, 50)
    .action(async (address: string | undefined, { all, limit, ...options }: ListOptions) => {
      const control = await controlOf(options);
      const found = await control.suppressions({ address, ended: all ? "true" : undefined, limit });
      if (options.json) return printJson(context, found);
      if (!context.stdout.isTTY) return printLines(context, found.map(tabbed));
      const none = address === undefined ? "Mail is sent to every address." : `Mail is sent to ${oneLine(address)}.`;
      printLines(context, found.length === 0 ? [none] : table(found, context, await control.now()));
    });
  example(list, "waybill suppression", "waybill suppression list ann@example.org");
}

function addAdd(suppression: Command, context: Context): void {
  const add = withCommon(suppression.command("add"))
    .summary("send no more mail to an address")
    .description("Send no more mail to an address, for a year.")
    .argument("<address>", "a recipient's address")
    .option("--because <words>", "the reason; senders are told")
    .action(async (address: string, { because, ...options }: CommonOptions & { because?: string }) => {
      const control = await controlOf(options);
      const { suppressions } = await control.suppress({ action: "add", address, ...(because && { because }) });
      if (options.json) return printJson(context, suppressions);
      const [first] = suppressions;
      printLines(context, [`Stopped: mail to ${oneLine(address)}, until ${first ? timeText(first.until) : "lifted"}.`]);
    });
  example(add, 'waybill suppression add ann@example.org --because "asked us by phone"');
}

function addLift(suppression: Command, context: Context): void {
  const lift = withCommon(suppression.command("lift"))
    .summary("send mail to an address again")
    .description("Send mail to an address again, and forget that it was stopped.")
    .argument("<address>", "a recipient's address")
    .option("--sender <address>", "only for this sender, of whom the recipient complained")
    .action(async (address: string, { sender, ...options }: CommonOptions & { sender?: string }) => {
      const control = await controlOf(options);
      const { suppressions } = await control.suppress({ action: "lift", address, ...(sender && { sender }) });
      if (options.json) return printJson(context, suppressions);
      printLines(
        context,
        suppressions.map((one) => `Lifted: mail to ${oneLine(one.address)}${senderText(one)}.`),
      );
    });
  example(lift, "waybill suppression lift ann@example.org");
}

const senderText = ({ sender }: Suppression): string => (sender === "" ? "" : ` from ${oneLine(sender)}`);

function table(found: readonly Suppression[], context: Context, now: Instant): string[] {
  const paint = paintFor(context);
  const rows = found.map((one): TableRow => {
    const end = one.until <= now ? "ended" : dueText(one.until, now);
    const cells = [
      oneLine(one.address),
      oneLine(one.sender) || "all",
      sinceText(one.since, now),
      end,
      String(one.times),
    ];
    return { cells, note: paint("dim", `${one.cause}: ${oneLine(one.because)}`) };
  });
  const [header = "", ...lines] = formatTable(["ADDRESS", "FROM", "FOR", "ENDS", "TIMES"], rows);
  return [paint("bold", header), ...lines];
}

/** For programs: address, sender, since, until, times, cause, reason; separated by tabs. */
function tabbed({ address, sender, since, until, times, cause, because }: Suppression): string {
  const instants = [since, until].map((at) => new Date(at).toISOString());
  return [oneLine(address), oneLine(sender), ...instants, times, cause, oneLine(because)].join("\t");
}
