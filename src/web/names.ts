// The names that the web server answers for: those of our own mail domains, and no other.
import type { Config } from "../config/schema.ts";
import { appDomains } from "../config/mail-app-settings.ts";

/** What a name is there for; `server`: our own name, which is of no domain in particular. */
export type OwnName =
  | { readonly kind: "autoconfig" | "autodiscover" | "mta-sts" | "domain"; readonly domain: string }
  | { readonly kind: "server" };

/** By name, in lower case. */
export function ownNames(config: Pick<Config, "domain">, hostname: string): ReadonlyMap<string, OwnName> {
  const names = new Map<string, OwnName>([[hostname.toLowerCase(), { kind: "server" }]]);
  for (const { name } of config.domain) {
    names.set(`mta-sts.${name}`, { kind: "mta-sts", domain: name });
    names.set(name, { kind: "domain", domain: name });
  }
  for (const name of appDomains(config))
    for (const kind of ["autoconfig", "autodiscover"] as const) names.set(`${kind}.${name}`, { kind, domain: name });
  return names;
}

/** The name in a URL as we compare it. */
export const hostIn = (url: string): string => new URL(url).hostname.toLowerCase().replace(/\.$/, "");
