// `waybill dmarc`: is a message from whom it says, and what does that domain ask for; or what a domain's record says.
import type { Command } from "commander";
import { type DomainExplained, explainDmarcDomain } from "../../../check/authentication/dmarc-domain.ts";
import { explainDmarc } from "../../../check/authentication/dmarc-explanation.ts";
import type { MessageFile } from "../../../check/authentication/message-file.ts";
import { dmarcReasons } from "../../../check/authentication/reasons.ts";
import { parseDomain } from "../../../mail/address.ts";
import type { DmarcVerdict } from "../../../mail/verdict.ts";
import type { Context } from "../../context.ts";
import { CommandError, exitCodes } from "../../exit-codes.ts";
import { configOption, example, jsonOption, resolverOption } from "../options.ts";
import {
  type Asking,
  type AskingOptions,
  askingFor,
  messageOf,
  readClient,
  readMailFrom,
  reasonsHelp,
  tell,
  type Told,
} from "./asking.ts";
import type { ComesFrom } from "./content.ts";

interface DmarcOptions extends AskingOptions {
  readonly domain?: string;
  readonly ip?: string;
  readonly mailFrom?: string;
  readonly helo?: string;
}

export function addDmarc(program: Command, context: Context): void {
  const command = program
    .command("dmarc")
    .summary("check whether a message is from whom it says (DMARC), or a domain's policy, step by step")
    .description(
      "Check whether a message is from the domain in its From field: the domain's policy, and whether SPF and DKIM " +
        "speak for that domain. With --domain and no message: read the domain's record. Exit code 0: the message " +
        "passes, or the record is in order; 1: it does not, or there is no record; 65: the input is no message; 66: " +
        "the file cannot be read; 75: DNS failed.",
    )
    .argument("[message]", "file with the whole message; without it, standard input")
    .option("--domain <domain>", "look at the record of this domain only")
    .option("--ip <address>", "the address of the client that brought the message, for SPF")
    .option("--mail-from <address>", "what it said in MAIL FROM; <> is the null reverse-path")
    .option("--helo <name>", "what it said in EHLO or HELO")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((file: string | undefined, options: DmarcOptions) => dmarc(file, options, context));
  command.addHelpText("after", () => reasonsHelp(dmarcReasons));
  example(
    command,
    "waybill dmarc --domain example.org",
    "waybill dmarc message.eml --ip 192.0.2.1 --mail-from ann@example.org --helo mx.example.org",
  );
}

async function dmarc(file: string | undefined, options: DmarcOptions, context: Context): Promise<void> {
  const { domain, ip, mailFrom } = options;
  if (domain === undefined) {
    if ((ip === undefined) !== (mailFrom === undefined))
      throw new CommandError(exitCodes.usage, "--ip and --mail-from belong together: SPF needs both.");
    return judgeMessage(await messageOf(file, context), options, context);
  }
  if (file !== undefined || ip !== undefined || mailFrom !== undefined)
    throw new CommandError(exitCodes.usage, "--domain looks at a record only: leave out the message, or --domain.");
  await lookAtDomain(domain, options, context);
}

async function lookAtDomain(text: string, options: DmarcOptions, context: Context): Promise<void> {
  const domain = parseDomain(text.replace(/\.$/, ""));
  if (domain === undefined)
    throw new CommandError(exitCodes.usage, `--domain: "${text}" is not a domain. Write example.org.`);
  const asking = await askingFor(options, context);
  const { walked, steps, state } = await explainDmarcDomain(domain, asking.resolver);
  const { policy, organization = null } = walked;
  const json = { state, domain, organization, policyDomain: policy?.domain ?? null, record: policy?.record ?? null };
  tell({ title: `DMARC of ${domain}`, steps, json, ended: stateEnded[state] }, options, { context, asking });
}

async function judgeMessage(message: MessageFile, options: DmarcOptions, context: Context): Promise<void> {
  const { judgeContent } = await import("./content.ts"); // lazy: other commands need it not
  const asking = await askingFor(options, context);
  const comesFrom = await comesFromOf(options, asking);
  const { dkim, dmarc: verdict } = await judgeContent(message.content, comesFrom, { asking, context });
  const { resolver } = asking;
  const steps = await explainDmarc({ message, verdict, spf: comesFrom.spf, dkim, resolver });
  const json = { ...verdict, spf: comesFrom.spf, dkim };
  tell({ title: "DMARC", steps, json, ended: resultEnded[verdict.result] }, options, { context, asking });
}

async function comesFromOf({ ip, mailFrom, helo = "" }: DmarcOptions, asking: Asking): Promise<ComesFrom> {
  const { fromNowhere } = await import("./content.ts");
  if (ip === undefined || mailFrom === undefined) return fromNowhere;
  const { evaluateSpf } = await import("../../../judge/identity/evaluate.ts");
  const came = { client: readClient(ip).toString(), helo, mailFrom: readMailFrom(mailFrom) };
  return { ...came, spf: await evaluateSpf({ ...came, hostname: asking.hostname }, asking.resolver) };
}

const stateEnded: Readonly<Record<DomainExplained["state"], Told["ended"]>> = {
  good: "well",
  wrong: "failed",
  missing: "failed",
  unknown: "unsure",
};

const resultEnded: Readonly<Record<DmarcVerdict["result"], Told["ended"]>> = {
  pass: "well",
  none: "failed",
  fail: "failed",
  permerror: "failed",
  temperror: "unsure",
};
