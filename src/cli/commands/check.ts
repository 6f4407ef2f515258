// `waybill check`: why mail does not work.
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { addCheckDomain } from "./check-domain.ts";

export function addCheck(program: Command, context: Context): void {
  const check = program
    .command("check")
    .summary("find out why mail does not work, and what to change")
    .description(
      "Find out why mail does not work: what was looked at, what was found, why it matters, who can fix it and what to change.",
    );
  addCheckDomain(check, context);
}
