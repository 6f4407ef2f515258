// The simulated internet: sites with hosts, domains that point to them, and a DNS that can fail.
import type { Instant } from "../src/base/world.ts";
import type { Answer, MxRecord, Resolver } from "../src/dns/resolver.ts";
import type { Clock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import { createHost, type Taken } from "./host.ts";
import type { Network } from "./network.ts";
import { type Character, Site } from "./site.ts";

export type DomainKind = "mail" | "no-such-domain" | "null-mx" | "server-failure" | "timeout";

export interface Domain {
  readonly name: string;
  readonly kind: DomainKind;
  /** Of `mail`. */
  readonly site?: Site;
}

export interface InternetParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly dice: Dice;
  readonly onTaken: (taken: Taken) => () => void;
}

/** Longest wait of a resolver for its server. */
const dnsTimeoutMs = 5_000;

export class Internet {
  readonly sites: Site[] = [];
  readonly domains = new Map<string, Domain>();
  readonly #parts: InternetParts;
  readonly #siteOf = new Map<string, Site>();
  readonly #addressOf = new Map<string, string>();
  /** No question is answered, or none well, until then. */
  #dnsOutage: { readonly kind: "server-failure" | "timeout"; readonly until: Instant } | undefined;

  constructor(parts: InternetParts) {
    this.#parts = parts;
  }

  /** Hosts get addresses of RFC 2544's test network, which no machine has. */
  addSite(name: string, character: Character, hostCount: number): Site {
    const hosts = new Map<string, string>();
    for (let i = 1; i <= hostCount; i += 1) {
      const number = this.#siteOf.size + 1;
      const address = `198.18.${number >> 8}.${number & 255}`;
      hosts.set(`mx${i}.${name}`, address);
      this.#addressOf.set(`mx${i}.${name}`, address);
      this.#siteOf.set(address, undefined as never); // the number is taken
    }
    const { clock, network, dice, onTaken } = this.#parts;
    const site = new Site(name, character, { hosts, dice: dice.split(name) });
    for (const [host, address] of hosts) {
      this.#siteOf.set(address, site);
      network.listen(address, createHost({ clock, site, name: host, onTaken }));
    }
    this.sites.push(site);
    return site;
  }

  addDomain(domain: Domain): void {
    this.domains.set(domain.name, domain);
  }

  siteAt(address: string): Site | undefined {
    return this.#siteOf.get(address);
  }

  breakDns(kind: "server-failure" | "timeout", until: Instant): void {
    this.#dnsOutage = { kind, until };
  }

  /** What one node asks. */
  resolver(dice: Dice): Resolver {
    const { clock } = this.#parts;
    const ask = async <T>(find: () => Answer<T>): Promise<Answer<T>> => {
      const outage = this.#dnsOutage && clock.now < this.#dnsOutage.until ? this.#dnsOutage.kind : undefined;
      const answer = outage === undefined ? find() : fault(outage);
      await clock.sleep(answer.kind === "timeout" ? dnsTimeoutMs : dice.between(1, 80));
      return answer;
    };
    const nothing = (): Promise<Answer<never>> => ask(() => ({ kind: "no-data" }));
    return {
      mx: (name) => ask(() => this.#mx(name)),
      a: (name) => ask(() => this.#a(name)),
      aaaa: nothing,
      txt: nothing,
      ptr: nothing,
    };
  }

  #mx(name: string): Answer<MxRecord> {
    const domain = this.domains.get(name);
    switch (domain?.kind) {
      case undefined:
      case "no-such-domain":
        return { kind: "no-such-domain" };
      case "null-mx":
        return { kind: "found", records: [{ preference: 0, exchange: "" }] };
      case "server-failure":
      case "timeout":
        return fault(domain.kind);
      case "mail": {
        const exchanges = [...(domain.site?.hosts.keys() ?? [])];
        return { kind: "found", records: exchanges.map((exchange, i) => ({ preference: 10 * (i + 1), exchange })) };
      }
    }
  }

  #a(name: string): Answer<string> {
    const address = this.#addressOf.get(name);
    return address === undefined ? { kind: "no-such-domain" } : { kind: "found", records: [address] };
  }
}

const fault = (kind: "server-failure" | "timeout"): { kind: "server-failure"; text: string } | { kind: "timeout" } =>
  kind === "timeout" ? { kind } : { kind, text: "SERVFAIL" };
