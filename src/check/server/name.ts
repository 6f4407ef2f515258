// The addresses behind a server's name. RFC 1035, RFC 3596.
import { isIP } from "node:net";
import type { Answer, Resolver } from "../../dns/resolver.ts";

export type DnsFailure = Extract<Answer<never>, { kind: "server-failure" | "timeout" }>;

export type NameSeen =
  | { readonly kind: "found"; readonly v4: readonly string[]; readonly v6: readonly string[] }
  /** It does not exist, or exists without an address. */
  | { readonly kind: "no-such-name" }
  | { readonly kind: "no-address" }
  | { readonly kind: "failed"; readonly failure: DnsFailure };

/** Never rejects. */
export async function lookUpName(host: string, resolver: Pick<Resolver, "a" | "aaaa">): Promise<NameSeen> {
  if (isIP(host) === 4) return { kind: "found", v4: [host], v6: [] };
  if (isIP(host) === 6) return { kind: "found", v4: [], v6: [host] };
  if (host === "localhost") return { kind: "found", v4: ["127.0.0.1"], v6: [] }; // RFC 6761 §6.3: not DNS's
  const [a, aaaa] = await Promise.all([resolver.a(host), resolver.aaaa(host)]);
  const v4 = a.kind === "found" ? a.records : [];
  const v6 = aaaa.kind === "found" ? aaaa.records : [];
  if (v4.length + v6.length > 0) return { kind: "found", v4, v6 };
  const failure = [a, aaaa].find((answer) => answer.kind === "server-failure" || answer.kind === "timeout");
  if (failure !== undefined) return { kind: "failed", failure };
  return { kind: a.kind === "no-such-domain" || aaaa.kind === "no-such-domain" ? "no-such-name" : "no-address" };
}

/** Of each family that there is: more addresses than these are not asked. */
const mostOfFamily = 2;

/** In the order in which they are best tried. */
export const addressesOf = (name: NameSeen): string[] =>
  name.kind === "found" ? [...name.v4.slice(0, mostOfFamily), ...name.v6.slice(0, mostOfFamily)] : [];
