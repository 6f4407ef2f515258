// The port through which checks fetch web pages: one request, no redirect is ever followed here. RFC 9110.
import { request as requestPlain } from "node:http";
import { Agent, request } from "node:https";
import type { LookupFunction } from "node:net";
import { rootCertificates, TLSSocket } from "node:tls";
import { checkServerIdentity, sparing } from "../../base/peer-certificate.ts";
import { recordsIn } from "../../dns/answer.ts";
import type { Resolver } from "../../dns/resolver.ts";

export type Fetched =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly location?: string;
      readonly contentType: string;
      readonly text: string;
    }
  /** `certificate`: the server does not prove its name. */
  | { readonly kind: "failed"; readonly problem: "dns" | "connect" | "certificate" | "timeout"; readonly text: string };

/** None rejects. `url`: https; or http, where a standard wants it asked without encryption. */
export interface Web {
  get(url: string, limit: FetchLimit): Promise<Fetched>;
  post(url: string, body: Posted, limit: FetchLimit): Promise<Fetched>;
}

interface FetchLimit {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Posted {
  readonly contentType: string;
  readonly text: string;
}

interface WebSettings {
  readonly resolver: Resolver;
  /** Instead of 443. */
  readonly port?: number;
  /** Of http, instead of 80. */
  readonly plainPort?: number;
  /** PEM: authorities that are trusted besides the usual ones. */
  readonly authorities?: readonly string[];
}

/** RFC 8461 §3.3 lets a policy be cut at 64 KB; nothing else that is fetched is larger. */
const mostBytes = 64 * 1_024;

export const httpsWeb = (settings: WebSettings): Web => ({
  get: (url, limit) => fetchIt({ url }, settings, limit),
  post: (url, body, limit) => fetchIt({ url, body }, settings, limit),
});

interface Wanted {
  readonly url: string;
  /** Posted. */
  readonly body?: Posted;
}

async function fetchIt(wanted: Wanted, settings: WebSettings, { timeoutMs, signal }: FetchLimit): Promise<Fetched> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await fetchOnce(wanted, settings, limit);
  } catch (error) {
    return failed(error as NodeJS.ErrnoException, limit.aborted);
  }
}

function failed({ code = "", message }: NodeJS.ErrnoException, isLate: boolean): Fetched {
  if (isLate) return { kind: "failed", problem: "timeout", text: "no answer in time" };
  if (code === "ENOTFOUND") return { kind: "failed", problem: "dns", text: message };
  const isCertificate = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/.test(code);
  return { kind: "failed", problem: isCertificate ? "certificate" : "connect", text: message };
}

async function fetchOnce({ url, body }: Wanted, settings: WebSettings, signal: AbortSignal): Promise<Fetched> {
  const { resolver, authorities = [] } = settings;
  const { hostname, protocol } = new URL(url);
  const isPlain = protocol === "http:";
  const port = isPlain ? settings.plainPort : settings.port;
  const addresses = await addressesOf(resolver, hostname);
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
  const asked = (isPlain ? requestPlain : request)(
    url,
    {
      signal,
      agent: false,
      lookup: lookupOf(addresses),
      headers: { "user-agent": "waybill-check", ...(body !== undefined && { "content-type": body.contentType }) },
      ...(body !== undefined && { method: "POST" }),
      ...(port !== undefined && { port }),
      ...(!isPlain && { agent: new SparingAgent(), checkServerIdentity }),
      ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
    },
    (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const end = (): void => {
        const { location, "content-type": contentType = "" } = response.headers;
        resolve({
          kind: "answered",
          status: response.statusCode ?? 0,
          contentType,
          text: Buffer.concat(parts).toString("utf8"),
          ...(location !== undefined && { location }),
        });
      };
      response.on("data", (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes <= mostBytes) return;
        end();
        response.destroy();
      });
      response.on("end", end);
      response.on("error", reject);
    },
  );
  asked.on("error", reject);
  asked.end(body?.text);
  return promise;
}

class SparingAgent extends Agent {
  override createConnection(...given: Parameters<Agent["createConnection"]>): ReturnType<Agent["createConnection"]> {
    const socket = super.createConnection(...given);
    return socket instanceof TLSSocket ? sparing(socket) : socket;
  }
}

/** By our resolver, not by the machine's: the check asks one DNS for everything. */
const lookupOf =
  (addresses: readonly FoundAddress[]): LookupFunction =>
  (name, { all }, done) => {
    const [first] = addresses;
    if (first === undefined) done(Object.assign(new Error(`${name} has no address`), { code: "ENOTFOUND" }), "");
    else if (all === true) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };

interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

async function addressesOf(resolver: Resolver, name: string): Promise<FoundAddress[]> {
  const [a, aaaa] = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  return [
    ...recordsIn(a).map((address) => ({ address, family: 4 })),
    ...recordsIn(aaaa).map((address) => ({ address, family: 6 })),
  ];
}
