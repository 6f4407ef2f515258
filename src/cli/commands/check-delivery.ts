// `waybill check delivery`: what would happen to a message, without sending it.
import { type Command, InvalidArgumentError } from "commander";
import { checkDelivery, deliveryChecks, deliveryLimits } from "../../check/delivery/check-delivery.ts";
import type { DeliveryTools, Prospects } from "../../check/delivery/question.ts";
import type { Config } from "../../config/schema.ts";
import { size } from "../../config/units.ts";
import { type Address, domainOf, parseAddress } from "../../mail/address.ts";
import { type CheckOptions, runAndTell } from "../check-run.ts";
import { checkToolsFor, whetherPublic } from "../check-tools.ts";
import type { Context } from "../context.ts";
import { controlClient, readConfig } from "../control-client.ts";
import { deliveryProspects, type ProspectParts } from "../delivery-prospects.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { sourceOf } from "../source-addresses.ts";
import { configOption, example, jsonOption, parseIp, resolverOption } from "./options.ts";

interface DeliveryOptions extends CheckOptions {
  readonly from?: Address;
  readonly size?: number;
  readonly source?: string;
}

/** A letter of some pages. */
const usualBytes = 10 * 1_024;

export function addCheckDelivery(check: Command, context: Context): void {
  const command = check
    .command("delivery")
    .summary("what would happen to a message to somebody, without sending it")
    .description(
      "Find out what would become of a message from here: its route, each of the hosts and what they say to this sender and " +
        "recipient, encryption and the policies about it, SPF, DKIM and DMARC as the receiver sees them, and what the running " +
        "server knows of the destination. No message is sent. Exit code 0: it would be accepted; 1: refused; 2: it would wait, " +
        "or something is worth a warning; 75: something could not be looked at.",
    )
    .argument("<recipient>", "an address, such as ann@example.org", readAddress)
    .option("--from <address>", "who sends it; without it, postmaster of our first domain", readAddress)
    .option("--size <size>", "of the message, such as 5MB; without it, that of a letter of some pages", readSize)
    .option("--source <address>", "the IP address that receivers see us come from", parseIp)
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((recipient: Address, options: DeliveryOptions) => run(recipient, options, context));
  example(
    command,
    "waybill check delivery ann@example.org",
    "waybill check delivery ann@example.org --from ben@example.net --size 20MB",
  );
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new InvalidArgumentError("It must be a mail address, such as ann@example.org.");
  return address;
}

function readSize(text: string): number {
  const read = size("1B", "1024GB").safeParse(text);
  if (!read.success) throw new InvalidArgumentError("It must be a size, such as 500KB or 5MB.");
  return read.data;
}

async function run(recipient: Address, options: DeliveryOptions, context: Context): Promise<void> {
  const config = await readConfig(options.config);
  const hostname = config.hostname ?? context.machine;
  const tools = checkToolsFor(config, options, context);
  const sender = options.from ?? ourPostmaster(config, hostname);
  const named = options.source === undefined ? [] : [options.source];
  const source = await sourceOf(config, { hostname, named, resolver: tools.resolver });
  const delivery = { sender, recipient, sizeBytes: options.size ?? usualBytes, source };
  const control = controlClient(config.data_dir, "waybill start");
  const { world } = context;
  const asked: DeliveryTools = {
    ...tools,
    delivery,
    prospects: prospectsFor({
      config,
      hostname,
      world,
      resolver: tools.resolver,
      control,
      delivery,
      limits: deliveryLimits,
    }),
    question: {
      domain: domainOf(recipient),
      hello: hostname,
      port: config.deliver.port,
      selectors: [],
      senders: [],
      lists: [],
      isPublic: whetherPublic(config),
      limits: deliveryLimits,
    },
  };
  const names = deliveryChecks.map(({ name }) => name);
  await runAndTell({ names, run: (tell) => checkDelivery(asked, { tell }) }, options, context);
}

function prospectsFor(parts: ProspectParts): Prospects {
  try {
    return deliveryProspects(parts);
  } catch (error) {
    throw new CommandError(exitCodes.badConfig, error instanceof Error ? error.message : String(error));
  }
}

function ourPostmaster({ domain }: Config, hostname: string): Address {
  const address = parseAddress(`postmaster@${domain[0]?.name ?? hostname}`);
  if (address !== undefined) return address;
  throw new CommandError(exitCodes.usage, "We have no domain: name the sender with --from.");
}
