// Where a recipient's mail goes next: hand-over here, a smarthost by rule, or the MX hosts of its domain. RFC 5321 §5.
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { World } from "../base/world.ts";
import type { Config } from "../config/schema.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import { domainOf } from "../mail/address.ts";
import type { Routing } from "../mail/hop.ts";
import { indexDomains, isOwnPostmaster, resolveRecipient } from "./aliases.ts";
import { localHops } from "./local.ts";
import { mxHosts } from "./mx.ts";
import type { MxSettings } from "./mx.ts";
import { ownAddresses } from "./own-addresses.ts";
import { findRoute } from "./rules.ts";
import { createSmarthost } from "./smarthost.ts";

export interface Router {
  /**
   * `recipient` is what `resolveRecipient` made of an address: aliases are not followed here. Never rejects. Hops with
   * the same site are equal but for the order of hosts.
   */
  route(recipient: Address, reversePath: ReversePath): Promise<Routing>;
}

export interface RouterSettings {
  readonly config: Pick<Config, "domain" | "postmaster" | "route" | "deliver" | "listen">;
  readonly resolver: Resolver;
  readonly world: World;
  /** Our name in EHLO. */
  readonly hostname: string;
  /** Maildir for postmaster of our name, where the config names nobody for it. */
  readonly postmasterMaildir: string;
  /** Content of a password file. */
  readonly readSecret?: (path: string) => string;
}

/** Reads the password files at once; throws, with words, when one cannot be read. */
export function createRouter(settings: RouterSettings): Router {
  const { config, resolver, world, hostname, readSecret = (path) => readFileSync(path, "utf8") } = settings;
  const { ip, port, tls } = config.deliver;
  const ours = indexDomains(config, hostname);
  const local = new Map(config.domain.map(({ name, deliver }) => [name, localHops(deliver)]));
  const smarthosts = new Map(config.route.map((rule) => [rule, createSmarthost(rule, readSecret)]));
  const mx: MxSettings = {
    resolver,
    world,
    ourNames: new Set([hostname.toLowerCase()]),
    isOurAddress: ownAddresses({ listen: config.listen, port, interfaces: interfaceAddresses() }),
    ip,
    port,
  };

  const { postmasterMaildir: path } = settings;
  const postmasterHop = { kind: "maildir", site: `maildir:${path}`, path } as const;

  const byMx = async (recipient: Address): Promise<Routing> => {
    const result = await mxHosts(domainOf(recipient), mx);
    if (result.kind === "failed") return result;
    const site = result.hosts
      .map(({ name }) => name)
      .toSorted()
      .join(" ");
    return { kind: "hop", hop: { kind: "smtp", site, hosts: result.hosts, tls, implicitTls: false } };
  };

  return {
    async route(recipient, reversePath) {
      if (isOwnPostmaster(ours, recipient)) return { kind: "hop", hop: postmasterHop };
      const localHop = local.get(domainOf(recipient));
      if (localHop !== undefined)
        return resolveRecipient(ours, recipient).kind === "unknown"
          ? { kind: "failed", because: noSuchMailbox(recipient) }
          : { kind: "hop", hop: localHop(recipient) };
      const rule = findRoute(config.route, recipient, reversePath);
      const smarthost = rule && smarthosts.get(rule);
      return smarthost === undefined ? byMx(recipient) : smarthost({ resolver, ip });
    },
  };
}

/** The mailbox went away while mail for it was waiting. */
const noSuchMailbox = (recipient: Address) =>
  ({
    kind: "local",
    problem: "no-such-mailbox",
    text: `${recipient} is not among the mailboxes of its domain`,
  }) as const;

const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
