// `waybill trace`: what became of a message.
import type { Command } from "commander";
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import { type Context, paintFor, printJson, printLines } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted } from "../human-units.ts";
import { asciiGlyphs, drawJourneys, unicodeGlyphs } from "../trace-drawing.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption, parseCount } from "./options.ts";

export function addTrace(program: Command, context: Context): void {
  const command = program
    .command("trace")
    .summary("tell the journey of a message")
    .description("Tell the journey of a message: who brought it, each attempt, why it waits or failed, who was told.")
    .argument("<id>", "a queue id, a Message-ID, the address of a sender or recipient, or the account that sent it")
    .option("-n, --limit <messages>", "at most so many messages, the newest", parseCount, 5)
    .addOption(configOption())
    .addOption(labOption())
    .addOption(jsonOption())
    .action(async (id: string, options: CommonOptions & { limit: number }) => {
      const control = await controlOf(options);
      const events = await findEvents(control, id, options.limit);
      if (events.length === 0)
        throw new CommandError(
          exitCodes.notFound,
          `Nothing is known of ${id}: it never came here, or longer ago than history.keep in the configuration.`,
        );
      if (options.json) printJson(context, events);
      else printTrace(context, events, await control.now());
    });
  example(command, "waybill trace ann@example.org", "waybill trace '<20260301.1@app.example.org>'");
}

/** An address and a Message-ID look alike when the angle brackets are left out: the address is asked for first. */
async function findEvents(control: ControlClient, id: string, limit: number): Promise<Event[]> {
  if (!id.includes("@")) {
    const byQueueId = await control.trace({ queueId: id, limit });
    return byQueueId.length > 0 ? byQueueId : control.trace({ account: id, limit });
  }
  const byAddress = id.startsWith("<") ? [] : await control.trace({ address: id, limit }).catch(unlessNotAnAddress);
  return byAddress.length > 0 ? byAddress : control.trace({ messageId: id, limit });
}

function unlessNotAnAddress(error: unknown): Event[] {
  if (error instanceof CommandError && error.exitCode === exitCodes.usage) return [];
  throw error;
}

export function printTrace(context: Context, events: readonly Event[], now: Instant): void {
  const { isTTY = false, columns = Infinity } = context.stdout;
  const glyphs = isTTY ? unicodeGlyphs : asciiGlyphs;
  const width = isTTY ? columns : Infinity;
  printLines(context, drawJourneys(events, { glyphs, width, paint: paintFor(context), now }));
  const messages = new Set(events.flatMap((event) => (event.kind === "refused" ? [] : [event.queueId]))).size;
  if (isTTY && messages > 1) printLines(context, ["", counted(messages, "message", "messages")]);
}
