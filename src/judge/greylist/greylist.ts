// Greylisting: strangers are asked to come again, which mail servers do, and most programs that send spam do not.
// RFC 6647.
import type { Instant, World } from "../../base/world.ts";
import { type Address, type ReversePath, isPostmaster } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { waitText } from "../../mail/duration.ts";
import { asciiLine } from "../../mail/printable.ts";
import { reply, type Reply } from "../../mail/reply.ts";
import type { SenderVerdicts } from "../../mail/verdict.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import { organizationOf } from "../identity/organization.ts";
import { networkIdentity } from "../reputation/learn.ts";
import type { Reputation } from "../reputation/reputation.ts";
import type { Recalled } from "../reputation/sender-memory.ts";
import { identityId, standing, type Standing } from "../reputation/standing.ts";
import type { SenderId } from "../sender-store.ts";
import {
  attemptChange,
  crowdId,
  crowdOf,
  deferralId,
  type Hosts,
  hostId,
  hostsOf,
  isMature,
  namesOf,
} from "./deferral.ts";
import { isPoor, suspicion } from "./suspicion.ts";

export interface GreylistSettings {
  readonly for: "off" | "suspicious" | "unknown";
  readonly delayMs: number;
  /** Who comes again later than this after the first attempt is a stranger again. */
  readonly retryWithinMs: number;
  /** A host that came again is known for so long after its last mail. */
  readonly keepMs: number;
  /** As of `suspicion`. */
  readonly isSpfFinal?: boolean;
}

interface GreylistParts {
  readonly settings: GreylistSettings;
  readonly world: Pick<World, "now">;
  readonly reputation: Pick<Reputation, "memory" | "settings">;
  /** What DNS lists say: above 0 speaks against a client, below 0 for it. Within a time limit of its own. */
  readonly listing?: (facts: Facts) => number | Promise<number>;
}

export const greylistLimits = {
  poorFactor: 4, // whoever is not well thought of waits so much longer
  renewMs: 3_600_000, // a known host's record is renewed this often
  crowd: 200, // deferrals of one host in `crowdMs`; further ones share a record
  crowdMs: 3_600_000,
  crowds: 5_000, // hosts that are counted
} as const;

const name = "greylist";

export const greylistChecks = (parts: GreylistParts): Check[] => {
  if (parts.settings.for === "off") return [];
  const greylist = new Greylist(parts);
  return [
    { name, phase: "rcpt", judge: (facts) => greylist.atRecipient(facts) },
    { name, phase: "content", judge: (facts) => greylist.atContent(facts) },
  ];
};

class Greylist {
  readonly #parts: GreylistParts;
  /** Deferrals of hosts, by this thread, since a moment; the longest ago first. */
  readonly #crowds = new Map<string, { count: number; readonly since: Instant }>();

  constructor(parts: GreylistParts) {
    this.#parts = parts;
  }

  atRecipient(facts: Facts): Finding | Promise<Finding> {
    const { reversePath, recipient, recipientIs } = facts;
    // whether an address exists is asked with the null reverse-path, and wants an answer: RFC 6647 §5; its content waits
    if (isExempt(facts) || !reversePath || recipient === undefined || recipientIs !== "ours") return nothing;
    return this.#judge(facts, reversePath, [recipient.address]);
  }

  atContent(facts: Facts): Finding | Promise<Finding> {
    const { reversePath, content } = facts;
    if (isExempt(facts) || reversePath !== "" || content === undefined) return nothing;
    const recipients = content.recipients.map(({ address }) => address);
    return this.#judge(
      { ...facts, ...(content.authentication && { sender: Promise.resolve(content.authentication) }) },
      "",
      recipients,
    );
  }

  async #judge(facts: Facts, from: ReversePath, to: readonly Address[]): Promise<Finding> {
    const asked = to.filter((address) => !isPostmaster(address));
    if (asked.length === 0) return nothing;
    const { client } = facts;
    const verdicts = await facts.sender;
    const hosts = hostsOf(client, verdicts);
    const known = await this.#parts.reputation.memory.recall(idsOf(hosts, { client, verdicts, from, to: asked }));
    if (!known.isSure) return nothing; // nobody is deferred for ever because we have no memory
    if (this.#isKnownHost(known, hosts)) return nothing;
    const found = this.#standings(known, client, verdicts);
    if (found.isGood) return nothing;
    const because = await this.#because(facts, verdicts, found);
    if (because === undefined) return nothing;
    const { delayMs } = this.#parts.settings;
    const isLonger = isPoor(found.network) || isPoor(found.domain);
    const waitMs = isLonger ? delayMs * greylistLimits.poorFactor : delayMs;
    return this.#defer({ client, known, hosts, from, to: asked, because, delayMs: waitMs });
  }

  /** It came again before; its record is renewed from time to time. */
  #isKnownHost(known: Recalled, hosts: Hosts): boolean {
    const now = this.#parts.world.now();
    for (const host of namesOf(hosts)) {
      const record = known.get(hostId(host));
      if (record === undefined) continue;
      if (now - (record.tallies["retry"]?.lastAt ?? 0) >= greylistLimits.renewMs) this.#proven(host);
      return true;
    }
    return false;
  }

  #proven(host: string): void {
    const { world, settings, reputation } = this.#parts;
    const now = world.now();
    const tallies = { retry: { weight: 1, total: 1, lastAt: now } };
    reputation.memory.note({ ...hostId(host), firstAt: now, expiresAt: now + settings.keepMs, tallies });
  }

  #standings(known: Recalled, client: Client, verdicts: SenderVerdicts | undefined): Standings {
    const { world, reputation } = this.#parts;
    const settings = { ...reputation.settings, now: world.now() };
    const of = (id: SenderId): Standing => standing(known.get(id), settings);
    const network = of(identityId(networkIdentity(client)));
    const domains = domainIds(verdicts).map(of);
    const worst = domains.toSorted((a, b) => a.score - b.score)[0];
    const isGood = [network, ...domains].some((one) => one.class === "good");
    return { network, isGood, ...(worst && { domain: worst }) };
  }

  /** Why it must come again; undefined: it need not. */
  async #because(facts: Facts, verdicts: SenderVerdicts | undefined, found: Standings): Promise<string | undefined> {
    const { settings, listing } = this.#parts;
    const listed = (await listing?.(facts)) ?? 0;
    if (listed < 0) return undefined;
    const why = suspicion({
      client: facts.client,
      verdicts,
      listed,
      ...found,
      isSpfFinal: settings.isSpfFinal ?? false,
    });
    return settings.for === "unknown" ? (why ?? `${facts.client.address} is new to us`) : why;
  }

  #defer({ client, known, hosts, from, to, because, delayMs }: Deferring): Finding {
    const { world, settings, reputation } = this.#parts;
    const now = world.now();
    const names = namesOf(hosts);
    let waitMs = 0;
    for (const address of to) {
      const ids = names.flatMap((host) => [deferralId({ host, from, to: address }), crowdId(host)]);
      const records = ids.flatMap((id) => known.get(id) ?? []);
      if (records.some((record) => isMature(record, delayMs, now))) continue;
      const firstAt = Math.min(now, ...records.map((record) => record.firstAt));
      const [host] = names as [string];
      const id = records[0] ?? (this.#isCrowded(host, now) ? crowdId(host) : ids[0]!);
      const facts = { host, client: client.address, from, to: address, because, delayMs };
      const attempt = {
        id: { kind: id.kind, key: id.key },
        at: now,
        expiresAt: firstAt + settings.retryWithinMs,
        facts,
      };
      if (!reputation.memory.note(attemptChange(attempt))) continue;
      waitMs = Math.max(waitMs, firstAt + delayMs - now);
    }
    if (waitMs > 0) return { kind: "defer", check: name, reply: comeAgain(because, waitMs) };
    this.#proven(names[0]!);
    return nothing;
  }

  /** So that no flood of made-up names drives out the deferrals of others. */
  #isCrowded(host: string, now: Instant): boolean {
    const name = crowdOf(host);
    let crowd = this.#crowds.get(name);
    if (crowd === undefined || now - crowd.since >= greylistLimits.crowdMs) {
      this.#crowds.delete(name);
      crowd = { count: 0, since: now };
      this.#crowds.set(name, crowd);
      if (this.#crowds.size > greylistLimits.crowds) this.#crowds.delete(this.#crowds.keys().next().value!);
    }
    crowd.count += 1;
    return crowd.count > greylistLimits.crowd;
  }
}

interface Standings {
  readonly network: Standing;
  readonly domain?: Standing;
  readonly isGood: boolean;
}

interface Sending {
  readonly client: Client;
  readonly from: ReversePath;
  readonly to: readonly Address[];
}

interface Deferring extends Sending {
  readonly known: Recalled;
  readonly hosts: Hosts;
  readonly because: string;
  readonly delayMs: number;
}

/** RFC 6647 §5: those who have logged in, and our own networks, need no proof. */
const isExempt = ({ trusted, client }: Facts): boolean => trusted || client.account !== undefined;

/** All that is remembered of a sender, in one question. */
function idsOf(
  hosts: Hosts,
  { client, verdicts, from, to }: Sending & { readonly verdicts: SenderVerdicts | undefined },
): SenderId[] {
  const ofHosts = namesOf(hosts).flatMap((host) => [
    hostId(host),
    crowdId(host),
    ...to.map((address) => deferralId({ host, from, to: address })),
  ]);
  return [...ofHosts, identityId(networkIdentity(client)), ...domainIds(verdicts)];
}

/** SPF proves that the client speaks for the domain, be it known by DMARC, DKIM or SPF. */
function domainIds(verdicts: SenderVerdicts | undefined): SenderId[] {
  const [spf] = verdicts?.spf ?? [];
  if (spf?.result !== "pass") return [];
  return (["dmarc", "dkim", "spf"] as const).map((kind) => identityId({ kind, name: organizationOf(spf.domain) }));
}

function comeAgain(because: string, waitMs: number): Reply {
  const text = `greylisted, for ${asciiLine(because, 250)}: this message is welcome in ${waitText(waitMs)}, when your mail server tries again by itself; its sender need do nothing`;
  return reply(451, "4.7.1", text);
}
