// The MX hosts of a domain, in the order to try. RFC 5321 §5.1, RFC 7505 (null MX).
import type { World } from "../base/world.ts";
import type { MxRecord, Resolver } from "../dns/resolver.ts";
import type { Domain } from "../mail/address.ts";
import type { Failure } from "../mail/failure.ts";
import type { HostCandidate } from "../mail/hop.ts";
import type { HostAddresses, IpSetting } from "./addresses.ts";
import { hostAddresses } from "./addresses.ts";

export interface MxSettings {
  readonly resolver: Resolver;
  readonly world: World;
  /** Host names of ours, in lower case. */
  readonly ourNames: ReadonlySet<string>;
  readonly isOurAddress: (address: string) => boolean;
  readonly ip: IpSetting;
  readonly port: number;
}

export type MxHosts =
  | { readonly kind: "hosts"; readonly hosts: readonly HostCandidate[] }
  | { readonly kind: "failed"; readonly because: Failure };

/** Hosts tried for one domain; real sites have a handful, and each costs two questions. */
const mxLimit = 20;

/** `domain` may be an address literal. Never rejects. */
export async function mxHosts(domain: Domain, settings: MxSettings): Promise<MxHosts> {
  const literal = /^\[(?:IPv6:)?(.*)\]$/i.exec(domain)?.[1];
  if (literal !== undefined) return literalHost(domain, literal, settings);

  const answer = await settings.resolver.mx(domain);
  switch (answer.kind) {
    case "found": {
      // RFC 7505 §3: "." alone means no mail; among others it is a mistake and names no host
      const named = answer.records.filter(({ exchange }) => exchange !== "");
      return named.length === 0 ? failed({ kind: "null-mx", domain }) : resolveHosts(domain, named, settings);
    }
    case "no-data":
      return implicitMx(domain, settings);
    case "no-such-domain":
    case "server-failure":
    case "timeout":
      return failed({ kind: "dns", problem: answer.kind, name: domain, query: "MX" });
  }
}

const literalHost = (domain: Domain, address: string, { isOurAddress, port }: MxSettings): MxHosts =>
  isOurAddress(address)
    ? failed({ kind: "mx-is-us", domain })
    : { kind: "hosts", hosts: [{ name: domain, addresses: [address], port }] };

/** RFC 5321 §5.1: without MX records, and only then, the domain is its own host. */
async function implicitMx(domain: Domain, settings: MxSettings): Promise<MxHosts> {
  const result = await resolveHosts(domain, [{ preference: 0, exchange: domain }], settings);
  const isBare = result.kind === "failed" && result.because.kind === "dns" && result.because.problem === "no-data";
  return isBare ? failed({ kind: "dns", problem: "no-data", name: domain, query: "MX" }) : result;
}

async function resolveHosts(domain: Domain, records: readonly MxRecord[], settings: MxSettings): Promise<MxHosts> {
  const { resolver, ip, port, ourNames, isOurAddress } = settings;
  const candidates = beforeUs(inOrder(records, settings.world), ({ exchange }) => ourNames.has(exchange));
  const resolved = await Promise.all(
    candidates
      .slice(0, mxLimit)
      .map(async (record) => ({ ...record, ...(await hostAddresses(record.exchange, resolver, ip)) })),
  );
  const usable = beforeUs(resolved, (host) => host.kind === "found" && host.addresses.some(isOurAddress));
  if (usable.length === 0) return failed({ kind: "mx-is-us", domain });

  const hosts = usable.flatMap((host) =>
    host.kind === "found" ? [{ name: host.exchange, addresses: host.addresses, port }] : [],
  );
  return hosts.length > 0 ? { kind: "hosts", hosts } : failed(noAddress(usable));
}

/** RFC 5321 §5.1: lowest preference first, equal ones in random order; a host named twice counts once. */
function inOrder(records: readonly MxRecord[], world: World): MxRecord[] {
  const seen = new Set<string>();
  return records
    .map((record) => ({ ...record, draw: world.random() }))
    .toSorted((a, b) => a.preference - b.preference || a.draw - b.draw)
    .filter(({ exchange }) => !seen.has(exchange) && seen.add(exchange));
}

/** RFC 5321 §5.1: where we are in the list ourselves, we and all of equal or higher preference are left out. */
function beforeUs<T extends MxRecord>(sorted: readonly T[], isUs: (record: T) => boolean): T[] {
  const ours = sorted.find(isUs);
  return sorted.filter(({ preference }) => ours === undefined || preference < ours.preference);
}

/** No host has an address: for good only if each question was answered. */
function noAddress(hosts: readonly (MxRecord & HostAddresses)[]): Failure {
  const problems = hosts.flatMap((host) =>
    host.kind === "failed" ? [{ name: host.exchange, problem: host.problem }] : [],
  );
  const unanswered = problems.find(({ problem }) => problem === "timeout" || problem === "server-failure");
  return { kind: "dns", query: "A/AAAA", ...(unanswered ?? { name: problems[0]!.name, problem: "no-data" }) };
}

const failed = (because: Failure): MxHosts => ({ kind: "failed", because });
