// Options and words that several commands share.
import { type Command, InvalidArgumentError, Option } from "commander";
import { Resolver } from "node:dns";
import { isIP } from "node:net";
import { labDir } from "../../lab/place.ts";
import { type ControlClient, controlClient, readConfig } from "../control-client.ts";

export interface CommonOptions {
  readonly config?: string;
  readonly lab?: true;
  readonly json?: true;
}

export const configOption = (): Option =>
  new Option("-c, --config <file>", "the server's configuration; without it, ./waybill.toml if there is one").env(
    "WAYBILL_CONFIG",
  );

/** For the commands that talk to a running server. */
export const labOption = (): Option => new Option("--lab", "talk to the running lab").conflicts("config");

export const jsonOption = (): Option => new Option("--json", "print JSON, one object per line");

/** For the commands that ask DNS. */
export const resolverOption = (): Option =>
  new Option(
    "--resolver <address>",
    "address, or address:port, of the DNS server to ask, instead of the configured one or this machine's",
  ).argParser(parseServer);

/** An address, and a port unless it is 53. */
function parseServer(text: string): string {
  const server = text.replace(/^localhost(?=:|$)/i, "127.0.0.1");
  try {
    new Resolver().setServers([server]);
  } catch {
    throw new InvalidArgumentError(
      "It must be an address, with or without a port: 192.0.2.53, 192.0.2.53:5353, [2001:db8::53]:5353.",
    );
  }
  return server;
}

export const example = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);

/** A whole number of at least one. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}

export function parseIp(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError("It must be an IP address, such as 192.0.2.1.");
}

export const collect = (one: string, before: readonly string[] = []): string[] => [...before, one];

export const controlOf = async ({ config, lab }: CommonOptions): Promise<ControlClient> =>
  lab ? controlClient(labDir, "waybill lab") : controlClient((await readConfig(config)).data_dir, "waybill start");
