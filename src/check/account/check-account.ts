// `check account`: for a person whose mail app cannot connect, receive or send.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import { type Check, type Progress, type Report, runChecks } from "../run.ts";
import { autoconfig, directory } from "./autoconfig.ts";
import { autodiscover } from "./autodiscover.ts";
import { compare } from "./compare.ts";
import { formOf } from "./form.ts";
import { message } from "./message.ts";
import { hearing } from "./heard-hosts.ts";
import type { AccountTools } from "./question.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";
import { settings } from "./settings.ts";
import { srv } from "./srv.ts";
import { type Learned, type Sentence, verdictOf } from "./verdict.ts";

/** Each behind those that it needs. */
export const accountChecks: readonly Check<AccountTools>[] = [
  autoconfig,
  autodiscover,
  srv,
  directory,
  settings,
  receive,
  send,
  compare,
  message,
];

export interface AccountReport extends Report {
  /** What belongs into the app. */
  readonly settings: readonly ServerSettings[];
  readonly verdict: readonly Sentence[];
}

/** Never rejects. */
export async function checkAccount(
  asked: Omit<AccountTools, "heard">,
  how: { readonly tell?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<AccountReport> {
  const { question, world } = asked;
  const { web, hosts: heard } = hearing(asked.web, question.localPart);
  const tools: AccountTools = { ...asked, web, heard };
  const { address: about, limits } = question;
  const { totalMs, checkMs: limitMs } = limits;
  const learned: Record<string, unknown> = {};
  const remembering = accountChecks.map((check) => ({
    ...check,
    run: async (...given: Parameters<typeof check.run>) => (learned[check.name] = await check.run(...given)),
  }));
  const report = await runChecks(remembering, { tools, world, about, totalMs, limitMs, ...how });
  const known = learned as Learned;
  return { ...report, settings: formOf(question, known), verdict: verdictOf(question, known) };
}
