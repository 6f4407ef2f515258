// `waybill spf`: may this address send mail as this sender, and why?
import type { Command } from "commander";
import { spfReasons } from "../../../check/authentication/reasons.ts";
import { explainSpf } from "../../../check/authentication/spf-explanation.ts";
import { type Address, localPartOf } from "../../../mail/address.ts";
import { oneLine } from "../../../mail/printable.ts";
import type { SpfResult } from "../../../mail/verdict.ts";
import type { Context } from "../../context.ts";
import { pathText } from "../../human-units.ts";
import { configOption, example, jsonOption, resolverOption } from "../options.ts";
import { type AskingOptions, askingFor, readClient, readMailFrom, reasonsHelp, tell, type Told } from "./asking.ts";

interface SpfOptions extends AskingOptions {
  readonly ip: string;
  readonly mailFrom: string;
  readonly helo: string;
}

export function addSpf(program: Command, context: Context): void {
  const command = program
    .command("spf")
    .summary("check whether an address may send mail as a sender (SPF), step by step")
    .description(
      "Check what SPF says of a sender who comes from an address: each DNS question, each term of the record, the " +
        "result and what the domain's owner should change. Exit code 0: pass; 1: any other result, none and neutral " +
        "too; 75: DNS failed.",
    )
    .requiredOption("--ip <address>", "the address of the client that brings the mail")
    .requiredOption("--mail-from <address>", "what it says in MAIL FROM; <> is the null reverse-path")
    .option("--helo <name>", "what it says in EHLO or HELO", "")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((options: SpfOptions) => spf(options, context));
  command.addHelpText("after", () => reasonsHelp(spfReasons));
  example(command, "waybill spf --ip 192.0.2.1 --mail-from ann@example.org --helo mx.example.org");
}

async function spf(options: SpfOptions, context: Context): Promise<void> {
  const { evaluateSpf } = await import("../../../judge/identity/evaluate.ts"); // lazy: other commands need it not
  const client = readClient(options.ip);
  const mailFrom = readMailFrom(options.mailFrom);
  const { helo } = options;
  const asking = await askingFor(options, context);
  const { hostname, resolver } = asking;
  const verdicts = await evaluateSpf({ client: client.toString(), helo, mailFrom, hostname }, resolver);
  const verdict = verdicts[0]!; // RFC 7208 §2.4: that of MAIL FROM, or of HELO when there is none
  const hasLocalPart = verdict.scope === "mailfrom" && mailFrom.includes("@");
  const localPart = (hasLocalPart && localPartOf(mailFrom as Address)) || "postmaster"; // RFC 7208 §4.3
  const sender = { client, helo, localPart, senderDomain: verdict.domain };
  const steps = await explainSpf({ ...sender, resolver }, verdicts);
  const { result, explanation = null, because, domain, scope } = verdict;
  const json = { result, explanation, because, domain, scope, client: client.toString(), helo, mailFrom, verdicts };
  const title = `SPF: mail from ${client.toString()}, MAIL FROM ${pathText(mailFrom)}, HELO ${oneLine(helo) || "unknown"}`;
  tell({ title, steps, json, ended: endedOf[result] }, options, { context, asking });
}

const endedOf: Readonly<Record<SpfResult, Told["ended"]>> = {
  pass: "well",
  none: "failed",
  neutral: "failed",
  fail: "failed",
  softfail: "failed",
  permerror: "failed",
  temperror: "unsure",
};
