// What is known of a site, as data for people and programs.
import type { Instant } from "../../base/world.ts";
import type { CauseName } from "../../explain/explanation.ts";
import type { Failure } from "../../mail/failure.ts";
import type { Site } from "./site.ts";

export interface DestinationStatus {
  readonly site: string;
  /** Recipient domains that it takes mail for, the latest ones. */
  readonly domains: readonly string[];
  /** closed: it is left alone until a probe; slowed: it gets less than it could, for what it said. */
  readonly state: "open" | "slowed" | "closed" | "suspended";
  /** The operator's words. */
  readonly suspended?: string;
  /** The trouble, or the suspension. */
  readonly since?: Instant;
  readonly because?: Failure;
  /** When a closed site is probed. */
  readonly until?: Instant;
  /** Probes that failed, the first failure included. */
  readonly failures?: number;
  /** Connections at once: now, and by the config. */
  readonly connections: number;
  readonly maxConnections: number;
  readonly messagesPerConnection: number;
  /** Absent: no limit. */
  readonly messagesPerMinute?: number;
  /** Deliveries in hand, and those of them in a session. */
  readonly inHand: number;
  readonly inSession: number;
  /** Why deliveries failed or were put off since the start, and how often. */
  readonly causes: Readonly<Partial<Record<CauseName, number>>>;
}

const domainsShown = 10;

export function statusOf(site: Site, now: Instant): DestinationStatus {
  const { name, suspended, learnt, rate, rules } = site;
  const { closure, trouble } = learnt;
  const shared = {
    site: name,
    domains: [...site.domains].slice(-domainsShown),
    connections: site.connections,
    maxConnections: rules.maxConnections,
    messagesPerConnection: site.messagesPerConnection,
    ...(rate !== Infinity && { messagesPerMinute: rate }),
    inHand: site.inHand,
    inSession: site.sessions,
    causes: Object.fromEntries(site.causes),
  };
  const reason = trouble && { because: trouble.because, since: trouble.at };
  if (suspended !== undefined) {
    const since = suspended.since === undefined ? {} : { since: suspended.since };
    return { ...shared, state: "suspended", suspended: suspended.words, ...since };
  }
  if (closure !== undefined) {
    const { because, since, until, failures } = closure;
    return { ...shared, state: "closed", because, since, until: Math.max(until, now), failures };
  }
  return { ...shared, state: site.isSlowed ? "slowed" : "open", ...reason };
}
