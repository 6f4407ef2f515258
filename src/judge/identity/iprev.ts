// The reverse name of an address, and whether it leads back. RFC 8601 §3, RFC 1912 §2.1
import { isIPv4 } from "node:net";
import { canonicalAddress } from "../../base/networks.ts";
import type { Answer, Resolver } from "../../dns/resolver.ts";
import { type Domain, parseDomain } from "../../mail/address.ts";
import type { IprevVerdict } from "../../mail/verdict.ts";

/** RFC 7208 §5.5: of an address that has more names, the others are not looked at. */
const mostNames = 10;

/** Whether the client's address has a name that leads back to it. */
export async function evaluateIprev(client: string, resolver: Resolver): Promise<IprevVerdict> {
  const address = canonicalAddress(client);
  if (address === undefined) return { result: "permerror", because: "the client has no IP address" };
  const pointers = await resolver.ptr(address);
  switch (pointers.kind) {
    case "no-such-domain":
    case "no-data":
      return {
        result: "permerror",
        because: `${address} has no name in DNS (no PTR record); whoever runs that network can give it one`,
      };
    case "server-failure":
    case "timeout":
      return { result: "temperror", because: `the name of ${address} could not be asked for: ${trouble(pointers)}` };
    case "found":
  }
  const names = pointers.records.flatMap((name) => parseDomain(name) ?? []).slice(0, mostNames);
  if (names.length === 0)
    return { result: "fail", because: `the PTR record of ${address} has something that is no host name` };
  return leadingBack(address, names, resolver);
}

async function leadingBack(address: string, names: readonly Domain[], resolver: Resolver): Promise<IprevVerdict> {
  const ask = (name: string): Promise<Answer<string>> => (isIPv4(address) ? resolver.a(name) : resolver.aaaa(name));
  const answers = await Promise.all(names.map(ask));
  const found = answers.findIndex(
    (answer) => answer.kind === "found" && answer.records.some((text) => canonicalAddress(text) === address),
  );
  const name = names[Math.max(found, 0)]!;
  if (found >= 0) return { result: "pass", name, because: `${address} is ${name}, which leads back to it` };
  const late = answers.find(({ kind }) => kind === "server-failure" || kind === "timeout");
  if (late !== undefined)
    return { result: "temperror", name, because: `whether ${name} leads back to ${address}: ${trouble(late)}` };
  return {
    result: "fail",
    name,
    because: `${address} claims to be ${name}, but that name does not lead back to it; ${name} needs an address record for ${address}`,
  };
}

const trouble = (answer: Answer<unknown>): string =>
  answer.kind === "server-failure" ? `DNS failed (${answer.text})` : "DNS did not answer in time";
