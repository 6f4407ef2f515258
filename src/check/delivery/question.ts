// What is asked about a message that has not been sent, and what its checks learn and pass on to each other. What route/,
// deliver/ and the running server know of it comes through a port: no check decides that anew.
import type { Instant } from "../../base/world.ts";
import type { CauseName } from "../../explain/explanation.ts";
import type { Event } from "../../journal/event.ts";
import { type Address, domainOf } from "../../mail/address.ts";
import type { TlsFacts } from "../../mail/client.ts";
import type { Failure } from "../../mail/failure.ts";
import type { HostCandidate, Hop, Routing } from "../../mail/hop.ts";
import type { Step } from "../../mail/outcome.ts";
import type { ClientSession } from "../../smtp/client-session.ts";
import type { DnsRecord } from "../dns-record.ts";
import type { DomainQuestion, DomainTools } from "../domain/question.ts";
import { finding, type FindingId, type Found } from "../finding.ts";
import { type Asked, checksOf } from "../run.ts";

export interface DeliveryQuestion {
  /** In the envelope, and in the From field. */
  readonly sender: Address;
  readonly recipient: Address;
  /** Of the message that would be sent. */
  readonly sizeBytes: number;
  /** Where receivers see us come from. */
  readonly source: Source;
}

export interface Source {
  readonly addresses: readonly string[];
  /** How they were found. */
  readonly by: "option" | "source_address" | "hostname";
}

export interface DeliveryTools extends DomainTools {
  /** Of the recipient's domain. */
  readonly question: DomainQuestion;
  readonly delivery: DeliveryQuestion;
  readonly prospects: Prospects;
}

/** What those who deliver would do. */
export interface Prospects {
  /** Aliases followed, each address with where it goes next; none: one of our domains, and no such mailbox. */
  ways(): Promise<readonly Way[]>;
  /** A session as a delivery opens it, with its way of TLS and login. Never rejects. */
  open(hop: RemoteHop, target: HopTarget, signal: AbortSignal): Promise<Opened>;
  /** Undefined: it can be written to. */
  maildir(path: string): Promise<Failure | undefined>;
  /** DKIM records of the keys that would sign mail of this domain. Rejects when they cannot be read. */
  keys(domain: string): Promise<readonly SigningRecord[]>;
  /** What the running server knows; `no-server`: none runs, or it cannot be asked. */
  standing(ways: readonly Way[]): Promise<Standing | { readonly kind: "no-server"; readonly why: string }>;
}

export interface Way {
  readonly recipient: Address;
  readonly routing: Routing;
  /** By a [[route]], and not by MX. */
  readonly isByRule: boolean;
}

export type RemoteHop = Exclude<Hop, { kind: "maildir" }>;

/** One address of a next hop; `address` may be a unix socket. */
export interface HopTarget extends Omit<HostCandidate, "addresses"> {
  readonly address: string;
}

export type Opened = {
  /** What was said before the session was open, as it was said. */
  readonly heard: readonly string[];
  readonly steps: readonly Step[];
} & (
  | { readonly kind: "open"; readonly session: ClientSession }
  | { readonly kind: "failed"; readonly because: Failure }
);

export interface SigningRecord extends DnsRecord {
  readonly selector: string;
  /** d= of the signature. */
  readonly domain: string;
}

export interface Standing {
  readonly kind: "known";
  /** The server's clock. */
  readonly now: Instant;
  readonly sites: readonly SiteStanding[];
  readonly suppressions: readonly Suppressed[];
  readonly waiting: readonly Waiting[];
  /** Deliveries to the recipient's domain. */
  readonly waitingForDomain: number;
  /** Of mail to the recipient, the newest last. */
  readonly history: readonly Event[];
}

export interface SiteStanding {
  readonly site: string;
  readonly state: "open" | "slowed" | "closed" | "suspended";
  /** The operator's words. */
  readonly suspended?: string;
  readonly because?: Failure;
  /** When a closed site is probed. */
  readonly until?: Instant;
}

export interface Suppressed {
  readonly address: Address;
  readonly cause: CauseName;
  readonly because: string;
  readonly until: Instant;
}

/** A delivery to the recipient in the queue. */
export interface Waiting {
  readonly queueId: string;
  readonly state: "due" | "deferred" | "claimed" | "held";
  readonly attempts: number;
  readonly dueAt: Instant;
  readonly lastFailure?: Failure;
}

/** How one address of a next hop answered. */
export interface HostAnswer {
  readonly way: Way;
  readonly target: HopTarget;
  readonly tls?: TlsFacts;
  /** Absent: it would take the recipient. */
  readonly because?: Failure;
  /** A session was opened: its word counts, and no other host is asked after it. */
  readonly isOpened: boolean;
}

/** Whether the receiver can tell that the message is really from its sender. RFC 9989 */
export interface SenderProof {
  /** Of DMARC, when neither SPF nor DKIM proves it. */
  readonly fails?: "none" | "quarantine" | "reject";
}

export interface DeliveryFacts {
  readonly "delivery-route": readonly Way[];
  readonly "delivery-hosts": readonly HostAnswer[];
  readonly "delivery-tls": void;
  readonly "delivery-sender": SenderProof;
  /** Undefined: no server runs. */
  readonly "delivery-state": Standing | undefined;
  readonly "delivery-verdict": void;
}

/** A check of a delivery. */
export const deliveryCheck = checksOf<DeliveryFacts, DeliveryTools>();

interface Told extends Partial<Found> {
  /** Where an alias of the recipient's leads. */
  readonly recipient?: Address;
}

/** Tells of a finding, unless said otherwise about the recipient. Its words may name both, and the domain of who can act. */
export function tell({ tools, found }: Asked<DeliveryTools>, id: FindingId, told: Told = {}): void {
  const { sender } = tools.delivery;
  const { recipient = tools.delivery.recipient, ...said } = told;
  const { whoActs, ...made } = finding(id, { about: recipient, ...said });
  const domain = domainOf(whoActs === "sender-admin" ? sender : recipient);
  found({ ...made, whoActs, values: { recipient, sender, domain, ...said.values } });
}

/** "mx.example.org [192.0.2.1]:25" */
export const placeText = ({ name, address, port }: HopTarget): string =>
  address.startsWith("/") ? address : name === address ? `${address}:${port}` : `${name} [${address}]:${port}`;
