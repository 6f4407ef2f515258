// IP addresses and lists of networks in CIDR notation (RFC 4632, RFC 4291 §2.3).
import ipaddr from "ipaddr.js";
import { isIP } from "node:net";

export interface Networks {
  /** `address` is IPv4 or IPv6 in text, without brackets; what is not an address is in no network. */
  has(address: string): boolean;
}

/** The one way an address is written: shortest IPv6, IPv4-mapped IPv6 as IPv4; undefined when it is no address. */
export function canonicalAddress(text: string): string | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.process(text).toString();
}

/**
 * A list of addresses (`192.0.2.1`) and networks (`2001:db8::/32`), parsed once.
 * IPv4-mapped IPv6 counts as IPv4 on both sides. Throws when an entry is neither.
 */
export function networks(list: readonly string[]): Networks {
  const ranges = list.map(parseRange);
  return {
    has(address) {
      if (ranges.length === 0 || isIP(address) === 0) return false;
      const candidate = ipaddr.process(address);
      return ranges.some(([network, bits]) => network.kind() === candidate.kind() && candidate.match(network, bits));
    },
  };
}

function parseRange(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const [, address = "", prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) throw new Error(noNetwork(text));
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : Number(prefix);
  if (bits > longest) throw new Error(noNetwork(text));
  const network = ipaddr.parse(address);
  const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? [network.toIPv4Address(), bits - 96] : [network, bits];
}

const noNetwork = (text: string): string =>
  `"${text}" is not a network: write an address such as "192.0.2.1" or a network such as "10.0.0.0/8" or "2001:db8::/32"`;
