// What greylisting remembers: deferrals, by client, sender and recipient; and hosts that came again. RFC 6647 §5.
import { createHash } from "node:crypto";
import type { Instant } from "../../base/world.ts";
import type { Address, ReversePath } from "../../mail/address.ts";
import type { SenderVerdicts } from "../../mail/verdict.ts";
import { organizationOf } from "../identity/organization.ts";
import { networkIdentity } from "../reputation/learn.ts";
import type { SenderChange, SenderId, SenderRecord } from "../sender-store.ts";
import type { Client } from "../../mail/client.ts";

/** What counts as one host: a network; and the domain that SPF proved, whose pool retries from anywhere. */
export interface Hosts {
  /** "network 192.0.2.0/24" */
  readonly network: string;
  /** "spf example.org" */
  readonly spf?: string;
}

export function hostsOf(client: Client, verdicts: SenderVerdicts | undefined): Hosts {
  const [spf] = verdicts?.spf ?? [];
  return {
    network: `network ${networkIdentity(client).name}`,
    ...(spf?.result === "pass" && { spf: `spf ${organizationOf(spf.domain)}` }),
  };
}

/** The strongest first. */
export const namesOf = ({ network, spf }: Hosts): string[] => (spf === undefined ? [network] : [spf, network]);

export const hostId = (name: string): SenderId => ({ kind: "host", key: name });

interface Triplet {
  readonly host: string;
  readonly from: ReversePath;
  readonly to: Address;
}

/** Characters of an id that people type: 60 bits. */
const idLength = 12;

export function deferralId({ host, from, to }: Triplet): SenderId {
  const digest = createHash("sha256").update(`${host}\n${from}\n${to}`.toLowerCase()).digest("hex");
  return { kind: "deferral", key: digest.slice(0, idLength) };
}

/** Whom a host's deferrals are counted with: one owner may have all networks of an IPv6 /48. RFC 6177 §2 */
export const crowdOf = (host: string): string => /^network (?:[\da-f]*:){3}/.exec(host)?.[0] ?? host;

/** For a crowd that makes up more senders and recipients than are worth a record of their own. */
export const crowdId = (host: string): SenderId => ({
  kind: "deferral",
  key: deferralId({ host: crowdOf(host), from: "", to: "*" as Address }).key,
});

export interface DeferralFacts {
  readonly host: string;
  readonly client: string;
  readonly from: string;
  readonly to: string;
  readonly because: string;
  readonly delayMs: number;
}

interface Attempt {
  readonly id: SenderId;
  readonly at: Instant;
  readonly expiresAt: Instant;
  readonly facts: DeferralFacts;
}

export const attemptChange = ({ id, at, expiresAt, facts }: Attempt): SenderChange => ({
  ...id,
  firstAt: at,
  expiresAt,
  tallies: { attempt: { weight: 1, total: 1, lastAt: at } },
  facts: { ...facts },
});

/** It was long enough ago, or the operator let it in. */
export const isMature = (record: SenderRecord | undefined, delayMs: number, now: Instant): boolean =>
  record !== undefined && (record.pin?.as === "good" || record.firstAt + delayMs <= now);
