// DNS that did not answer, as a finding; and whose fault that is.
import { type DnsFailure, isFailure } from "../../dns/answer.ts";
import type { Answer } from "../../dns/resolver.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { type DomainTools, say } from "./question.ts";

export { isFailure };

export const problemOf = (failure: DnsFailure): string =>
  failure.kind === "timeout" ? "no answer in time" : failure.text;

/** c-ares' words when no server is there to be asked. */
const unreachable = /\b(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)\b/;

/** Nobody could be asked. */
export const isOwnTrouble = (answer: Answer<unknown>): boolean =>
  answer.kind === "server-failure" && unreachable.test(answer.text);

/** Of a name in the domain. */
export function sayTrouble(asked: Asked<DomainTools>, about: string, failure: DnsFailure): void {
  const values = { problem: problemOf(failure), resolver: asked.tools.dnsServers.join(" and ") };
  if (isOwnTrouble(failure)) return say(asked, "dns.own-resolver", { about, values, changes: [act("start-resolver")] });
  const id = failure.kind === "timeout" ? "dns.no-answer" : "dns.server-failure";
  say(asked, id, { about, values, changes: [act("see-to-name-servers")] });
}
