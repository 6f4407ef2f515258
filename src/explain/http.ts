// HTTP status codes in words, where Waybill meets them; and whether it may do what a redirect asks. RFC 9110 §15.
import type { WhoActs } from "./explanation.ts";
import { shortLine } from "../mail/printable.ts";
import file from "./knowledge/http-codes.json" with { type: "json" };

export interface HttpRequest {
  readonly method: string;
  readonly purpose: HttpPurpose;
  /** Location field of the answer. */
  readonly location?: string;
}

/** What Waybill asks for: a domain's MTA-STS policy, a webhook of the operator, or anything else. */
export type HttpPurpose = "mta-sts-policy" | "webhook" | "general";

export interface HttpExplanation {
  readonly status: number;
  readonly name: string;
  /** One or two plain sentences. */
  readonly meaning: string;
  readonly whoActs: WhoActs;
  /** What to do next, in order, imperative. */
  readonly steps: readonly string[];
  /** Only of class 3. */
  readonly redirect?: Redirect;
  /** The same request may work later. */
  readonly temporary: boolean;
  readonly source: string;
}

export interface Redirect {
  /** What the server wants the client to do. */
  readonly asks: string;
  readonly mayFollow: boolean;
  readonly why: string;
  /** Of the request that is asked for. */
  readonly method: string;
}

/** Redirects that are followed one after another at most: more are a circle, or a trap. */
export const redirectLimit = 5;

/** On whose side the fault is; `network`: something between the two, on our side. */
type Side = "client" | "server" | "network" | "nobody";

interface WrittenCode {
  readonly name: string;
  readonly meaning: string;
  readonly whose?: string;
  readonly step?: string;
  readonly temporary?: boolean;
  readonly source: string;
}

const codes: Readonly<Record<string, WrittenCode>> = file.codes;
const classes: Readonly<Record<string, WrittenCode>> = file.classes;

/** Explains the status of an answer to Waybill. A status that is not registered means what its class means. */
export function explainHttp(status: number, request: HttpRequest): HttpExplanation {
  const written = codes[status] ?? classOf(status);
  const { name, meaning, step, temporary = false, source } = written;
  const redirect = status >= 300 && status < 400 ? redirectOf(status, request) : undefined;
  const side = redirect?.mayFollow && !isForGood(status) ? "nobody" : sideOf(status, written, request.purpose);
  return {
    status,
    name,
    meaning,
    whoActs: whoActs[request.purpose][side],
    steps: stepsFor({ side, temporary, step }, request.purpose),
    ...(redirect && { redirect }),
    temporary,
    source,
  };
}

const noStatus: WrittenCode = {
  name: "Unknown",
  meaning: "This is no status of HTTP.",
  whose: "server",
  source: "RFC 9110 §15",
};

const classOf = (status: number): WrittenCode => classes[Math.floor(status / 100)] ?? noStatus;

/** RFC 8461 §3.3: only 200 brings a policy. */
const sideOf = (status: number, { whose }: WrittenCode, purpose: HttpPurpose): Side =>
  (whose ?? (purpose === "mta-sts-policy" && status !== 200 ? "server" : "nobody")) as Side;

/** A policy is fetched from an address that nobody chose: where it is not right, its domain must see to it. */
const whoActs: Readonly<Record<HttpPurpose, Readonly<Record<Side, WhoActs>>>> = {
  "mta-sts-policy": { client: "recipient-admin", server: "recipient-admin", network: "sender-admin", nobody: "nobody" },
  webhook: { client: "sender-admin", server: "provider", network: "sender-admin", nobody: "nobody" },
  general: { client: "sender-admin", server: "provider", network: "sender-admin", nobody: "nobody" },
};

interface Fault {
  readonly side: Side;
  readonly temporary: boolean;
  readonly step: string | undefined;
}

const publish =
  "Publish the policy at https://mta-sts.DOMAIN/.well-known/mta-sts.txt, so that this very address answers with the status OK.";
const wait = "Wait: Waybill asks again later.";
const tell = "Tell the people who run the server.";

function stepsFor({ side, temporary, step }: Fault, purpose: HttpPurpose): string[] {
  const patience = temporary ? [wait] : [];
  if (side === "nobody") return patience;
  if (side === "network") return [...patience, step ?? tell];
  if (purpose === "mta-sts-policy") return [...patience, publish];
  return [...patience, step ?? (side === "client" ? "Check the address and the settings of the request." : tell)];
}

/** Codes that name another address; the others of class 3 ask for something else. */
const elsewhere: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const otherAsks: Readonly<Record<number, string>> = {
  300: "Choose one of several addresses.",
  304: "Use the copy that you have.",
  305: "Ask again by way of a proxy that the server names.",
  306: "Nothing: the code is no longer in use.",
};

function redirectOf(status: number, request: HttpRequest): Redirect {
  const method = methodAfter(status, request.method.toUpperCase());
  const place = shortLine(request.location ?? "", 300, "…") || "another address";
  const asks = elsewhere.has(status)
    ? `Send ${aOrAn(method)} request to ${place}${isForGood(status) ? ", now and from now on" : ""}.`
    : (otherAsks[status] ?? "Something that Waybill does not know.");
  const refusal = whyNot(status, request);
  return {
    asks,
    method,
    mayFollow: refusal === undefined,
    why: refusal ?? `The request stays the same. Waybill follows ${redirectLimit} redirects in a row at most.`,
  };
}

const isForGood = (status: number): boolean => status === 301 || status === 308;
const aOrAn = (method: string): string => `${/^[AEIOU]/.test(method) ? "an" : "a"} ${method}`;

/** RFC 9110 §15.4.2–4: POST becomes GET after 301 and 302 as clients do it; after 303 every method but HEAD does. */
function methodAfter(status: number, method: string): string {
  if (status === 303) return method === "HEAD" ? "HEAD" : "GET";
  return (status === 301 || status === 302) && method === "POST" ? "GET" : method;
}

/** undefined: it may be followed. */
function whyNot(status: number, { method: written, purpose, location }: HttpRequest): string | undefined {
  const method = written.toUpperCase();
  // RFC 8461 §3.3: redirects MUST NOT be followed; only 200 is a policy
  if (purpose === "mta-sts-policy")
    return "A policy counts only at its own address: elsewhere, anyone who can redirect could give one out.";
  if (status === 304) return "Waybill did not ask whether something has changed.";
  if (!elsewhere.has(status)) return "This code does not name one address to go to.";
  if (location === undefined || location.trim() === "") return "The answer does not say where to go.";
  if (!isWebAddress(location)) return "The address is not one of the web.";
  if (methodAfter(status, method) === method) return undefined;
  if (status === 303 && purpose === "general") return undefined;
  if (status === 303) return "The request has been taken; Waybill has no use for the page that tells of it.";
  return `The ${method} would become a GET without content on the way, and what Waybill has to say would be lost. Redirects that keep the method are followed.`;
}

/** `https:`, `http:`, or relative to the address that was asked. */
const isWebAddress = (location: string): boolean =>
  !/^\s*[a-z][a-z0-9+.-]*:/i.test(location) || /^\s*https?:\/\//i.test(location);
