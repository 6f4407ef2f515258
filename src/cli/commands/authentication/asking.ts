// What the commands that check a sender share: their options, the resolver that they ask, and how they end.
import { readFile } from "node:fs/promises";
import type { Config } from "../../../config/schema.ts";
import { type RecordingResolver, recordingResolver } from "../../../dns/recording-resolver.ts";
import { createResolver } from "../../../dns/system-resolver.ts";
import { type IpAddress, parseClient } from "../../../explain/authentication/spf-address.ts";
import type { Step } from "../../../explain/authentication/step.ts";
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
}

/** Works without a configuration; with one, asks the servers that it names, unless --resolver names another. */
export async function askingFor({ config: file, resolver: server }: AskingOptions, context: Context): Promise<Asking> {
  const config = await readConfig(file);
  const { servers, timeout } = config.dns;
  const resolver = createResolver({ servers: server === undefined ? servers : [server], timeoutMs: timeout });
  return {
    config,
    hostname: config.hostname ?? context.machine,
    resolver: recordingResolver(resolver, context.world),
  };
}

/** The address of --ip. */
export function readClient(text: string): IpAddress {
  const client = parseClient(text.replace(/^\[(?:ipv6:)?(.*)\]$/i, "$1"));
  if (client === undefined)
    throw new CommandError(exitCodes.usage, `--ip: "${text}" is not an IP address. Write 192.0.2.1 or 2001:db8::1.`);
  return client;
}

/** What a client may claim need not be an address: SPF has an answer for that, too (RFC 7208 §4.3). */
export function readMailFrom(text: string): ReversePath {
  const plain = text.trim().replace(/^<(.*)>$/, "$1");
  return plain === "" ? "" : (parseAddress(plain) ?? (plain as Address));
}

/** The message of a file, or of standard input. */
export async function messageOf(file: string | undefined, { stdin, stderr }: Context): Promise<Buffer> {
  if (file === undefined || file === "-") {
    if (stdin.isTTY) stderr.write("Paste the whole message, with its header; end with Ctrl-D on a line of its own.\n");
    return readMessage(stdin, false);
  }
  try {
    return await readFile(file);
  } catch (error) {
    throw new CommandError(exitCodes.usage, `Cannot read ${file}: ${(error as Error).message}`);
  }
}

export interface Told {
  readonly title: string;
  readonly steps: readonly Step[];
  /** For programs; the steps and the DNS questions are added. */
  readonly json: Readonly<Record<string, unknown>>;
  /** `unsure`: DNS failed, another try may say more. */
  readonly ended: "well" | "failed" | "unsure";
}

/** Prints it, and ends the command with the code for it. */
export function tell({ title, steps, json, ended }: Told, { json: asJson }: AskingOptions, about: TellAbout): void {
  const { context, asking } = about;
  if (asJson) printJson(context, [{ ...json, steps, dnsQuestions: asking.resolver.questions }]);
  else {
    const drawing = stepDrawingFor(context);
    printLines(context, [drawing.paint("bold", title), "", ...drawSteps(steps, drawing)]);
  }
  if (ended === "failed") throw new CommandError(exitCodes.checkFailed);
  if (ended === "unsure") throw new CommandError(exitCodes.tryAgain);
}

export interface TellAbout {
  readonly context: Context;
  readonly asking: Asking;
}
