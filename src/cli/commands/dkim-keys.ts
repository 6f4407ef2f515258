// `waybill dkim keygen`, `rotate`, `drop` and `list`: the keys that sign what we send, and their records in DNS.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Instant } from "../../base/world.ts";
import type { Config } from "../../config/schema.ts";
import { createResolver } from "../../dns/system-resolver.ts";
import { parseDomain } from "../../mail/address.ts";
import { type SigningDomain, signingDomain, signingDomains } from "../../signing/domains.ts";
import { dropKey } from "../../signing/drop-key.ts";
import { KeyError, type KeyState } from "../../signing/key-folder.ts";
import { lookAtKeys } from "../../signing/key-watch.ts";
import { makeKeys, type NewKey } from "../../signing/new-keys.ts";
import { rotationLimits, type Sighted } from "../../signing/rotation.ts";
import type { Algorithm } from "../../signing/signature.ts";
import { type Context, printJson, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { type DomainKeys, hostAdvice, keysAsJson, keyTable, nextStep, toPublish, whyKept } from "../dkim-key-words.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { type CommonOptions, configOption, example, jsonOption, resolverOption } from "./options.ts";

interface KeyOptions extends CommonOptions {
  readonly resolver?: string;
  readonly algorithm?: Algorithm | "both";
  readonly selector?: string;
}

/** Into the group `waybill dkim`. */
export function addDkimKeys(dkim: Command, context: Context): void {
  const common = (command: Command): Command =>
    command.addOption(resolverOption()).addOption(configOption()).addOption(jsonOption());
  const algorithm = (): Option =>
    new Option("--algorithm <name>", "which keys to make").choices(["rsa", "ed25519", "both"]);

  const keygen = common(dkim.command("keygen"))
    .summary("make the keys of a domain, and show the DNS records to publish")
    .description(
      "Make keys that sign the mail of a domain, show the DNS records to publish, and look whether they are there. A kind of key that the domain has already is shown, not made again. The server signs with a key as soon as its record is in DNS.",
    )
    .argument("<domain>", "what stands after the @ in From", readDomain)
    .addOption(algorithm())
    .option("--selector <name>", "name of the key in DNS, instead of one by the day", readSelector)
    .action((domain: string, options: KeyOptions) => run(() => generate(domain, options, context)));
  example(keygen, "waybill dkim keygen example.org");

  const rotation = common(dkim.command("rotate"))
    .summary("change the keys of a domain, in two steps")
    .description(
      "Make the next keys of a domain, and show the DNS records to publish. When they are there, run it again, and the new keys sign at once; the running server does the same by itself an hour after it has seen them. The old records must stay in DNS for a week.",
    )
    .argument("<domain>", "what stands after the @ in From", readDomain)
    .addOption(algorithm())
    .action((domain: string, options: KeyOptions) => run(() => rotate(domain, options, context)));
  example(rotation, "waybill dkim rotate example.org");

  const dropping = dkim
    .command("drop")
    .addOption(configOption())
    .summary("take back a key that has never signed")
    .description(
      "Forget a key that is new or published, and delete its file: one key too many, or one whose record you do not want to publish. A key that signs, or did, is kept.",
    )
    .argument("<domain>", "what stands after the @ in From", readDomain)
    .argument("<selector>", "its name, as waybill dkim list shows it")
    .action((domain: string, selector: string, options: CommonOptions) =>
      run(() => drop({ domain, selector }, options, context)),
    );
  example(dropping, "waybill dkim drop example.org 20260101-2-rsa");

  const listing = common(dkim.command("list"))
    .summary("show all keys, their state, and what DNS has of them")
    .description(
      "Show the keys of a domain, or of all: their state, what DNS has of them, their age, and what to do. Exit code 1: a key signs whose record is not right in DNS.",
    )
    .argument("[domain]", "only this one", readDomain)
    .action((domain: string | undefined, options: KeyOptions) => run(() => list(domain, options, context)));
  example(listing, "waybill dkim list");
}

function readDomain(text: string): string {
  const domain = parseDomain(text);
  if (domain === undefined) throw new InvalidArgumentError("It must be a domain, such as example.org.");
  return domain;
}

function readSelector(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("It must be made of letters, digits and hyphens, as in 2026-march.");
}

async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (error instanceof KeyError) throw new CommandError(exitCodes.unavailable, `waybill: ${error.message}.`);
    throw error;
  }
}

/** What DNS has now of a domain's keys; `settleMs` 0: keys may take over at once. */
type Look = (own: SigningDomain, settleMs?: number) => Promise<Sighted[]>;

function lookFor({ dns }: Config, { resolver: server }: KeyOptions, { world }: Context): Look {
  const servers = server === undefined ? dns.servers : [server];
  const resolver = createResolver({ servers, timeoutMs: dns.timeout });
  return (own, settleMs = rotationLimits.settleMs) => lookAtKeys(own, { resolver, world, settleMs });
}

const algorithmsOf = (choice: Algorithm | "both"): Algorithm[] => (choice === "both" ? ["rsa", "ed25519"] : [choice]);

const isWaiting = (state: KeyState): boolean => state === "new" || state === "published";

async function generate(domain: string, options: KeyOptions, context: Context): Promise<void> {
  const config = await readConfig(options.config);
  const own = signingDomain(config, domain);
  const look = lookFor(config, options, context);
  const wanted = missingKeys(own, await look(own), options);
  await makeKeys(own, wanted, context.world.now());
  const keys = (await look(own)).filter(({ record }) => record.state !== "retired");
  if (options.json) return printJson(context, keysAsJson({ own, keys }, context));
  const there = `${domain} has these keys already. To change them: waybill dkim rotate ${domain}`;
  const words = keys.flatMap((key) => toPublish(own, key));
  const host = hostAdvice(config.hostname ?? context.machine, domain);
  printLines(context, [...(wanted.length === 0 ? [there, ""] : []), ...words, ...nextStep(keys, domain), ...host]);
}

/** With a name, keys of that name; without one, those of a kind that the domain has not. */
function missingKeys(own: SigningDomain, keys: readonly Sighted[], { algorithm, selector }: KeyOptions): NewKey[] {
  const algorithms = algorithmsOf(algorithm ?? own.algorithm);
  const records = keys.map(({ record }) => record);
  const has = (algorithm: Algorithm): boolean =>
    records.some((record) => record.algorithm === algorithm && record.state !== "retired");
  if (selector === undefined)
    return algorithms.filter((algorithm) => !has(algorithm)).map((algorithm) => ({ algorithm }));
  return algorithms
    .map((algorithm) => ({ algorithm, selector: algorithms.length > 1 ? `${selector}-${algorithm}` : selector }))
    .filter((wanted) => !records.some((record) => record.selector === wanted.selector));
}

async function rotate(domain: string, options: KeyOptions, context: Context): Promise<void> {
  const config = await readConfig(options.config);
  const own = signingDomain(config, domain);
  const look = lookFor(config, options, context);
  const keys = await changed(own, { look, options, now: context.world.now() });
  if (options.json) return printJson(context, keysAsJson({ own, keys }, context));
  const open = keys.filter(({ record }) => isWaiting(record.state));
  const words = open.flatMap((key) => toPublish(own, key));
  const inUse = `The new keys of ${domain} are in use. To change them again within a day: waybill dkim rotate ${domain} --algorithm ${own.algorithm}`;
  const end = open.length > 0 ? nextStep(open, domain) : [inUse];
  printLines(context, [...words, ...end, "", ...keyTable([{ own, keys }], context)]);
}

interface Change {
  readonly look: Look;
  readonly options: KeyOptions;
  readonly now: Instant;
}

/** One step on: from the next keys to the change, or from keys in use to the next ones. */
async function changed(own: SigningDomain, { look, options, now }: Change): Promise<Sighted[]> {
  const { domain } = own;
  const before = await look(own);
  if (before.length === 0)
    throw new CommandError(
      exitCodes.notFound,
      `waybill: ${domain} has no keys yet: make them with waybill dkim keygen ${domain}`,
    );
  if (before.some(({ record }) => isWaiting(record.state))) return look(own, 0);
  // whoever comes to finish a change must not begin the next one
  const isFresh = before.some(({ record: { since } }) => now - (since.active ?? -Infinity) < freshMs);
  if (isFresh && options.algorithm === undefined) return before;
  const inUse = before.filter(({ record }) => record.state === "active").map(({ record }) => record.algorithm);
  const algorithms = options.algorithm === undefined ? new Set(inUse) : algorithmsOf(options.algorithm);
  const next = Array.from(algorithms, (algorithm) => ({ algorithm }));
  await makeKeys(own, next, now);
  return look(own);
}

/** The server may have finished a change by itself a moment ago. */
const freshMs = 24 * 3_600_000;

async function drop(
  { domain, selector }: { domain: string; selector: string },
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const own = signingDomain(await readConfig(options.config), domain);
  const dropped = await dropKey(own, selector);
  switch (dropped.kind) {
    case "dropped":
      printLines(context, [`Dropped ${selector} of ${domain}. If its record is in DNS, remove it.`]);
      return;
    case "kept":
      throw new CommandError(exitCodes.unavailable, `waybill: ${whyKept(own, selector, dropped.state)}.`);
    case "unknown":
      throw new CommandError(exitCodes.notFound, `waybill: ${whyUnknown(own, selector)}`);
  }
}

const whyUnknown = ({ domain, folder, keyFiles }: SigningDomain, selector: string): string =>
  selector in keyFiles
    ? `the key ${selector} of ${domain} is named in the configuration (key_files): remove it there.`
    : `there is no key ${selector} in ${folder}. To see the keys: waybill dkim list ${domain}`;

async function list(domain: string | undefined, options: KeyOptions, context: Context): Promise<void> {
  const config = await readConfig(options.config);
  const look = lookFor(config, options, context);
  const domains = domain === undefined ? await signingDomains(config) : [signingDomain(config, domain)];
  const rows: DomainKeys[] = await Promise.all(domains.map(async (own) => ({ own, keys: await look(own) })));
  if (options.json)
    printJson(
      context,
      rows.flatMap((row) => keysAsJson(row, context)),
    );
  else printLines(context, keyTable(rows, context));
  if (rows.some(({ keys }) => keys.some(isLost))) throw new CommandError(exitCodes.checkFailed);
}

/** It signs, and nobody can verify it. */
const isLost = ({ record, publication: { kind } }: Sighted): boolean =>
  record.state === "active" && kind !== "right" && kind !== "unknown";
