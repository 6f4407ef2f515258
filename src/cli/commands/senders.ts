// `waybill senders`: how well each sender is thought of, and why; and the operator's word on it.
import { type Command, Option } from "commander";
import type { Instant } from "../../base/world.ts";
import type { SenderStatus } from "../../judge/reputation/desk.ts";
import { oneLine } from "../../mail/printable.ts";
import type { Identity } from "../../mail/verdict.ts";
import { type Context, paintFor, printJson, printLines, type Style } from "../context.ts";
import type { SenderOrder } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted, sinceText } from "../human-units.ts";
import { formatTable, type TableRow } from "../table.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption, parseCount } from "./options.ts";

interface ListOptions extends CommonOptions {
  readonly class?: string;
  readonly limit: number;
}

export function addSenders(program: Command, context: Context): void {
  const senders = program
    .command("senders")
    .summary("see how well senders are thought of, and say what you think")
    .description(
      "Senders, by who they really are: a domain that proved itself (by DMARC, DKIM or SPF), or else the network that mail\n" +
        "comes from. Scores go from -100 (bad) to 100 (good), and fade. Without a command, the worst are listed.",
    );
  addList(senders, context);
  addShow(senders, context);
  addPin(senders, context);
  addForget(senders, context);
}

const withCommon = (command: Command): Command =>
  command.addOption(configOption()).addOption(labOption()).addOption(jsonOption());

const nameHelp =
  "a domain, a network such as 192.0.2.0/24, an IP address (it stands for its whole network: IPv4 /24, IPv6 /64), dmarc:DOMAIN, dkim:DOMAIN, spf:DOMAIN, or account:NAME";

function addList(senders: Command, context: Context): void {
  const list = withCommon(senders.command("list", { isDefault: true }))
    .summary("list senders, the worst first")
    .description("List what is remembered of senders, the worst first, and why.")
    .addOption(new Option("--class <class>", "only these").choices(["good", "unknown", "poor", "bad"]))
    .option("-n, --limit <rows>", "at most so many", parseCount, 50)
    .action(async (options: ListOptions) => {
      const control = await controlOf(options);
      const found = await control.senders({ class: options.class, limit: options.limit });
      if (options.json) return printJson(context, found);
      if (!context.stdout.isTTY) return printLines(context, found.map(tabbed));
      const none = "Nothing is remembered of any such sender.";
      printLines(context, found.length === 0 ? [none] : table(found, context, await control.now()));
    });
  example(list, "waybill senders", "waybill senders list --class bad");
}

function addShow(senders: Command, context: Context): void {
  const show = withCommon(senders.command("show"))
    .summary("show one sender: its score, and why")
    .description("Show what is remembered of one sender.")
    .argument("<sender>", nameHelp)
    .action(async (name: string, options: CommonOptions) => {
      const control = await controlOf(options);
      const found = await control.senders({ name });
      if (found.length === 0) throw new CommandError(exitCodes.notFound, `Nothing is known of "${name}".`);
      if (options.json) return printJson(context, found);
      const now = await control.now();
      printLines(
        context,
        found.flatMap((status) => told(status, now)),
      );
    });
  example(show, "waybill senders show example.org", "waybill senders show 192.0.2.7");
}

function addPin(senders: Command, context: Context): void {
  const pin = withCommon(senders.command("pin"))
    .summary("pin a sender as good or bad, whatever it does")
    .description(
      "Pin a sender: mail of a good one is neither refused, marked nor greylisted for its reputation, that of a bad one is\n" +
        "refused. A domain is pinned for what it proves, by DMARC, DKIM or SPF. An IP address pins its whole network (IPv4: /24,\n" +
        "IPv6: /64). All threads know it within ten seconds.",
    )
    .argument("<sender>", nameHelp)
    .argument("<opinion>", "good, bad, or none to take the pin away")
    .option("--because <words>", "the reason; the sender is told, too")
    .action(async (name: string, as: string, options: CommonOptions & { because?: string }) => {
      if (as !== "good" && as !== "bad" && as !== "none")
        throw new CommandError(exitCodes.usage, `A sender is pinned as "good" or "bad", or as "none"; not as "${as}".`);
      const { because } = options;
      const order: SenderOrder = { name, action: "pin", ...(as !== "none" && { as }), ...(because && { because }) };
      await act(order, as === "none" ? "No longer pinned" : `Pinned as ${as}`, options);
    });
  const act = acting(context);
  example(
    pin,
    'waybill senders pin example.org good --because "our bank"',
    "waybill senders pin 192.0.2.0/24 bad",
    "waybill senders pin example.org none",
  );
}

function addForget(senders: Command, context: Context): void {
  const act = acting(context);
  const forget = withCommon(senders.command("forget"))
    .summary("forget what is known of a sender")
    .description("Forget all that is known of a sender, a pin included.")
    .argument("<sender>", nameHelp)
    .action((name: string, options: CommonOptions) => act({ name, action: "forget" }, "Forgotten", options));
  example(forget, "waybill senders forget 192.0.2.7");
}

const acting =
  (context: Context) =>
  async (order: SenderOrder, done: string, options: CommonOptions): Promise<void> => {
    const control = await controlOf(options);
    const answer = await control.judge(order);
    if (options.json) return printJson(context, [answer]);
    const whom = answer.identities.map((identity) =>
      identity.kind === "network" && identity.name !== order.name
        ? `the whole network ${nameText(identity)}`
        : nameText(identity),
    );
    printLines(context, [`${done}: ${whom.join(", ")}.`]);
  };

const nameText = ({ kind, name }: Identity): string => oneLine(kind === "network" ? name : `${kind}:${name}`);

const colours: Partial<Record<SenderStatus["class"], Style>> = { bad: "red", poor: "yellow", good: "green" };

function table(found: readonly SenderStatus[], context: Context, now: Instant): string[] {
  const paint = paintFor(context);
  const rows = found.map((status): TableRow => {
    const last = status.lastAt === undefined ? "-" : `${sinceText(status.lastAt, now)} ago`;
    const colour = colours[status.class] ?? "dim";
    const cells = [String(status.score), status.class, last, nameText(status.identity)];
    return { cells, note: paint(colour, oneLine(status.because)) };
  });
  const [header = "", ...lines] = formatTable(["SCORE", "CLASS", "LAST SEEN", "SENDER"], rows);
  return [paint("bold", header), ...lines];
}

/** For programs: score, class, sender, first and last seen, reason; separated by tabs. */
function tabbed({ score, class: grade, identity, firstAt, lastAt, because }: SenderStatus): string {
  const instants = [firstAt, lastAt].map((at) => (at === undefined ? "" : new Date(at).toISOString()));
  return [score, grade, nameText(identity), ...instants, oneLine(because)].join("\t");
}

function told(status: SenderStatus, now: Instant): string[] {
  const lines = Object.entries(status.seen)
    .sort(([, a], [, b]) => b.weight - a.weight)
    .map(([behaviour, { total, weight, lastAt }]) => {
      const left = weight.toLocaleString("en", { maximumFractionDigits: 1 });
      return `  ${behaviour}: ${counted(total, "time", "times")}, last ${sinceText(lastAt, now)} ago (counted as ${left} then)`;
    });
  const known = `  known for ${sinceText(status.firstAt, now)}`;
  return [
    `${nameText(status.identity)}: ${status.score} of 100, ${status.class}`,
    `  ${oneLine(status.because)}`,
    ...lines,
    known,
  ];
}
