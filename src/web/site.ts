// What the web server answers: settings for mail apps, the policy of MTA-STS, the pages for people. For the names of our own
// domains only; and nothing here tells whether a mailbox exists.
import { type Context, Hono } from "hono";
import type { World } from "../base/world.ts";
import { ownStsPolicy } from "../config/own-sts-policy.ts";
import type { Config } from "../config/schema.ts";
import { formatStsPolicy, stsPolicyPath } from "../mail/sts-policy.ts";
import { appPages } from "./app-pages.ts";
import { limitBody } from "./body-limit.ts";
import { hostIn, ownNames } from "./names.ts";
import { autoconfigPaths } from "./paths.ts";
import { refusal, words, wrongMethod } from "./refusals.ts";
import type { WebEnvironment } from "./visit.ts";

export interface SiteParts {
  readonly config: Pick<Config, "domain" | "listen" | "mail_apps" | "mta_sts" | "web">;
  readonly hostname: string;
  readonly world: Pick<World, "now">;
  /** Mounted at /help. */
  readonly help?: Hono<WebEnvironment>;
  /** A bug of ours. */
  readonly onFault: (error: unknown) => void;
}

const robotsPath = "/robots.txt";

/** May be had without encryption: what app makers ask for first, and nobody types a password there. */
const clearPaths = new Set<string>([...autoconfigPaths, robotsPath]);

/** No page of ours loads anything from elsewhere; a page that needs more says so itself. */
const usualHeaders = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

export function createSite(parts: SiteParts): Hono<WebEnvironment> {
  const { config, hostname, help, onFault } = parts;
  const names = ownNames(config, hostname);
  const site = new Hono<WebEnvironment>({ getPath: pathIn });
  site.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(usualHeaders))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  site.use(async (c, next) => {
    if (!names.has(hostIn(c.req.url))) return refusal(c, 404, words.noSuchSite);
    if (!c.env.visit.isSecure && !clearPaths.has(c.req.path)) return towardsHttps(c, config);
    await next();
  });
  site.use(limitBody);
  site.get(stsPolicyPath, (c) => {
    const name = names.get(hostIn(c.req.url));
    const policy = name?.kind === "mta-sts" ? ownStsPolicy(config, { name: name.domain, hostname }) : undefined;
    // RFC 8461 §3.2: text/plain, lines end in CRLF
    return policy === undefined ? refusal(c, 404, words.noPolicy) : c.body(formatStsPolicy(policy), 200, textType);
  });
  site.get(robotsPath, (c) => c.body("User-agent: *\nDisallow: /\n", 200, textType));
  site.route("/", appPages(parts, names));
  if (help !== undefined) {
    site.route("/help", help);
    site.get("/", (c) => c.redirect("/help"));
  }
  for (const path of [stsPolicyPath, robotsPath]) site.all(path, (c) => wrongMethod(c, words.onlyRead, "GET, HEAD"));
  site.notFound((c) => refusal(c, 404, words.nothingHere));
  site.onError((error, c) => {
    onFault(error);
    return refusal(c, 500, words.ourFault);
  });
  return site;
}

const textType = { "content-type": "text/plain; charset=utf-8" } as const;

/** Outlook writes its paths in upper and lower case (MS-OXDISCO: they are the same). */
function pathIn({ url }: Request): string {
  const { pathname } = new URL(url);
  return /^\/autodiscover\//i.test(pathname) ? pathname.toLowerCase() : pathname;
}

/** Not with HSTS: the same name may have other pages of other people, which have no HTTPS. */
function towardsHttps(c: Context<WebEnvironment>, { web }: SiteParts["config"]): Response {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") return refusal(c, 403, words.onlyEncrypted);
  const url = new URL(c.req.url);
  const port = web.tls === "none" ? 443 : (web.listen[0]?.port ?? 443);
  // 302: what Autodiscover expects (MS-OXDSCLI 3.1.5.4)
  return c.redirect(`https://${url.hostname}${port === 443 ? "" : `:${port}`}${url.pathname}${url.search}`, 302);
}
