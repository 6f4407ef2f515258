// `waybill check self`: this installation.
import { type Command, InvalidArgumentError } from "commander";
import { randomBytes } from "node:crypto";
import { programVersion } from "../../base/version.ts";
import { isPublicAddress } from "../../check/net/public-address.ts";
import type { Progress } from "../../check/run.ts";
import { checkFaults, checkSelf, selfChecks } from "../../check/self/check-self.ts";
import type { SelfTools } from "../../check/self/question.ts";
import { thisMachine } from "../../check/self/this-machine.ts";
import { checkLimits } from "../../check/tools.ts";
import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { parseDomain } from "../../mail/address.ts";
import { type CheckOptions, runAndTell } from "../check-run.ts";
import { checkToolsFor, nameServerFor } from "../check-tools.ts";
import type { Context } from "../context.ts";
import { ownThings, runningServer } from "../this-installation.ts";
import { collect, configOption, example, jsonOption, resolverOption } from "./options.ts";

interface SelfOptions extends CheckOptions {
  readonly probe?: readonly string[];
}

export function addCheckSelf(check: Command, context: Context): void {
  const command = check
    .command("self")
    .summary("this installation: settings, ports, disk, store, queue, DNS, certificates")
    .description(
      "Look at this installation: its settings, ports, name and address, certificates, the rights of its files, its disk and " +
        "how fast it writes, the store, the queue of the running server, DKIM keys, DNS servers, whether mail servers of " +
        "others can be reached, and the clock. Run it as the user that runs Waybill, or as root. Nothing is changed; of " +
        "other servers, only the greeting is read, and only of those that are named with --probe, in a route, or that the " +
        "server sends to anyway. Exit code 0: all is well; 1: something is broken; 2: there are warnings; 75: something " +
        "could not be looked at.",
    )
    .option("--probe <host>", "a domain or mail server of others to connect to; may be repeated", readHost)
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((options: SelfOptions) => run(options, context));
  example(command, "waybill check self", "waybill check self --config /etc/waybill/waybill.toml --probe example.net");
}

function readHost(text: string, before: readonly string[] = []): readonly string[] {
  const host = parseDomain(text.replace(/\.$/, ""));
  if (host === undefined) throw new InvalidArgumentError("It must be a domain or a host name, such as example.net.");
  return collect(host, before);
}

async function run(options: SelfOptions, context: Context): Promise<void> {
  const loaded = await loadConfig(options.config);
  if (loaded.kind === "bad") {
    const { problems } = loaded;
    const checking = {
      names: ["config"],
      run: (tell: (progress: Progress) => void) => checkFaults(problems, context.world, { tell }),
    };
    return runAndTell(checking, options, context);
  }
  const tools = toolsFor(loaded, options, context);
  const names = selfChecks.map(({ name }) => name);
  await runAndTell({ names, run: (tell) => checkSelf(tools, { tell }) }, options, context);
}

interface Loaded {
  readonly config: Config;
  readonly file?: string;
}

function toolsFor({ config, file }: Loaded, options: SelfOptions, context: Context): SelfTools {
  const tools = checkToolsFor(config, options, context);
  const nameServer = nameServerFor(config);
  return {
    ...tools,
    resolvers: Object.fromEntries(tools.dnsServers.map((one) => [one, nameServer(one)])),
    machine: thisMachine(),
    server: runningServer(config),
    own: ownThings(config),
    question: {
      config,
      configFile: file ?? "waybill.toml",
      hostname: config.hostname ?? context.machine,
      version: programVersion(),
      probes: options.probe ?? [],
      absentName: `waybill-check-${randomBytes(6).toString("hex")}.com`,
      isPublic: isPublicAddress,
      limits: checkLimits,
    },
  };
}
