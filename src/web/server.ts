// The web server: listeners for HTTPS and HTTP over one site, within limits of number, size and time.
import type { Hono } from "hono";
import { Server as SecuredServer } from "node:https";
import { networks } from "../base/networks.ts";
import type { World } from "../base/world.ts";
import { ownStsPolicy } from "../config/own-sts-policy.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../journal/log.ts";
import { admission } from "../receive/admission.ts";
import { type Certificates, keepLooking, openCertificates } from "./certificates.ts";
import { createListener, type Shared } from "./listener.ts";
import { bind, closerOf, placeText } from "./listening.ts";
import { type WebLimits, webLimits } from "./limits.ts";
import { ownNames } from "./names.ts";
import { createSite } from "./site.ts";
import type { WebEnvironment } from "./visit.ts";

export interface WebOptions {
  readonly config: Config;
  readonly hostname: string;
  readonly world: World;
  readonly logger: Log["logger"];
  /** The help pages, mounted at /help. */
  readonly help?: Hono<WebEnvironment>;
  readonly limits?: WebLimits;
}

export interface Web extends AsyncDisposable {
  /** "https://127.0.0.1:443": `listen` first, in the order of the config. */
  readonly listening: readonly string[];
}

/** Undefined: the config wants none. Rejects with a sentence when something is in the way; then nothing is left open. */
export async function openWeb(options: WebOptions): Promise<Web | undefined> {
  const { config, hostname, world, logger, limits = webLimits } = options;
  const { web } = config;
  if (web.listen.length === 0) return undefined;
  const site = createSite({
    ...options,
    onFault: (err) => logger.error({ err }, "the web server failed to answer a request"),
  });
  const certificates = web.tls === "none" ? undefined : await openCertificates(config, { hostname, world });
  await using opened = new AsyncDisposableStack();
  const limit = { total: web.max_connections, perAddress: web.max_connections_per_address };
  const shared: Shared = {
    ...options,
    limits,
    site,
    certificates,
    proxies: networks(web.proxy_networks),
    admission: admission(limit),
    maxConnections: web.max_connections,
  };
  const listening: string[] = [];
  const secured: SecuredServer[] = [];
  const places = [
    ...web.listen.map((address) => ({ address, listener: web.tls === "none" ? "behind-proxy" : "https" }) as const),
    ...web.http_listen.map((address) => ({ address, listener: "http" }) as const),
  ];
  for (const { address, listener } of places) {
    const server = createListener(listener, shared);
    const close = closerOf(server);
    const port = await bind(server, address);
    opened.defer(() => close(limits.closeGraceMs));
    if (server instanceof SecuredServer) secured.push(server);
    listening.push(`${listener === "https" ? "https" : "http"}://${placeText({ host: address.host, port })}`);
  }
  if (certificates !== undefined) {
    warnOfNames(certificates, options);
    const onNews = (): void => secured.forEach((server) => server.setSecureContext(certificates.usual()));
    opened.use(keepLooking(certificates, { world, logger, everyMs: limits.certificateLookMs, onNews }));
  }
  const running = opened.move();
  return { listening, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function warnOfNames(certificates: Certificates, { config, hostname, logger }: WebOptions): void {
  const wanted = [...ownNames(config, hostname)].filter(([, name]) => {
    if (name.kind === "mta-sts") return ownStsPolicy(config, { name: name.domain, hostname }) !== undefined;
    return name.kind !== "domain"; // its web pages are on another server, mostly
  });
  const without = certificates.without(wanted.map(([name]) => name));
  if (without.length === 0) return;
  const advice = "mail apps and other servers will not trust these names; add one with [[web_certificate]]";
  logger.warn({ names: without }, `the web server has no certificate for ${without.join(", ")}: ${advice}`);
}
