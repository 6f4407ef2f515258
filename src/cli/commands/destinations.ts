// `waybill destinations`: how fast each destination gets mail, and why; and the operator's word on it.
import type { Command } from "commander";
import type { Instant } from "../../base/world.ts";
import type { DestinationStatus } from "../../deliver/pacing/status.ts";
import { failureText } from "../../mail/failure-text.ts";
import { oneLine } from "../../mail/printable.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import type { DestinationAction } from "../control-client.ts";
import { counted, dueText, sinceText } from "../human-units.ts";
import { formatTable, type TableRow } from "../table.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption } from "./options.ts";

interface ListOptions extends CommonOptions {
  readonly all?: true;
}

export function addDestinations(program: Command, context: Context): void {
  const destinations = program
    .command("destinations")
    .summary("see how fast each destination gets mail, and steer it")
    .description(
      "Destinations: sets of mail hosts, with all domains whose mail they take. Waybill learns how many connections and\n" +
        "messages each bears. Without a command, they are listed.",
    );
  addList(destinations, context);
  for (const action of Object.keys(actions) as DestinationAction[]) addAction(destinations, context, action);
}

const withCommon = (command: Command): Command =>
  command.addOption(configOption()).addOption(labOption()).addOption(jsonOption());

function addList(destinations: Command, context: Context): void {
  const list = withCommon(destinations.command("list", { isDefault: true }))
    .summary("list what is known of destinations, and why")
    .description("List destinations that are in trouble or have mail in hand; one, if it is named; or all.")
    .argument("[destination]", "a recipient domain, or a mail host")
    .option("--all", "also those where all is well")
    .action(async (name: string | undefined, options: ListOptions) => {
      const control = await controlOf(options);
      const found = await control.destinations({ name });
      const isShown = ({ state, inHand }: DestinationStatus): boolean => state !== "open" || inHand > 0;
      const shown = options.all || name !== undefined ? found : found.filter(isShown);
      if (options.json) return printJson(context, shown);
      const now = await control.now();
      if (!context.stdout.isTTY) return printLines(context, shown.map(tabbed));
      printLines(context, [...table(shown, context, now), summary(shown, found)]);
    });
  example(list, "waybill destinations", "waybill destinations list example.org");
}

function table(shown: readonly DestinationStatus[], context: Context, now: Instant): string[] {
  if (shown.length === 0) return [];
  const paint = paintFor(context);
  const rows = shown.map((status): TableRow => {
    const { state, connections, maxConnections, messagesPerMinute, inHand } = status;
    const rate = messagesPerMinute === undefined ? "-" : `${Math.floor(messagesPerMinute)}/min`;
    const notes = [reason(status, now), causesText(status.causes)].filter((note) => note !== "");
    return {
      cells: [state, `${connections} of ${maxConnections}`, rate, String(inHand), nameText(status)],
      ...(notes.length > 0 && { note: paint(state === "open" ? "dim" : "yellow", notes.join("; ")) }),
    };
  });
  const [header = "", ...lines] = formatTable(["STATE", "CONNECTIONS", "RATE", "IN HAND", "DESTINATION"], rows);
  return [paint("bold", header), ...lines];
}

/** Why mail for it failed or waits, since the start, the most usual first. */
function causesText(causes: DestinationStatus["causes"]): string {
  const counts = Object.entries(causes).sort(([, a], [, b]) => b - a);
  if (counts.length === 0) return "";
  return `since the start ${counts.map(([cause, count]) => `${count.toLocaleString("en")} ${cause}`).join(", ")}`;
}

/** The domain it is known by, and its hosts. */
function nameText({ site, domains }: DestinationStatus): string {
  const hosts = site.split(" ");
  const shown = hosts.length > 3 ? `${hosts.slice(0, 3).join(" ")} …` : site;
  const [domain] = domains;
  const others = domains.length > 1 ? " and others" : "";
  return oneLine(domain === undefined ? shown : `${domain}${others} (${shown})`);
}

/** Why it is as it is, and until when. */
function reason(
  { state, suspended = "", because, since, until, failures = 0 }: DestinationStatus,
  now: Instant,
): string {
  const when = since === undefined ? "" : `${sinceText(since, now)} ago`;
  const why = because === undefined ? "" : failureText(because);
  switch (state) {
    case "suspended":
      return [`suspended by the operator${when && ` ${when}`}`, ...(suspended === "" ? [] : [oneLine(suspended)])].join(
        ": ",
      );
    case "closed": {
      const next =
        until === undefined || until <= now ? "the next message is a probe" : `a probe goes ${dueText(until, now)}`;
      return `${why}; ${counted(failures, "failure", "failures")} in a row, ${next}`;
    }
    case "slowed":
      return `slowed down ${when}: ${why}`;
    case "open":
      return because === undefined ? "" : `last trouble ${when}: ${why}`;
  }
}

/** For programs: state, connections, limit, messages per minute, in hand, since, until, site, reason; separated by tabs. */
const tabbed = (status: DestinationStatus): string => {
  const { state, connections, maxConnections, messagesPerMinute = "", inHand, since, until, site } = status;
  const because = status.suspended ?? (status.because === undefined ? "" : failureText(status.because));
  const instants = [since, until].map((at) => (at === undefined ? "" : new Date(at).toISOString()));
  return [state, connections, maxConnections, messagesPerMinute, inHand, ...instants, site, oneLine(because)].join(
    "\t",
  );
};

function summary(shown: readonly DestinationStatus[], found: readonly DestinationStatus[]): string {
  const total = counted(found.length, "destination is", "destinations are");
  if (found.length === 0) return "No destination is known yet: no mail went out since the start.";
  const well = found.length - shown.length;
  return `${total} known${well > 0 ? `; at ${well.toLocaleString("en")} of them all is well, --all shows them` : ""}.`;
}

/** What it does, and what was done. */
const actions: Record<DestinationAction, { readonly summary: string; readonly done: string }> = {
  suspend: { summary: "make no attempt at mail for a destination until it is resumed", done: "Suspended" },
  resume: { summary: "end a suspension, and try its mail now", done: "Resumed" },
  drain: { summary: "try all its mail now, whatever kept it back, within the limits", done: "Draining" },
};

function addAction(destinations: Command, context: Context, action: DestinationAction): void {
  const { summary, done } = actions[action];
  const command = withCommon(destinations.command(action))
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .argument("<destination>", "a recipient domain, or a mail host");
  if (action === "suspend") command.option("--because <words>", "the reason, for whoever asks why mail waits");
  command.action(async (name: string, options: CommonOptions & { because?: string }) => {
    const { because } = options;
    const control = await controlOf(options);
    const answer = await control.steer({ name, action, ...(because !== undefined && { because }) });
    if (options.json) return printJson(context, [answer]);
    const due = action === "suspend" ? "" : `; ${counted(answer.due, "delivery", "deliveries")} due now`;
    printLines(context, [`${done}: ${oneLine(answer.site)}${due}.`]);
  });
  example(command, `waybill destinations ${action} example.org`);
}
