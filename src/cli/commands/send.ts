// `waybill send`: writes a message and hands it to the running server.
import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Context, printJson, printLines } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { readMessage } from "../standard-input.ts";
import { submitMessage } from "../submit.ts";
import { collect, type CommonOptions, configOption, controlOf, example, jsonOption, labOption } from "./options.ts";
import { printTrace } from "./trace.ts";

interface SendOptions extends CommonOptions {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject?: string;
  readonly body?: string;
  readonly attach?: readonly string[];
  readonly wait?: true;
}

export function addSend(program: Command, context: Context): void {
  const command = program
    .command("send")
    .summary("send a message")
    .description("Write a message and hand it to the running Waybill, which delivers it or says why not.")
    .requiredOption("--from <address>", "who sends it: ann@example.org, or 'Ann <ann@example.org>'")
    .requiredOption("--to <address>", "who gets it; may be given several times", collect)
    .option("--subject <text>", "what it is about")
    .option("--body <text>", "its text; without it, standard input")
    .option("--attach <file>", "a file to go with it; may be given several times", collect)
    .option("--wait", "wait until each recipient had an attempt, and tell how it went")
    .addOption(configOption())
    .addOption(labOption())
    .addOption(jsonOption())
    .action((options: SendOptions) => send(options, context));
  example(command, "waybill send --from ann@example.org --to bob@example.net --subject Hello --body 'How are you?'");
}

async function send(options: SendOptions, context: Context): Promise<void> {
  const control = await controlOf(options);
  const { from, to, content } = await compose(options, await bodyOf(options, context));
  const queueId = await submitMessage(control, { from, to }, content);
  if (options.json) printJson(context, [{ queueId }]);
  else
    printLines(context, [
      `Waybill has the message, as ${queueId}. See what becomes of it: waybill trace ${options.lab ? "--lab " : ""}${queueId}`,
    ]);
  if (!options.wait) return;
  await attempted(control, queueId, context);
  const events = await control.trace({ queueId });
  if (options.json) printJson(context, events);
  else printTrace(context, events, await control.now());
}

async function bodyOf({ body }: SendOptions, { stdin, stderr }: Context): Promise<string> {
  if (body !== undefined) return body;
  if (stdin.isTTY) stderr.write("Type the text; end with Ctrl-D on a line of its own.\n");
  return (await readMessage(stdin, false)).toString("utf8");
}

interface Composed {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
}

async function compose({ from, to, subject, attach = [] }: SendOptions, text: string): Promise<Composed> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer"); // lazy: other commands need it not
  const attachments = await Promise.all(attach.map(readAttachment));
  const node = new MailComposer({ from, to: [...to], subject: subject ?? "", text, attachments }).compile();
  const envelope = node.getEnvelope();
  return { from: envelope.from || from, to: envelope.to, content: await node.build() };
}

async function readAttachment(path: string): Promise<{ filename: string; content: Buffer }> {
  try {
    return { filename: basename(path), content: await readFile(path) };
  } catch (error) {
    throw new CommandError(exitCodes.usage, `--attach: cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Until no delivery of it waits for its first attempt. */
async function attempted(control: ControlClient, queueId: string, { world }: Context): Promise<void> {
  for (;;) {
    const deliveries = await control.list({ queueId, limit: 1_000 });
    if (deliveries.every(({ attempts, state }) => attempts > 0 || state === "held")) return;
    await world.sleep(pollMs);
  }
}

const pollMs = 200;
