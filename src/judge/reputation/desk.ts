// Reputation for people: what is known of whom and why, and the operator's word on it.
import { isIP } from "node:net";
import type { Instant, World } from "../../base/world.ts";
import { parseDomain } from "../../mail/address.ts";
import type { Identity } from "../../mail/verdict.ts";
import { networkOf } from "../identity/identity.ts";
import { organizationOf } from "../identity/organization.ts";
import type { Pin, SenderRecord, Tally } from "../sender-store.ts";
import type { Behaviour } from "./learn.ts";
import type { Reputation } from "./reputation.ts";
import { identityId, identityOfId, standing, type Standing } from "./standing.ts";

export interface SenderStatus extends Omit<Standing, "pinned"> {
  readonly identity: Identity;
  readonly firstAt: Instant;
  /** Last seen; absent: only pinned. */
  readonly lastAt?: Instant;
  readonly seen: Readonly<Partial<Record<Behaviour, Tally>>>;
  readonly pin?: Pin;
}

interface SenderFilter {
  readonly class?: Standing["class"];
}

export interface SenderDesk {
  /** The worst first. */
  list(filter: SenderFilter, limit: number): Promise<SenderStatus[]>;
  /** What is known under a name; undefined: nobody can have it. */
  find(name: string): Promise<SenderStatus[] | undefined>;
  /** Answers who was pinned. */
  pin(name: string, pin: Pick<Pin, "as" | "because"> | undefined): Promise<Identity[] | undefined>;
  /** Answers who was known. */
  forget(name: string): Promise<Identity[] | undefined>;
}

export function senderDesk(
  { memory, settings }: Pick<Reputation, "memory" | "settings">,
  world: Pick<World, "now">,
): SenderDesk {
  const statusOf = (record: SenderRecord): SenderStatus => {
    const { pinned: _, ...found } = standing(record, { ...settings, now: world.now() });
    const lastAt = Math.max(...Object.values(record.tallies).map((tally) => tally.lastAt));
    return {
      identity: identityOfId(record),
      ...found,
      firstAt: record.firstAt,
      ...(Number.isFinite(lastAt) && { lastAt }),
      seen: record.tallies,
      ...(record.pin && { pin: record.pin }),
    };
  };
  return {
    async list(filter, limit) {
      const found: SenderStatus[] = [];
      for await (const record of memory.all("identity")) {
        const status = statusOf(record);
        if (filter.class === undefined || status.class === filter.class) found.push(status);
        if (found.length >= 2 * limit) found.sort(worstFirst).splice(limit);
      }
      return found.sort(worstFirst).slice(0, limit);
    },
    async find(name) {
      const identities = identitiesOf(name);
      return identities && (await memory.read(identities.map(identityId))).map(statusOf);
    },
    async pin(name, word) {
      const identities = identitiesOf(name);
      const pin = word && { ...word, at: world.now() };
      for (const identity of identities ?? []) await memory.pin(identityId(identity), pin);
      return identities;
    },
    async forget(name) {
      const identities = identitiesOf(name);
      const known: Identity[] = [];
      for (const identity of identities ?? []) if (await memory.forget(identityId(identity))) known.push(identity);
      return identities && known;
    },
  };
}

const worstFirst = (a: SenderStatus, b: SenderStatus): number => a.score - b.score || b.firstAt - a.firstAt;

const kinds = ["dmarc", "dkim", "spf"] as const;

/** "example.org", "mail.example.org" for the same, "192.0.2.7", "192.0.2.0/24", "spf:example.org", "account:ann"; undefined: no name of an identity. */
function identitiesOf(text: string): Identity[] | undefined {
  const [, kind, rest = ""] = /^(account|dmarc|dkim|spf):(.+)$/.exec(text) ?? [];
  if (kind === "account") return [{ kind, name: rest }];
  const [address = ""] = text.split("/");
  if (isIP(address) !== 0) {
    const network: Identity = { kind: "network", name: networkOf(address) };
    return address === text || network.name === text ? [network] : undefined;
  }
  const domain = parseDomain(kind === undefined ? text : rest);
  if (domain === undefined) return undefined;
  const name = organizationOf(domain);
  return kinds.filter((one) => kind === undefined || one === kind).map((one) => ({ kind: one, name }));
}
