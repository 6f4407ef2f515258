// The addresses of a host, in the order to try. RFC 5321 §5.1, §5.2.
import { isIP } from "node:net";
import type { Config } from "../config/schema.ts";
import type { Answer, Resolver } from "../dns/resolver.ts";
import type { DnsProblem } from "../mail/failure.ts";

/** Address families to use. */
export type IpSetting = Config["deliver"]["ip"];

export type HostAddresses =
  | { readonly kind: "found"; readonly addresses: readonly string[] }
  | { readonly kind: "failed"; readonly problem: DnsProblem };

/** Enough for the largest sites; an answer may hold thousands. */
const addressesPerHost = 16;

/** `host` is a name, or an address, which needs no question and is taken whatever `ip` says. Never rejects. */
export async function hostAddresses(host: string, resolver: Resolver, ip: IpSetting): Promise<HostAddresses> {
  if (isIP(host) !== 0) return { kind: "found", addresses: [host] };
  const [v4, v6] = await Promise.all([
    ip === "ipv6" ? undefined : resolver.a(host),
    ip === "ipv4" ? undefined : resolver.aaaa(host),
  ]);
  const addresses = interleave(recordsOf(v4), recordsOf(v6)).slice(0, addressesPerHost);
  if (addresses.length > 0) return { kind: "found", addresses };
  return { kind: "failed", problem: worst([v4, v6]) };
}

const recordsOf = (answer: Answer<string> | undefined): readonly string[] =>
  answer?.kind === "found" ? answer.records : [];

/**
 * Families by turns, so that a broken one costs one attempt, not all; within a family in the resolver's order, as RFC
 * 5321 §5.1 asks. IPv4 first: reverse names and reputation are set up for it more often, and large receivers refuse for
 * good (5xx) over IPv6 what they take over IPv4.
 */
const interleave = (v4: readonly string[], v6: readonly string[]): string[] =>
  Array.from({ length: Math.max(v4.length, v6.length) }, (_, i) => [v4[i], v6[i]])
    .flat()
    .filter((address) => address !== undefined);

/** What may pass outweighs what is final: a failed question for one family leaves open whether there are addresses. */
function worst(answers: readonly (Answer<string> | undefined)[]): DnsProblem {
  const kinds = new Set(answers.map((answer) => answer?.kind));
  const order: readonly DnsProblem[] = ["timeout", "server-failure", "no-data"];
  return order.find((problem) => kinds.has(problem)) ?? "no-such-domain";
}
