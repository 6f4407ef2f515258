// Where the message goes next: hand-over here, a route of ours, or the MX hosts of the recipient's domain.
import { domainOf } from "../../mail/address.ts";
import type { Hop } from "../../mail/hop.ts";
import { tellFailure } from "./failure-findings.ts";
import { isOurResolvers, tellResolver } from "./own-resolver.ts";
import { deliveryCheck, tell, type Way } from "./question.ts";
import { act } from "../finding.ts";

export const route = deliveryCheck({
  name: "delivery-route",
  async run(asked) {
    const { recipient } = asked.tools.delivery;
    const ways = await asked.tools.prospects.ways();
    if (ways.length === 0) tell(asked, "delivery.no-such-mailbox", { changes: [act("correct-address")] });
    for (const way of ways) {
      const { routing } = way;
      const isAlias = way.recipient !== recipient;
      if (isAlias) tell(asked, "delivery.alias", { values: { target: way.recipient } });
      if (await isOurResolvers(way, asked)) tellResolver(way, asked);
      else if (routing.kind === "failed") tellFailure(routing.because, { way, about: domainOf(way.recipient) }, asked);
      else if (routing.kind === "hop")
        tell(asked, "delivery.route", { about: way.recipient, values: { way: hopText(routing.hop, way) } });
    }
    return ways;
  },
});

function hopText(hop: Hop, { isByRule }: Way): string {
  switch (hop.kind) {
    case "maildir":
      return `into the Maildir ${hop.path}`;
    case "lmtp":
      return `by LMTP to ${"path" in hop.to ? hop.to.path : `${hop.to.host}:${hop.to.port}`}`;
    case "smtp": {
      const hosts = hop.hosts.map(({ name, port }) => (port === 25 ? name : `${name}:${port}`)).join(", ");
      return isByRule ? `by a route of ours to ${hosts}` : `to the MX hosts ${hosts}`;
    }
  }
}
