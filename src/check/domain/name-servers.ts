// The name servers of the domain's zone, asked themselves: does each have the zone, and do they say the same? RFC 1034 §4.1,
// RFC 2182.
import { addressesOf, recordsIn } from "../../dns/answer.ts";
import { act } from "../finding.ts";
import type { RawResolver } from "../net/raw-dns.ts";
import type { Asked } from "../run.ts";
import { domainCheck, type DomainTools, isHopeless, say } from "./question.ts";

export const nameServers = domainCheck({
  name: "name-servers",
  needs: ["mx"],
  async run(asked, { mx }) {
    const { nameServer } = asked.tools;
    if (isHopeless(mx) || nameServer === undefined) return;
    const zone = await zoneOf(asked.tools);
    if (zone === undefined) return;
    const looked = await Promise.all(
      zone.servers.slice(0, mostServers).map((server) => lookAt({ server, zone: zone.name, nameServer }, asked)),
    );
    tellOf(zone.name, looked, asked);
  },
});

const mostServers = 8;

interface Zone {
  readonly name: string;
  readonly servers: readonly string[];
}

/** The domain, or what is above it and has name servers. */
async function zoneOf({ raw, question }: DomainTools): Promise<Zone | undefined> {
  for (let name = question.domain; name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
    const { answer } = await raw.ask(name, "NS");
    const servers = recordsIn(answer).flatMap((record) =>
      record.type === "NS" && record.name.toLowerCase() === name ? [record.data.toLowerCase().replace(/\.$/, "")] : [],
    );
    if (servers.length > 0) return { name, servers };
  }
  return undefined;
}

interface Looked {
  readonly server: string;
  /** Why it is no help. */
  readonly problem?: string;
  /** It did not answer at all: perhaps our network lets nobody ask. */
  readonly isSilent?: true;
  /** The MX records, as it has them. */
  readonly mx?: string;
}

interface Asking {
  readonly server: string;
  readonly zone: string;
  readonly nameServer: (address: string) => RawResolver;
}

async function lookAt({ server, zone, nameServer }: Asking, { tools }: Asked<DomainTools>): Promise<Looked> {
  const { resolver, question } = tools;
  const [address] = (await addressesOf(server, resolver)).addresses;
  if (address === undefined) return { server, problem: "it has no address" };
  const asking = nameServer(address);
  const [soa, mx] = await Promise.all([asking.ask(zone, "SOA", "own"), asking.ask(question.domain, "MX", "own")]);
  if (soa.answer.kind === "timeout") return { server, problem: "it does not answer", isSilent: true };
  if (soa.answer.kind === "server-failure") return { server, problem: `it answers ${soa.answer.text}` };
  if (soa.isAuthority !== true) return { server, problem: "it does not have the zone" };
  const texts = recordsIn(mx.answer).flatMap((record) =>
    record.type === "MX" ? [`${record.data.preference} ${record.data.exchange.toLowerCase() || "."}`] : [],
  );
  return { server, mx: texts.toSorted().join(", ") || "none" };
}

function tellOf(zone: string, looked: readonly Looked[], asked: Asked<DomainTools>): void {
  const servers = looked.map(({ server }) => server).join(", ");
  if (looked.every(({ isSilent }) => isSilent))
    return say(asked, "name-servers.not-asked", { about: zone, values: { servers } });
  const lame = looked.filter(({ problem }) => problem !== undefined);
  for (const { server, problem } of lame)
    say(asked, "name-servers.lame", {
      about: server,
      values: { zone, problem },
      changes: [act("mend-name-server", { server, zone })],
    });
  const evidence = looked.flatMap(({ server, mx }) => (mx === undefined ? [] : [`${server}: MX ${mx}`]));
  const differs = new Set(looked.flatMap(({ mx }) => mx ?? [])).size > 1;
  if (differs) say(asked, "name-servers.differ", { about: zone, evidence, changes: [act("same-zone", { zone })] });
  else if (lame.length === 0) say(asked, "name-servers.good", { about: zone, values: { servers } });
}
