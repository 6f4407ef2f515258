// What waybill.toml says of a site: the first [[destination]] whose pattern fits one of its names.
import type { SiteRules } from "./site.ts";

export interface DestinationRule extends Partial<SiteRules> {
  /** A recipient domain or a mail host; `*.example.org` is all below example.org, not itself. */
  readonly to: string;
}

const fits = (pattern: string, name: string): boolean =>
  pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;

/** `names`: recipient domains and mail hosts of the site. */
export function rulesFor(
  destinations: readonly DestinationRule[],
  defaults: SiteRules,
  names: readonly string[],
): SiteRules {
  const found = destinations.find(({ to }) => names.some((name) => fits(to, name)));
  if (found === undefined) return defaults;
  const { to: _, ...rules } = found;
  return { ...defaults, ...rules };
}
