// The name under which an address's PTR record stands. RFC 1035 §3.5, RFC 3596 §2.5.
import ipaddr from "ipaddr.js";
import { isIP } from "node:net";

/** "192.0.2.1" → "1.2.0.192.in-addr.arpa"; IPv6 → nibbles under ip6.arpa; undefined when it is not an address. */
export function reverseName(address: string): string | undefined {
  if (isIP(address) === 0) return undefined;
  const parsed = ipaddr.process(address); // IPv4-mapped IPv6 has its name in the IPv4 tree
  const bytes = parsed.toByteArray().toReversed();
  return parsed.kind() === "ipv4"
    ? `${bytes.join(".")}.in-addr.arpa`
    : `${bytes.map((byte) => `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}`).join(".")}.ip6.arpa`;
}
