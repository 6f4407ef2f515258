// Our own resolver does not answer: nothing is known of the route then, and the recipient's name servers are not to blame.
import { isFailure } from "../../dns/answer.ts";
import { domainOf } from "../../mail/address.ts";
import { isPermanent } from "../../mail/failure.ts";
import { act } from "../finding.ts";
import { isDead, isOwnTrouble } from "../net/own-resolver.ts";
import type { Asked } from "../run.ts";
import { type DeliveryTools, tell, type Way } from "./question.ts";

/** The failure of the way's routing is our resolver's. */
export async function isOurResolvers({ routing }: Way, { tools }: Asked<DeliveryTools>): Promise<boolean> {
  if (routing.kind !== "failed" || routing.because.kind !== "dns" || isPermanent(routing.because)) return false;
  const { resolver, delivery } = tools;
  const { name } = routing.because;
  const failed = resolver.questions.filter((one) => one.name === name.toLowerCase() && isFailure(one.answer));
  if (failed.some(({ answer }) => isOwnTrouble(answer))) return true;
  // of SPF, and asked anyway: a domain of another owner
  await resolver.txt(domainOf(delivery.sender));
  return isDead(resolver.questions);
}

export const tellResolver = ({ recipient }: Way, asked: Asked<DeliveryTools>): void =>
  tell(asked, "dns.own-resolver", {
    about: domainOf(recipient),
    recipient,
    values: { resolver: asked.tools.dnsServers.join(" and ") },
    changes: [act("start-resolver")],
  });
