// What a check reaches the world through, as the config and the command line say.
import { getServers } from "node:dns";
import { isIP } from "node:net";
import { isPublicAddress } from "../check/net/public-address.ts";
import { type RawResolver, rawResolver } from "../check/net/raw-dns.ts";
import { socketConnector } from "../check/net/socket-connector.ts";
import { httpsWeb } from "../check/net/web.ts";
import { checkLimits, type CheckTools } from "../check/tools.ts";
import type { Config } from "../config/schema.ts";
import { recordingResolver } from "../dns/recording-resolver.ts";
import { createResolver } from "../dns/system-resolver.ts";
import type { CheckOptions } from "./check-run.ts";
import type { Context } from "./context.ts";

export function checkToolsFor({ dns, deliver }: Config, options: CheckOptions, { world }: Context): CheckTools {
  const servers = options.resolver === undefined ? dns.servers : [options.resolver];
  const timeoutMs = dnsTimeout(dns);
  const resolver = recordingResolver(createResolver({ servers, timeoutMs }), world);
  const { source_address: sourceAddress } = deliver;
  return {
    world,
    resolver,
    raw: rawResolver({ servers, timeoutMs }),
    connector: socketConnector(sourceAddress === undefined ? {} : { sourceAddress }),
    web: httpsWeb({ resolver }),
    dnsServers: servers.length > 0 ? servers : getServers(),
  };
}

const dnsTimeout = ({ timeout }: Config["dns"]): number => Math.min(timeout, checkLimits.dnsMs);

/** Asks one DNS server by its address. */
export const nameServerFor =
  ({ dns }: Config) =>
  (address: string): RawResolver =>
    rawResolver({ servers: [isIP(address) === 6 ? `[${address}]` : address], timeoutMs: dnsTimeout(dns) });

/** Another port than 25 makes sense in a lab only: there, all addresses can be reached. */
export const whetherPublic = ({ deliver }: Config): ((address: string) => boolean) =>
  deliver.port === 25 ? isPublicAddress : () => true;
