// `waybill check domain`: everything the world sees of a mail domain.
import { type Command, InvalidArgumentError } from "commander";
import { appRecords } from "../../check/domain/app-records.ts";
import { checkDomain, domainChecks } from "../../check/domain/check-domain.ts";
import type { BlockList, DomainQuestion, DomainTools } from "../../check/domain/question.ts";
import { recordStates, wantedRecords, zoneFile } from "../../check/domain/zone.ts";
import { type Level, levels } from "../../check/finding.ts";
import { checkLimits } from "../../check/tools.ts";
import type { Config } from "../../config/schema.ts";
import { parseDomain } from "../../mail/address.ts";
import { keyPlaces, type SigningDomain, signingDomain, signingDomains } from "../../signing/domains.ts";
import { readKeyFile } from "../../signing/keyring.ts";
import { recordName, recordText } from "../../signing/keys.ts";
import { type CheckOptions, endWith, runAndShow } from "../check-run.ts";
import { checkToolsFor, nameServerFor, whetherPublic } from "../check-tools.ts";
import { type Context, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { sourceOf } from "../source-addresses.ts";
import { collect, configOption, example, jsonOption, parseIp, resolverOption } from "./options.ts";

interface DomainOptions extends CheckOptions {
  readonly fromConfig?: true;
  readonly selector?: readonly string[];
  readonly sender?: readonly string[];
  readonly list?: readonly string[];
}

export function addCheckDomain(check: Command, context: Context): void {
  const command = check
    .command("domain")
    .summary("everything the world sees of a mail domain")
    .description(
      "Look at a mail domain as the world sees it: MX, its servers and their encryption, reverse names, SPF, DKIM, DMARC, " +
        "MTA-STS, DANE, blocklists; and say what to change, and who can. Servers are asked what they would take (postmaster, " +
        "abuse, mail for strangers); no message is sent. Exit code 0: all is well; 1: something is broken; 2: there are " +
        "warnings; 75: something could not be looked at.",
    )
    .argument("[domain]", "what stands after the @", readDomain)
    .option("--from-config", "check all our own domains, and print the zone file to publish")
    .option("--selector <name>", "a DKIM key of the domain; may be repeated", collect)
    .option("--sender <address>", "an IP address that sends the domain's mail; may be repeated", readIps)
    .option(
      "--list <zone>",
      "a blocklist of addresses to ask, after reading its terms of use; may be repeated",
      collect,
    )
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((domain: string | undefined, options: DomainOptions) => run(domain, options, context));
  example(
    command,
    "waybill check domain example.org",
    "waybill check domain example.org --selector s1 --sender 192.0.2.1",
    "waybill check domain --from-config",
  );
}

function readDomain(text: string): string {
  const domain = parseDomain(text.replace(/\.$/, ""));
  if (domain === undefined)
    throw new InvalidArgumentError("It must be a domain, such as example.org: what stands after the @.");
  return domain;
}

const readIps = (text: string, before?: readonly string[]): string[] => collect(parseIp(text), before);

async function run(domain: string | undefined, options: DomainOptions, context: Context): Promise<void> {
  if ((domain === undefined) !== (options.fromConfig === true))
    throw new CommandError(
      exitCodes.usage,
      "Name a domain, or write --from-config to check all of ours: one of the two.",
    );
  const config = await readConfig(options.config);
  const tools = { ...checkToolsFor(config, options, context), nameServer: nameServerFor(config) };
  const question = questionFor(config, options, context);
  if (domain !== undefined)
    return endWith(await checkOne({ ...tools, question: { ...question, domain } }, options, context));
  const hostname = config.hostname ?? context.machine;
  const source = await sourceOf(config, { hostname, named: question.senders, resolver: tools.resolver });
  const names = await ourDomains(config);
  if (names.length === 0)
    throw new CommandError(
      exitCodes.notFound,
      "The configuration has no domains: add one with [[domain]], or name it.",
    );
  const worst: Level[] = [];
  for (const name of names) {
    const keys = await publishedKeys(signingDomain(config, name));
    const receives = config.domain.some((section) => section.name === name);
    const wanted = [
      ...wantedRecords({ domain: name, hostname, receives, keys }),
      ...appRecords(config, { name, hostname }),
    ];
    const asked = { ...tools, question: { ...question, domain: name, senders: source.addresses, wanted } };
    worst.push(await checkOne(asked, options, context));
    if (!options.json)
      printLines(context, ["", `; zone file for ${name}`, ...zoneFile(await recordStates(wanted, tools)), ""]);
  }
  endWith(levels.find((level) => worst.includes(level)) ?? "good");
}

async function checkOne(tools: DomainTools, options: DomainOptions, context: Context): Promise<Level> {
  const names = domainChecks.map(({ name }) => name);
  const { wanted } = tools.question;
  const more = async (): Promise<object> => (wanted === undefined ? {} : { zone: await recordStates(wanted, tools) });
  const { worst } = await runAndShow({ names, run: (tell) => checkDomain(tools, { tell }), more }, options, context);
  return worst;
}

function questionFor(config: Config, options: DomainOptions, { machine }: Context): Omit<DomainQuestion, "domain"> {
  const { port } = config.deliver;
  const named = (options.list ?? []).map((name): BlockList => ({ name, of: "address" }));
  const lists = config.dns_list.filter(({ weight }) => weight > 0).map(({ name, of }): BlockList => ({ name, of }));
  return {
    hello: config.hostname ?? machine,
    port,
    selectors: options.selector ?? [],
    senders: options.sender ?? [],
    lists: [...named, ...lists],
    isPublic: whetherPublic(config),
    limits: checkLimits,
  };
}

async function ourDomains(config: Config): Promise<string[]> {
  const signing = (await signingDomains(config)).map(({ domain }) => domain);
  return [...new Set([...config.domain.map(({ name }) => name), ...signing])];
}

/** Those that have signed are on their way out. */
async function publishedKeys(own: SigningDomain): Promise<{ name: string; value: string }[]> {
  return Promise.all(
    (await keyPlaces(own)).map(async ({ selector, path }) => ({
      name: recordName(selector, own.domain),
      value: recordText(await readKeyFile(path)),
    })),
  );
}
