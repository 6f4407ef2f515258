// Addresses of clients and of networks, as SPF compares them. RFC 7208 §5.
import ipaddr from "ipaddr.js";

export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/** Undefined when it is none. IPv4-mapped IPv6 stays as it is. */
export function parseIp(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // the library takes "::192.0.2.1" for IPv4-mapped; written as URLs have it, it does not
  if (!/^[\da-f:.]*:[\da-f:.]*$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  return ipaddr.IPv6.parse(new URL(`http://[${text}]/`).hostname.slice(1, -1));
}

/** A client's address; IPv4-mapped IPv6 is an IPv4 client. */
export function parseClient(text: string): IpAddress | undefined {
  const address = parseIp(text);
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** `network`: an address, of which the first `bits` count. */
export function isWithin(client: IpAddress, network: string, bits: number): boolean {
  const parsed = parseIp(network);
  return parsed !== undefined && parsed.kind() === client.kind() && client.match(parsed, bits);
}
