// How the servers for incoming mail look from here, without a login. Kept for a minute: a page that loads itself again must
// not become many connections. Only servers of our own settings are looked at, never what a visitor names.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import { inTime } from "../../base/in-time.ts";
import type { Instant, World } from "../../base/world.ts";
import { socketConnector } from "../../check/net/socket-connector.ts";
import { cameThrough, inspect, serverLimits } from "../../check/server/inspect.ts";
import { isProven, type Visit } from "../../check/server/visit.ts";
import type { Resolver } from "../../dns/resolver.ts";

export interface Looked {
  readonly server: ServerSettings;
  readonly seen: "answers" | "no-answer" | "not-seen";
}

/** Never rejects. */
export type Look = (server: ServerSettings) => Promise<Looked["seen"]>;

const limits = {
  keptMs: 60_000,
  servers: 20,
  /** A page waits no longer; when it is loaded the next time, it has the answer. */
  pageMs: 1_500,
} as const;

export function rememberedLook(look: Look, world: Pick<World, "now" | "sleep">): Look {
  const known = new Map<string, { readonly at: number; readonly seen: Promise<Looked["seen"]> }>();
  const recent = (server: ServerSettings): Promise<Looked["seen"]> => {
    const key = `${server.protocol} ${server.host} ${server.port} ${server.security}`;
    const last = known.get(key);
    if (last !== undefined && world.now() - last.at < limits.keptMs) return last.seen;
    for (const [old, { at }] of known) if (world.now() - at >= limits.keptMs) known.delete(old);
    // with more servers than that, what was seen must not be forgotten early: each look is a connection
    if (known.size >= limits.servers) return Promise.resolve("not-seen");
    const seen = look(server).catch(() => "not-seen" as const);
    known.set(key, { at: world.now(), seen });
    return seen;
  };
  return (server) => inTime(recent(server), { limitMs: limits.pageMs, world, late: () => "not-seen" as const });
}

interface LookParts {
  readonly hostname: string;
  readonly world: Pick<World, "now" | "sleep">;
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
}

export const serverLook =
  ({ hostname, world, resolver }: LookParts): Look =>
  async ({ protocol, host, port, security }) => {
    const place = { protocol: protocol === "smtp" ? "submission" : protocol, host, port, security } as const;
    const signal = AbortSignal.timeout(serverLimits.totalMs);
    const asked = { connector: socketConnector(), world, hello: hostname, limits: serverLimits, signal, resolver };
    const { best } = await inspect(place, asked);
    return best !== undefined && cameThrough(best) && isTrusted(best, world.now()) ? "answers" : "no-answer";
  };

/** As an app wants it: a certificate that fits, or no TLS where none is asked for. */
const isTrusted = ({ tls }: Visit, now: Instant): boolean =>
  tls === undefined || (tls.kind === "secured" && isProven(tls.tls, now));
