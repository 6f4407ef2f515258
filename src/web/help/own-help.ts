// The help pages of this server: for its own domains, with the settings that it tells mail apps.
import type { Hono } from "hono";
import type { World } from "../../base/world.ts";
import { appDomains, ownSettings } from "../../config/mail-app-settings.ts";
import type { Config } from "../../config/schema.ts";
import { createResolver } from "../../dns/system-resolver.ts";
import type { RecentVisits } from "../../receive/visits.ts";
import type { WebEnvironment } from "../visit.ts";
import { helpPages } from "./help.ts";
import { serverLook } from "./look.ts";

interface OwnHelpParts {
  readonly config: Pick<Config, "domain" | "listen" | "mail_apps" | "dns">;
  readonly hostname: string;
  readonly world: Pick<World, "now" | "sleep">;
  readonly visits: RecentVisits;
}

export function ownHelp({ config, hostname, world, visits }: OwnHelpParts): Hono<WebEnvironment> {
  const { servers, timeout: timeoutMs } = config.dns;
  return helpPages({
    world,
    visits,
    domains: appDomains(config),
    settingsFor: (address) => ownSettings(config, hostname, address),
    look: serverLook({ hostname, world, resolver: createResolver({ servers, timeoutMs }) }),
  });
}
