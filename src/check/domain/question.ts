// What is asked about a domain, and what its checks learn and pass on to each other.
import type { StsPolicy } from "../../mail/sts-policy.ts";
import type { DnsRecord } from "../dns-record.ts";
import type { RawResolver } from "../net/raw-dns.ts";
import { finding, type FindingId, type Found } from "../finding.ts";
import { type Asked, checksOf } from "../run.ts";
import type { CheckLimits, CheckTools } from "../tools.ts";
import type { SmtpVisit } from "./visit.ts";

export interface DomainQuestion {
  /** In A-labels and lower case. */
  readonly domain: string;
  /** Our name for EHLO. */
  readonly hello: string;
  /** Of MX hosts: 25, but in a lab. */
  readonly port: number;
  /** DKIM keys that must be there. */
  readonly selectors: readonly string[];
  /** Addresses that send the domain's mail. */
  readonly senders: readonly string[];
  /** Blocklists: zones that are asked. */
  readonly lists: readonly BlockList[];
  /** A domain of our own: what should be published. */
  readonly wanted?: readonly DnsRecord[];
  /** Whether the Internet can reach an address; a lab's can be reached anywhere. */
  readonly isPublic: (address: string) => boolean;
  readonly limits: CheckLimits;
}

export interface BlockList {
  readonly name: string;
  readonly of: "address" | "domain";
}

export interface DomainTools extends CheckTools {
  readonly question: DomainQuestion;
  /** Asks a name server itself; without it, name servers are not looked at. */
  readonly nameServer?: (address: string) => RawResolver;
}

export interface MxFacts {
  /** `unknown`: DNS did not say; `no-resolver`: nobody could be asked at all. */
  readonly kind: "hosts" | "implicit" | "null" | "none" | "no-such-domain" | "unknown" | "no-resolver";
  /** The best first; the domain itself where the MX is implicit. */
  readonly hosts: readonly string[];
  /** Of `hosts`. */
  readonly records?: readonly DnsRecord[];
  /** It neither takes nor sends mail, and says so: its SPF record lets nobody send. */
  readonly isParked?: boolean;
}

/** Nothing more can be found out about the domain; that has been told. */
export const isHopeless = ({ kind }: MxFacts): boolean => kind === "no-such-domain" || kind === "no-resolver";

/** One address of an MX host. */
export interface Target {
  readonly host: string;
  readonly address: string;
}

export interface DomainFacts {
  readonly mx: MxFacts;
  /** Those that can be visited. */
  readonly addresses: readonly Target[];
  readonly servers: readonly SmtpVisit[];
  readonly "mta-sts": StsPolicy | undefined;
  readonly dmarc: { readonly policy?: "none" | "quarantine" | "reject" };
  readonly "name-servers": void;
  readonly reverse: void;
  readonly tls: void;
  readonly recipients: void;
  readonly relay: void;
  readonly spf: void;
  readonly dkim: void;
  readonly "mta-sts-mx": void;
  readonly "tls-rpt": void;
  /** Places whose certificate DANE vouches for. */
  readonly dane: ReadonlySet<string>;
  readonly bimi: void;
  readonly lists: void;
  readonly zone: void;
}

/** A check of a domain. */
export const domainCheck = checksOf<DomainFacts, DomainTools>();

/** Tells of a finding, unless said otherwise about the domain itself; its words may name the domain. */
export function say({ tools, found }: Asked<DomainTools>, id: FindingId, said: Partial<Found> = {}): void {
  const { domain } = tools.question;
  found(finding(id, { about: domain, ...said, values: { domain, ...said.values } }));
}
