// `waybill dkim`: what each signature of a message is worth, and why. The commands about our own keys join this group.
import type { Command } from "commander";
import { dkimResult, explainDkim } from "../../../check/authentication/dkim-explanation.ts";
import { dkimReasons } from "../../../check/authentication/reasons.ts";
import type { DkimResult } from "../../../mail/verdict.ts";
import type { Context } from "../../context.ts";
import { configOption, example, jsonOption, resolverOption } from "../options.ts";
import { type AskingOptions, askingFor, messageOf, reasonsHelp, tell, type Told } from "./asking.ts";

/** The group, with its default command `verify`. */
export function dkimCommand(program: Command, context: Context): Command {
  const dkim = program
    .command("dkim")
    .summary("check the signatures of a message (DKIM), step by step")
    .description("About DKIM signatures. Without a command, those of a message are checked.");
  const verify = dkim
    .command("verify", { isDefault: true })
    .summary("check each signature of a message, and say what to change")
    .description(
      "Check each DKIM signature of a message: its key in DNS, the fields and the text that it signs, and what the " +
        "domain's owner should change. Exit code 0: a signature holds; 1: none holds, or there is none; 65: the input " +
        "is no message; 66: the file cannot be read; 75: DNS failed.",
    )
    .argument("[message]", "file with the whole message; without it, standard input")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((file: string | undefined, options: AskingOptions) => verifyMessage(file, options, context));
  verify.addHelpText("after", () => reasonsHelp(dkimReasons));
  example(verify, "waybill dkim verify message.eml");
  return dkim;
}

async function verifyMessage(file: string | undefined, options: AskingOptions, context: Context): Promise<void> {
  const { fromNowhere, judgeContent } = await import("./content.ts"); // lazy: other commands need it not
  const message = await messageOf(file, context);
  const asking = await askingFor(options, context);
  const { dkim: verdicts } = await judgeContent(message.content, fromNowhere, { asking, context });
  const result = dkimResult(verdicts);
  const now = context.world.now();
  const { steps, reasons } = await explainDkim({ message, verdicts, now, resolver: asking.resolver });
  const signatures = verdicts.map((verdict, i) => ({ ...verdict, reason: reasons[i] }));
  const told = { title: "DKIM", steps, json: { result, signatures }, ended: endedOf[result] };
  tell(told, options, { context, asking });
}

const endedOf: Readonly<Record<DkimResult, Told["ended"]>> = {
  pass: "well",
  none: "failed",
  fail: "failed",
  policy: "failed",
  neutral: "failed",
  permerror: "failed",
  temperror: "unsure",
};
