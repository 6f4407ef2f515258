// `waybill queue`: look at what waits, and steer it.
import { type Command, Option } from "commander";
import type { Instant } from "../../base/world.ts";
import { failureText } from "../../mail/failure-text.ts";
import { oneLine } from "../../mail/printable.ts";
import type { QueueAction } from "../../queue/store.ts";
import { type Context, printJson, printLines } from "../context.ts";
import type { MessageDetail, Query } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted, dueText, pathText, sizeText, timeText } from "../human-units.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption, parseCount } from "./options.ts";
import { defaultRows, listQueue } from "./queue-list.ts";

interface FilterOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly domain?: string;
  readonly state?: string;
  readonly all?: true;
}

export function addQueue(program: Command, context: Context): void {
  const queue = program
    .command("queue")
    .summary("see what waits in the queue, and steer it")
    .description("The queue: mail that Waybill is responsible for. Without a command, it is listed.");
  addList(queue, context);
  addShow(queue, context);
  for (const action of Object.keys(actions) as QueueAction[]) addAction(queue, context, action);
}

const withFilters = (command: Command): Command =>
  command
    .option("--from <address>", "only from this sender; '<>' for notices")
    .option("--to <address>", "only to this recipient")
    .option("--domain <domain>", "only to recipients of this domain")
    .addOption(new Option("--state <state>", "only in this state").choices(["due", "deferred", "claimed", "held"]))
    .addOption(configOption())
    .addOption(labOption())
    .addOption(jsonOption());

const filterOf = ({ from, to, domain, state }: FilterOptions): Query => ({ from, to, domain, state });

function addList(queue: Command, context: Context): void {
  const list = withFilters(queue.command("list", { isDefault: true }))
    .summary("list what waits, and why")
    .description("List deliveries in order of arrival, one per recipient, with the reason for which each waits.")
    .option("-n, --limit <rows>", "at most so many", parseCount, defaultRows)
    .option("--all", "all of them")
    .action(async (options: FilterOptions & { limit: number }) => {
      const limit = options.all ? Infinity : options.limit;
      await listQueue(await controlOf(options), context, { filter: filterOf(options), limit, json: options.json });
    });
  example(list, "waybill queue list --domain example.org --state deferred");
}

function addShow(queue: Command, context: Context): void {
  const show = queue
    .command("show")
    .summary("show one message: envelope, deliveries, header")
    .description("Show one message of the queue: its envelope, how each delivery stands, and its header.")
    .argument("<id>", "the queue id")
    .addOption(configOption())
    .addOption(labOption())
    .addOption(jsonOption())
    .action(async (id: string, options: CommonOptions) => {
      const control = await controlOf(options);
      const detail = await control.show(id);
      if (options.json) printJson(context, [detail]);
      else printLines(context, detailLines(detail, await control.now()));
    });
  example(show, "waybill queue show 01JQ8Z4T7K");
}

function detailLines({ deliveries, head }: MessageDetail, now: Instant): string[] {
  const [first] = deliveries;
  if (first === undefined) return [];
  const { queueId, receivedAt, reversePath, sizeBytes } = first.message;
  const lines = deliveries.flatMap(({ recipient, state, attempts, dueAt, lastFailure }) => [
    `  ${pathText(recipient.address)}: ${state}, ${counted(attempts, "attempt", "attempts")} so far` +
      (state === "due" || state === "deferred" ? `, next ${dueText(dueAt, now)}` : ""),
    ...(lastFailure === undefined ? [] : [`    ${failureText(lastFailure)}`]),
  ]);
  return [
    `${queueId} from ${pathText(reversePath)}, ${sizeText(sizeBytes)}, received ${timeText(receivedAt)},`,
    `kept until ${timeText(first.expiresAt)} at the latest`,
    "",
    ...lines,
    "",
    ...head.split(/\r?\n/).map((line) => (/^[ \t]/.test(line) ? `    ${oneLine(line)}` : `  ${oneLine(line)}`)),
    "",
    `Its journey so far: waybill trace ${queueId}`,
  ];
}

/** What it does to deliveries, and what was done to so many. */
const actions: Record<QueueAction, { readonly summary: string; readonly done: string }> = {
  retry: { summary: "try again now", done: "due now" },
  hold: { summary: "make no attempt until released", done: "held" },
  release: { summary: "end a hold", done: "released" },
  drop: { summary: "throw away, telling nobody", done: "dropped" },
  bounce: { summary: "give up now, telling the sender", done: "given up" },
};

function addAction(queue: Command, context: Context, action: QueueAction): void {
  const { summary, done } = actions[action];
  const command = withFilters(queue.command(action))
    .summary(summary)
    .description(
      `${summary[0]!.toUpperCase()}${summary.slice(1)}: messages named by queue id, or all that fit the options.`,
    )
    .argument("[ids...]", "queue ids")
    .option("--all", "everything in the queue")
    .action(async (ids: readonly string[], options: FilterOptions) => {
      const filters = chosen(action, ids, options);
      const control = await controlOf(options);
      let changed = 0;
      for (const filter of filters) {
        const { changed: count } = await control.change(filter, action);
        if (count === 0 && filter["queueId"] !== undefined) throw nothingChanged(String(filter["queueId"]), changed);
        changed += count;
      }
      if (options.json) printJson(context, [{ action, changed }]);
      else printLines(context, [`${counted(changed, "delivery", "deliveries")} ${done}.`]);
    });
  example(command, `waybill queue ${action} --domain example.org`);
}

/** Never everything by accident. */
function chosen(action: QueueAction, ids: readonly string[], options: FilterOptions): Query[] {
  const filter = filterOf(options);
  if (ids.length > 0) return ids.map((queueId) => ({ ...filter, queueId }));
  if (options.all || Object.values(filter).some((value) => value !== undefined)) return [filter];
  throw new CommandError(
    exitCodes.usage,
    `Which messages? Name queue ids or options such as --domain, or --all for everything: waybill queue ${action} --help`,
  );
}

const nothingChanged = (queueId: string, before: number): CommandError =>
  new CommandError(
    exitCodes.notFound,
    `Nothing of ${queueId} could be changed: it is not in the queue, or no delivery of it is in a state for this.` +
      `${before > 0 ? ` Before it, ${counted(before, "delivery", "deliveries")} changed.` : ""} See: waybill queue list`,
  );
