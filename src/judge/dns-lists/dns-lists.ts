// All DNS lists together: they are asked side by side as soon as it is known about what, and what they say is summed up.
import type { Instant } from "../../base/world.ts";
import { domainOf, parseDomain, isPostmaster } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import { strongest } from "./answers.ts";
import { DnsList, type DnsListParts, type DnsListSettings } from "./dns-list.ts";
import { type Listed, markWords, refusalReply } from "./words.ts";

/** What all lists together say. */
interface Listing {
  /** The sum of the weights: above 0 bad, below 0 good. */
  readonly score: number;
  readonly listings: readonly Listed[];
}

interface DnsListsSettings {
  readonly lists: readonly DnsListSettings[];
  /** Sums from which on; 0: never. */
  readonly refuseAt: number;
  readonly markAt: number;
}

export const dnsListsLimits = {
  /** What was found out is kept so long: from connect to the last recipient; the resolver remembers for longer. */
  keptMs: 60_000,
  /** Addresses and domains, the oldest going first. */
  kept: 10_000,
  /** Asked about for one message: it may have any number of signatures. */
  provenDomains: 8,
} as const;

const name = "dns-lists";

/** Domain → whether it is proven that the sender may use it. */
type Domains = ReadonlyMap<string, boolean>;

export class DnsLists implements Disposable {
  readonly #lists: readonly DnsList[];
  readonly #settings: DnsListsSettings;
  readonly #world: DnsListParts["world"];
  readonly #known = new Map<string, { readonly until: Instant; readonly listed: Promise<readonly Listed[]> }>();

  /** The lists are tested from now on. */
  constructor(settings: DnsListsSettings, parts: DnsListParts) {
    this.#settings = settings;
    this.#world = parts.world;
    this.#lists = settings.lists.map((list) => new DnsList(list, parts));
  }

  /** What the lists of addresses say of a client. Never rejects, and takes no longer than the slowest list may. */
  async listingOf({ address }: Pick<Client, "address">): Promise<Listing> {
    return summed(await this.#look("address", address));
  }

  /** None without lists. */
  get checks(): readonly Check[] {
    const check = (phase: Check["phase"], judge: (facts: Facts) => Finding | Promise<Finding>): Check => ({
      name,
      phase,
      judge: (facts) => (facts.trusted ? nothing : judge(facts)),
    });
    if (this.#lists.length === 0) return [];
    return [
      check("connect", ({ client }) => this.#begin("address", [client.address])),
      check("mail", (facts) => this.#begin("domain", [...claimed(facts).keys()])),
      check("rcpt", (facts) => this.#judgeRecipient(facts)),
      check("content", (facts) => this.#judgeContent(facts)),
    ];
  }

  [Symbol.dispose](): void {
    for (const list of this.#lists) list[Symbol.dispose]();
  }

  /** The answers will be there when a recipient is judged. */
  #begin(of: "address" | "domain", names: readonly string[]): Finding {
    for (const name of names) void this.#look(of, name);
    return nothing;
  }

  /** Not before the recipient is known: postmaster is for all, and the journal tells who missed which mail. */
  async #judgeRecipient(facts: Facts): Promise<Finding> {
    if (facts.recipient === undefined || isPostmaster(facts.recipient.address)) return nothing;
    const { score, listings } = await this.#listingOfSender(facts);
    return this.#isAtLeast(score, this.#settings.refuseAt) ? refusal(listings) : nothing;
  }

  async #judgeContent(facts: Facts): Promise<Finding> {
    const { refuseAt, markAt } = this.#settings;
    const { score, listings } = await this.#listingOfSender(facts);
    const isForPostmaster = facts.content?.recipients.every(({ address }) => isPostmaster(address)) ?? false;
    if (this.#isAtLeast(score, refuseAt) && !isForPostmaster) return refusal(listings);
    return this.#isAtLeast(score, markAt) || this.#isAtLeast(score, refuseAt)
      ? { kind: "mark", check: name, because: markWords(listings) }
      : nothing;
  }

  #isAtLeast(score: number, threshold: number): boolean {
    return threshold > 0 && score >= threshold;
  }

  /** What is known of the sender so far: the client's address, and the domains that it claims or has proven. */
  async #listingOfSender(facts: Facts): Promise<Listing> {
    const ofAddress = await this.#look("address", facts.client.address);
    if (!this.#lists.some(({ settings }) => settings.of === "domain")) return summed(ofAddress);
    const domains: Domains = new Map([...claimed(facts), ...(await provenDomains(facts))]);
    return summed([...ofAddress, ...(await this.#lookUpDomains(domains))]);
  }

  /** Each list counts once. Nobody is good by claiming a good name. */
  async #lookUpDomains(domains: Domains): Promise<Listed[]> {
    const asked = Array.from(domains, async ([domain, isProven]) => {
      const listed = await this.#look("domain", domain);
      return listed.filter(({ weight }) => isProven || weight > 0);
    });
    const byList = Map.groupBy((await Promise.all(asked)).flat(), ({ list }) => list);
    return Array.from(byList.values(), (ofList) => strongest(ofList)!);
  }

  /** What all lists of a kind say of a name. */
  #look(of: "address" | "domain", what: string): Promise<readonly Listed[]> {
    const lists = this.#lists.filter(({ settings }) => settings.of === of);
    if (lists.length === 0) return Promise.resolve([]);
    const now = this.#world.now();
    const known = this.#known.get(what);
    if (known !== undefined && now < known.until) return known.listed;
    const listed = Promise.all(lists.map((list) => list.look(what))).then((all) =>
      all.filter((one) => one !== undefined),
    );
    this.#known.delete(what);
    this.#known.set(what, { until: now + dnsListsLimits.keptMs, listed });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= dnsListsLimits.kept) break;
      this.#known.delete(oldest);
    }
    return listed;
  }
}

const summed = (listings: readonly Listed[]): Listing => ({
  score: listings.reduce((sum, { weight }) => sum + weight, 0),
  listings,
});

const refusal = (listings: readonly Listed[]): Finding => ({
  kind: "refuse",
  check: name,
  reply: refusalReply(listings),
});

/** Anybody can type these: of use to find the bad only. */
function claimed({ client, reversePath = "", content }: Facts): Domains {
  const names = [client.helloName, reversePath && domainOf(reversePath), content?.authentication?.dmarc.domain];
  return new Map(names.flatMap((name) => (name !== undefined && isName(name) ? [[name.toLowerCase(), false]] : [])));
}

async function provenDomains({ sender, content }: Facts): Promise<Domains> {
  const spf = (await sender)?.spf ?? [];
  const { dkim = [], dmarc } = content?.authentication ?? {};
  const passed = [...spf, ...(dmarc ? [dmarc] : []), ...dkim].flatMap(({ result, domain = "" }) =>
    result === "pass" && isName(domain) ? [domain.toLowerCase()] : [],
  );
  return new Map(passed.slice(0, dnsListsLimits.provenDomains).map((domain) => [domain, true]));
}

/** No address, no lone label: those are in no list of domains. */
const isName = (text: string): boolean => /\.[^.\d][^.]*\.?$/.test(text) && parseDomain(text) !== undefined;
