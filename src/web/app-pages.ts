// The pages that mail apps fetch by themselves: Mozilla's autoconfig, Autodiscover 1 and 2, Apple's profile.
import { type Context, Hono } from "hono";
import {
  readAutodiscoverRequest,
  writeAutodiscover,
  writeAutodiscoverError,
  writeAutodiscoverV2,
} from "../autoconfig/autodiscover.ts";
import { anyAddress, writeAutoconfig } from "../autoconfig/mozilla.ts";
import { profileContentType, writeProfile } from "../autoconfig/profile.ts";
import { type AppSettings, type ForAddress, isWhole } from "../autoconfig/settings.ts";
import { appDomains, ownSettings } from "../config/mail-app-settings.ts";
import { type Address, domainOf, localPartOf, parseAddress } from "../mail/address.ts";
import { hostIn, type OwnName } from "./names.ts";
import { autoconfigPaths, autodiscoverPath, autodiscoverV2Paths, profilePath } from "./paths.ts";
import { refusal, words, wrongMethod } from "./refusals.ts";
import type { SiteParts } from "./site.ts";
import type { WebEnvironment } from "./visit.ts";

const xmlType = { "content-type": "text/xml; charset=utf-8" } as const;

/** Of Autodiscover: no such address here. */
const noSuchAddress = 500;

type Page = Context<WebEnvironment>;

export function appPages(parts: SiteParts, names: ReadonlyMap<string, OwnName>): Hono<WebEnvironment> {
  const domains = new Set(appDomains(parts.config));
  /** Undefined: not one of our domains, or nothing is offered. */
  const settingsFor = (domain: string, address: ForAddress): AppSettings | undefined => {
    const settings = domains.has(domain) ? ownSettings(parts.config, parts.hostname, address) : undefined;
    return settings && isWhole(settings) ? settings : undefined;
  };
  const settingsOf = (address: Address): AppSettings | undefined =>
    settingsFor(domainOf(address), { localPart: localPartOf(address), domain: domainOf(address) });

  const autoconfig = (c: Page): Response => {
    const asked = c.req.query("emailaddress");
    const address = asked === undefined ? undefined : addressIn(asked);
    if (asked !== undefined && address === undefined) return refusal(c, 400, words.noAddress);
    const name = names.get(hostIn(c.req.url));
    const own = name === undefined || name.kind === "server" ? undefined : name.domain;
    const domain = address === undefined ? own : domainOf(address);
    if (domain === undefined) return refusal(c, 400, words.whichAddress);
    const settings = settingsFor(domain, anyAddress);
    if (settings === undefined) return refusal(c, 404, words.noSettings);
    return c.body(writeAutoconfig(settings, { domains: [domain] }), 200, xmlType);
  };

  const autodiscover = async (c: Page): Promise<Response> => {
    const fail = (code: number, message: string): Response =>
      c.body(writeAutodiscoverError({ code, message }, parts.world.now()), 200, xmlType);
    const request = readAutodiscoverRequest(await c.req.text());
    if (request.kind === "unreadable") return fail(request.code, request.why);
    const address = parseAddress(request.address);
    if (address === undefined) return fail(noSuchAddress, words.noAddress);
    const settings = settingsOf(address);
    if (settings === undefined) return fail(noSuchAddress, words.noSettings);
    return c.body(writeAutodiscover(settings, address), 200, xmlType);
  };

  const autodiscoverV2 = (c: Page): Response => {
    const query = lowerKeys(c.req.query());
    const address = addressIn(c.req.param("email") ?? query["email"] ?? "");
    if (address === undefined) return c.json({ ErrorCode: "InvalidEmail", ErrorMessage: words.noAddress }, 400);
    if (settingsOf(address) === undefined)
      return c.json({ ErrorCode: "UserNotFound", ErrorMessage: words.noSettings }, 404);
    const { protocol } = query;
    const { status, body } = writeAutodiscoverV2(protocol, `https://${new URL(c.req.url).host}${autodiscoverPath}`);
    return c.json(body, status);
  };

  const profile = (c: Page): Response => {
    const address = addressIn(c.req.query("address") ?? "");
    if (address === undefined) return refusal(c, 400, words.noAddress);
    const settings = settingsOf(address);
    if (settings === undefined) return refusal(c, 404, words.noSettings);
    return c.body(writeProfile(settings, { address }), 200, {
      "content-type": profileContentType,
      "content-disposition": `attachment; filename="${domainOf(address)}.mobileconfig"`,
    });
  };

  return routed({ autoconfig, autodiscover, autodiscoverV2, profile });
}

interface Pages {
  readonly autoconfig: (c: Page) => Response;
  readonly autodiscover: (c: Page) => Promise<Response>;
  readonly autodiscoverV2: (c: Page) => Response;
  readonly profile: (c: Page) => Response;
}

function routed({ autoconfig, autodiscover, autodiscoverV2, profile }: Pages): Hono<WebEnvironment> {
  const pages = new Hono<WebEnvironment>();
  for (const path of autoconfigPaths) pages.get(path, autoconfig);
  for (const path of autodiscoverV2Paths) pages.get(path, autodiscoverV2);
  pages.get(profilePath, profile);
  for (const path of [...autoconfigPaths, ...autodiscoverV2Paths, profilePath])
    pages.all(path, (c) => wrongMethod(c, words.onlyRead, "GET, HEAD"));
  pages.post(autodiscoverPath, autodiscover);
  pages.all(autodiscoverPath, (c) => wrongMethod(c, words.onlyPost, "POST"));
  return pages;
}

/** In a query, "+" means a space; not all who write ann+news@example.org there know. */
const addressIn = (text: string): Address | undefined => parseAddress(text) ?? parseAddress(text.replaceAll(" ", "+"));

/** Apps write "Email" and "email". */
const lowerKeys = (query: Readonly<Record<string, string>>): Partial<Record<string, string>> =>
  Object.fromEntries(Object.entries(query).map(([key, value]) => [key.toLowerCase(), value]));
