// What a check reaches the world through, as the config and the command line say.
import { getServers } from "node:dns";
import { rawResolver } from "../check/net/raw-dns.ts";
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
  const timeoutMs = Math.min(dns.timeout, checkLimits.dnsMs);
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
