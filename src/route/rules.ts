// The route rules of waybill.toml: which one a recipient and a sender fall under.
import type { Config } from "../config/schema.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import { domainOf } from "../mail/address.ts";

export type Route = Config["route"][number];

/** The first rule that fits. A rule with `from` never fits the null reverse-path. */
export const findRoute = (routes: readonly Route[], recipient: Address, reversePath: ReversePath): Route | undefined =>
  routes.find(({ to, from }) => fitsDomain(to, domainOf(recipient)) && fitsSender(from, reversePath));

/** `*.example.org` is all below example.org, not itself. */
const fitsDomain = (pattern: string | undefined, domain: string): boolean =>
  pattern === undefined || (pattern.startsWith("*.") ? domain.endsWith(pattern.slice(1)) : domain === pattern);

/** Case of a local part makes no difference: the rule is for a person's mail, however a program writes the name. */
function fitsSender(pattern: string | undefined, sender: ReversePath): boolean {
  if (pattern === undefined) return true;
  return pattern.includes("@") ? sender.toLowerCase() === pattern.toLowerCase() : sender.endsWith(`@${pattern}`);
}
