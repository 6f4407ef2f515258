// `waybill check`: why mail does not work.
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { addCheckAccount } from "./check-account.ts";
import { addCheckDelivery } from "./check-delivery.ts";
import { addCheckDomain } from "./check-domain.ts";
import { addCheckServer } from "./check-server.ts";
import { addCheckSelf } from "./check-self.ts";

export function addCheck(program: Command, context: Context): void {
  const check = program
    .command("check")
    .summary("find out why mail does not work, and what to change")
    .description(
      "Find out why mail does not work: what was looked at, what was found, why it matters, who can fix it and what to change.",
    )
    .addHelpText(
      "after",
      "\nWhich one? A mail app that does not work: account, with your address. Mail to somebody: delivery. Mail of a whole\n" +
        "domain: domain. One server, after it was set up: server. This machine: self.",
    );
  addCheckDomain(check, context);
  addCheckServer(check, context);
  addCheckAccount(check, context);
  addCheckDelivery(check, context);
  addCheckSelf(check, context);
}
