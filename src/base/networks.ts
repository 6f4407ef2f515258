// IP addresses and lists of networks in CIDR notation (RFC 4632, RFC 4291 §2.3).
import ipaddr from "ipaddr.js";
import { isIP, isIPv4 } from "node:net";

export interface Networks {
  /** `address` is IPv4 or IPv6 in text, without brackets; what is not an address is in no network. */
  has(address: string): boolean;
}

/** The one way an address is written: shortest IPv6, IPv4-mapped IPv6 as IPv4; undefined when it is no address. */
export function canonicalAddress(text: string): string | undefined {
  const ipv4 = ipv4Of(text);
  if (ipv4 !== undefined) return ipv4;
  return isIP(text) === 0 ? undefined : ipaddr.process(text).toString();
}

/** It never leaves this machine. RFC 1122 §3.2.1.3, RFC 4291 §2.5.3 */
export function isLoopback(address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical === "::1" || canonical?.startsWith("127.") === true;
}

/** The usual ways to write IPv4, as it is or mapped to IPv6, without the cost of reading IPv6. */
function ipv4Of(text: string): string | undefined {
  const plain = text.startsWith("::ffff:") ? text.slice("::ffff:".length) : text;
  return isIPv4(plain) ? plain : undefined;
}

/**
 * A list of addresses (`192.0.2.1`) and networks (`2001:db8::/32`), parsed once.
 * IPv4-mapped IPv6 counts as IPv4 on both sides. Throws when an entry is neither.
 */
export function networks(list: readonly string[]): Networks {
  const ranges = list.map(parseRange);
  const ipv4Ranges = ranges.filter((range) => "first" in range);
  const ipv6Ranges = ranges.filter((range) => "network" in range);
  return {
    has(text) {
      const address = ranges.length === 0 ? undefined : canonicalAddress(text);
      if (address === undefined) return false;
      if (isIPv4(address)) {
        const number = ipv4Number(address);
        return ipv4Ranges.some(({ first, last }) => first <= number && number <= last);
      }
      if (ipv6Ranges.length === 0) return false;
      const candidate = ipaddr.IPv6.parse(address);
      return ipv6Ranges.some(({ network, bits }) => candidate.match(network, bits));
    },
  };
}

type Range =
  | { readonly first: number; readonly last: number }
  | { readonly network: ipaddr.IPv6; readonly bits: number };

function parseRange(text: string): Range {
  const [, address = "", prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) throw new Error(noNetwork(text));
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : Number(prefix);
  if (bits > longest) throw new Error(noNetwork(text));
  if (version === 4) return ipv4Range(address, bits);
  const network = ipaddr.IPv6.parse(address);
  const isMapped = network.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? ipv4Range(network.toIPv4Address().toString(), bits - 96) : { network, bits };
}

function ipv4Range(address: string, bits: number): Range {
  const size = 2 ** (32 - bits);
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { first, last: first + size - 1 };
}

const dot = 0x2e;
const zero = 0x30;

/** `text` is IPv4 in dotted-decimal form. */
function ipv4Number(text: string): number {
  let number = 0;
  let octet = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      number = number * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - zero;
  }
  return number * 256 + octet;
}

const noNetwork = (text: string): string =>
  `"${text}" is not a network: write an address such as "192.0.2.1" or a network such as "10.0.0.0/8" or "2001:db8::/32"`;
