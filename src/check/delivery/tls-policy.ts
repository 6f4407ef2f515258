// What the recipient's domain asks of those who send to it, MTA-STS and DANE, and whether its hosts keep it. RFC 8461, RFC 7672.
import { dane } from "../domain/dane.ts";
import { mtaSts, mtaStsMx } from "../domain/mta-sts.ts";
import type { MxFacts } from "../domain/question.ts";
import { visit } from "../domain/visit.ts";
import { domainOf } from "../../mail/address.ts";
import type { Hop } from "../../mail/hop.ts";
import type { Asked } from "../run.ts";
import { gathering, passOn } from "./domain-checks.ts";
import { deliveryCheck, type DeliveryTools, type HopTarget, tell } from "./question.ts";

export const tlsPolicy = deliveryCheck({
  name: "delivery-tls",
  needs: ["delivery-route", "delivery-hosts"],
  async run(asked, { "delivery-route": ways, "delivery-hosts": answers }) {
    await Promise.all(
      ways.map(async (way) => {
        const { routing, isByRule } = way;
        const domain = domainOf(way.recipient);
        if (isByRule || routing.kind === "failed" || routing.hop.kind !== "smtp" || domain.startsWith("[")) return;
        const opened = answers.filter((answer) => answer.way === way && answer.isOpened).map(({ target }) => target);
        await lookAt({ domain, hop: routing.hop, opened }, asked);
      }),
    );
  },
});

interface Destination {
  readonly domain: string;
  readonly hop: Hop & { kind: "smtp" };
  /** Where a session was possible. */
  readonly opened: readonly HopTarget[];
}

async function lookAt({ domain, hop, opened }: Destination, asked: Asked<DeliveryTools>): Promise<void> {
  const gathered = gathering(asked, { domain });
  const mx: MxFacts = { kind: "hosts", hosts: hop.hosts.map(({ name }) => name) };
  const [policy, hasTlsa] = await Promise.all([mtaSts.run(gathered, { mx }), hasTlsaRecords(hop, asked)]);
  if (policy !== undefined || hasTlsa) {
    const servers = await visitAll(opened, asked);
    const addresses = servers.map(({ target }) => target);
    await mtaStsMx.run(gathered, { mx, "mta-sts": policy, servers });
    await dane.run(gathered, { addresses, servers });
  }
  passOn(gathered, asked, { worst: "warning", leaveOut });
  const isBroken = gathered.findings.some(({ id }) => violations.has(id));
  if (isBroken) tell(asked, "delivery.all-the-same", { about: domain });
}

/** Of the domain's own concern; and without DNSSEC nobody looks at the records. */
const leaveOut: ReadonlySet<string> = new Set(["mta-sts.short-life", "dane.none", "dane.not-signed"]);

/** A sender that honours the policy would not deliver. */
const violations: ReadonlySet<string> = new Set([
  "mta-sts.mx-not-named",
  "mta-sts.mx-fails",
  "dane.mismatch",
  "dane.no-tls",
]);

async function hasTlsaRecords({ hosts }: Hop & { kind: "smtp" }, { tools }: Asked<DeliveryTools>): Promise<boolean> {
  const answers = await Promise.all(hosts.map(({ name, port }) => tools.raw.ask(`_${port}._tcp.${name}`, "TLSA")));
  return answers.some(({ answer }) => answer.kind === "found");
}

/** Only as far as the certificate. */
function visitAll(opened: readonly HopTarget[], { tools, signal }: Asked<DeliveryTools>) {
  const { connector, question } = tools;
  const { hello, limits } = question;
  return Promise.all(
    opened.map(({ name: host, address, port }) =>
      visit({ host, address }, { connector, port, hello, ask: [], limits, signal }),
    ),
  );
}
