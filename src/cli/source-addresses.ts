// The addresses that receivers see our mail come from.
import type { Source } from "../check/delivery/question.ts";
import type { Config } from "../config/schema.ts";
import type { Resolver } from "../dns/resolver.ts";
import { hostAddresses } from "../route/addresses.ts";
import { whetherPublic } from "./check-tools.ts";

interface SourceParts {
  readonly hostname: string;
  /** On the command line. */
  readonly named: readonly string[];
  readonly resolver: Resolver;
}

/** Behind a network address translator neither of the latter two need be right: then it has to be named. Never rejects. */
export async function sourceOf(config: Config, { hostname, named, resolver }: SourceParts): Promise<Source> {
  if (named.length > 0) return { addresses: named, by: "option" };
  const { source_address, ip } = config.deliver;
  const isPublic = whetherPublic(config);
  if (source_address !== undefined && isPublic(source_address))
    return { addresses: [source_address], by: "source_address" };
  const found = await hostAddresses(hostname, resolver, ip);
  return { addresses: found.kind === "found" ? found.addresses.filter(isPublic) : [], by: "hostname" };
}
