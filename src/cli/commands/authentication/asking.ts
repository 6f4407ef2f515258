// What the commands that check a sender share: their options, the resolver that they ask, and how they end.
import { getServers } from "node:dns";
import { readFile } from "node:fs/promises";
import type { Config } from "../../../config/schema.ts";
import { type RecordingResolver, recordingResolver } from "../../../dns/recording-resolver.ts";
import { createResolver } from "../../../dns/system-resolver.ts";
import { type IpAddress, parseClient } from "../../../check/authentication/spf-address.ts";
import { type MessageFile, readMessageFile } from "../../../check/authentication/message-file.ts";
import { blameOwnResolver } from "../../../check/authentication/own-resolver.ts";
import type { Step } from "../../../check/authentication/step.ts";
import { oneLine } from "../../../mail/printable.ts";
import { type Address, parseAddress, type ReversePath } from "../../../mail/address.ts";
import { type Context, printJson, printLines } from "../../context.ts";
import { readConfig } from "../../control-client.ts";
import { CommandError, exitCodes } from "../../exit-codes.ts";
import { readMessage } from "../../standard-input.ts";
import { drawSteps, stepDrawingFor } from "../../step-drawing.ts";
import type { CommonOptions } from "../options.ts";

export interface AskingOptions extends CommonOptions {
  readonly resolver?: string;
}

export interface Asking {
  readonly config: Config;
  /** Our name, as the server would have it. */
  readonly hostname: string;
  readonly resolver: RecordingResolver;
  /** Those that it asks. */
  readonly servers: readonly string[];
}

/** Works without a configuration; with one, asks the servers that it names, unless --resolver names another. */
export async function askingFor({ config: file, resolver: server }: AskingOptions, context: Context): Promise<Asking> {
  const config = await readConfig(file);
  const { timeout } = config.dns;
  const servers = server === undefined ? config.dns.servers : [server];
  const resolver = createResolver({ servers, timeoutMs: timeout });
  return {
    config,
    hostname: config.hostname ?? context.machine,
    resolver: recordingResolver(resolver, context.world),
    servers: servers.length > 0 ? servers : getServers(),
  };
}

/** The address of --ip. */
export function readClient(text: string): IpAddress {
  const client = parseClient(text.replace(/^\[(?:ipv6:)?(.*)\]$/i, "$1"));
  if (client === undefined)
    throw new CommandError(exitCodes.usage, `--ip: "${text}" is not an IP address. Write 192.0.2.1 or 2001:db8::1.`);
  return client;
}

/** What a client may claim need not be an address: SPF has an answer for that, too (RFC 7208 §4.3). A typing error has none. */
export function readMailFrom(text: string): ReversePath {
  const plain = text.trim().replace(/^<(.*)>$/, "$1");
  if (plain !== "" && !plain.includes("@"))
    throw new CommandError(
      exitCodes.usage,
      `--mail-from: "${oneLine(plain)}" is not an address, it has no @. Write ann@example.org, or <> for the null reverse-path.`,
    );
  return plain === "" ? "" : (parseAddress(plain) ?? (plain as Address));
}

/** The message of a file, or of standard input. */
export async function messageOf(file: string | undefined, context: Context): Promise<MessageFile> {
  const message = readMessageFile(await bytesOf(file, context));
  if (message.header.length > 0) return message;
  throw new CommandError(
    exitCodes.badData,
    `${file ?? "Standard input"} is no message: it does not begin with a header field. Give the whole message as it is stored, with its header.`,
  );
}

async function bytesOf(file: string | undefined, { stdin, stderr }: Context): Promise<Buffer> {
  if (file === undefined || file === "-") {
    if (stdin.isTTY) stderr.write("Paste the whole message, with its header; end with Ctrl-D on a line of its own.\n");
    return readMessage(stdin, false);
  }
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new CommandError(exitCodes.notFound, `Cannot read ${file}: ${unreadable[code] ?? (error as Error).message}.`);
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder; give the file of one message",
  EACCES: "you may not read it",
};

export interface Told {
  readonly title: string;
  readonly steps: readonly Step[];
  /** For programs; reason, advice, steps and DNS questions are added. */
  readonly json: Readonly<Record<string, unknown>>;
  /** `unsure`: DNS failed, another try may say more. */
  readonly ended: "well" | "failed" | "unsure";
}

/** Prints it, and ends the command with the code for it. */
export function tell(told: Told, { json: asJson }: AskingOptions, { context, asking }: TellAbout): void {
  const { title, json, ended } = told;
  const { questions } = asking.resolver;
  const steps = blameOwnResolver(told.steps, { questions, servers: asking.servers });
  if (asJson) {
    const reason = steps.find((step) => step.kind === "result")?.reason;
    const advice = steps.filter(({ kind }) => kind === "advice").map(({ text }) => text);
    printJson(context, [{ ...json, reason, advice, steps, dnsQuestions: questions }]);
  } else {
    const drawing = stepDrawingFor(context);
    printLines(context, [drawing.paint("bold", title), "", ...drawSteps(steps, drawing)]);
  }
  if (ended === "failed") throw new CommandError(exitCodes.checkFailed);
  if (ended === "unsure") throw new CommandError(exitCodes.tryAgain);
}

/** For the help of a command: what `reason` can be. */
export function reasonsHelp(reasons: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(reasons).map(({ length }) => length));
  const lines = Object.entries(reasons).map(([reason, meaning]) => `  ${reason.padEnd(width)}  ${meaning}`);
  return `\nreason in --json, one of:\n${lines.join("\n")}`;
}

interface TellAbout {
  readonly context: Context;
  readonly asking: Asking;
}
