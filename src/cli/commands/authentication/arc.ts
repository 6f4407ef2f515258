// `waybill arc`: who forwarded a message, what they say they saw, and whether the chain holds.
import type { Command } from "commander";
import { explainArc } from "../../../check/authentication/arc-explanation.ts";
import { arcReasons } from "../../../check/authentication/reasons.ts";
import type { ArcVerdict } from "../../../mail/verdict.ts";
import type { Context } from "../../context.ts";
import { configOption, example, jsonOption, resolverOption } from "../options.ts";
import { type AskingOptions, askingFor, messageOf, reasonsHelp, tell, type Told } from "./asking.ts";

export function addArc(program: Command, context: Context): void {
  const command = program
    .command("arc")
    .summary("check who forwarded a message, and what they saw (ARC), step by step")
    .description(
      "Check the ARC chain of a message: each seal and signature, what each forwarder says it saw, and whether the " +
        "chain holds. Exit code 0: the chain holds, or there is none, as in all mail that nobody forwarded; 1: it is " +
        "broken; 65: the input is no message; 66: the file cannot be read; 75: DNS failed.",
    )
    .argument("[message]", "file with the whole message; without it, standard input")
    .addOption(resolverOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .action((file: string | undefined, options: AskingOptions) => arc(file, options, context));
  command.addHelpText("after", () => reasonsHelp(arcReasons));
  example(command, "waybill arc message.eml");
}

async function arc(file: string | undefined, options: AskingOptions, context: Context): Promise<void> {
  const { fromNowhere, judgeContent } = await import("./content.ts"); // lazy: other commands need it not
  const message = await messageOf(file, context);
  const asking = await askingFor(options, context);
  const { arc: verdict } = await judgeContent(message.content, fromNowhere, { asking, context });
  const { steps, because } = await explainArc({ message, verdict, resolver: asking.resolver });
  const json = { ...verdict, because };
  tell({ title: "ARC", steps, json, ended: endedOf[verdict.result] }, options, { context, asking });
}

const endedOf: Readonly<Record<ArcVerdict["result"], Told["ended"]>> = {
  pass: "well",
  none: "well",
  fail: "failed",
  temperror: "unsure",
};
