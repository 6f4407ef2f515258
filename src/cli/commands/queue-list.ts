// `waybill queue list` and `mailq`: what waits, for what, and why.
import type { Instant } from "../../base/world.ts";
import { causeOf, explainFailure } from "../../explain/failure.ts";
import type { Address } from "../../mail/address.ts";
import type { Failure } from "../../mail/failure.ts";
import { failureText } from "../../mail/failure-text.ts";
import type { DeliveryState, QueuedDelivery } from "../../queue/store.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import type { ControlClient, Query } from "../control-client.ts";
import { counted, dueText, pathText, sinceText, sizeText } from "../human-units.ts";
import { formatTable, type TableRow } from "../table.ts";

interface ListOptions {
  readonly filter?: Query;
  /** Rows at most; Infinity for all. */
  readonly limit?: number;
  readonly json?: true | undefined;
}

export const defaultRows = 50;

/** What one request fetches. */
const pageRows = 500;

export async function listQueue(control: ControlClient, context: Context, options: ListOptions): Promise<void> {
  const { filter = {}, limit = defaultRows, json } = options;
  const now = await control.now();
  let shown = 0;
  for (let after = 0; shown < limit;) {
    const asked = Math.min(pageRows, limit - shown);
    const page = await control.list({ ...filter, limit: asked, after });
    if (json) printJson(context, page);
    else printLines(context, context.stdout.isTTY ? table(page, context, now) : tabbed(page));
    shown += page.length;
    after = page.at(-1)?.deliveryId ?? after;
    if (page.length < asked) break;
  }
  if (json || !context.stdout.isTTY) return;
  printLines(context, [summary(await control.counts(filter), shown)]);
}

function table(page: readonly QueuedDelivery[], context: Context, now: Instant): string[] {
  if (page.length === 0) return [];
  const paint = paintFor(context);
  const rows = page.map(({ message, recipient, state, dueAt, lastFailure }): TableRow => {
    const age = sinceText(message.receivedAt, now);
    const path = [pathText(message.reversePath), pathText(recipient.address)];
    const note = lastFailure === undefined ? {} : { note: paint("yellow", noteOf(lastFailure, recipient.address)) };
    const waits = state === "due" || state === "deferred";
    return {
      cells: [message.queueId, age, sizeText(message.sizeBytes), state, waits ? dueText(dueAt, now) : "-", ...path],
      ...note,
    };
  });
  const [header = "", ...lines] = formatTable(["ID", "AGE", "SIZE", "STATE", "NEXT TRY", "FROM", "TO"], rows);
  return [paint("bold", header), ...lines];
}

/** What it means, and what was seen. */
const noteOf = (failure: Failure, recipient: Address): string =>
  `${explainFailure(failure, { recipient }).summary} (${failureText(failure)})`;

/** For programs: id, received, bytes, state, due, from, to, reason, cause; separated by tabs. */
const tabbed = (page: readonly QueuedDelivery[]): string[] =>
  page.map(({ message, recipient, state, dueAt, lastFailure }) =>
    [
      message.queueId,
      new Date(message.receivedAt).toISOString(),
      message.sizeBytes,
      state,
      new Date(dueAt).toISOString(),
      pathText(message.reversePath),
      pathText(recipient.address),
      lastFailure === undefined ? "" : failureText(lastFailure),
      lastFailure === undefined ? "" : causeOf(lastFailure, recipient.address),
    ].join("\t"),
  );

function summary(counts: Record<DeliveryState, number>, shown: number): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  const total = present.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return "Nothing is queued.";
  const parts = present.map(([state, count]) => `${count.toLocaleString("en")} ${state}`);
  const rest = shown < total ? `; ${shown.toLocaleString("en")} shown, --all shows all` : "";
  return `${counted(total, "delivery", "deliveries")}: ${parts.join(", ")}${rest}`;
}
