// Which addresses lead back to ourselves: a connection there would be answered by our own listener. RFC 5321 §5.1.
import { canonicalAddress, networks } from "../base/networks.ts";
import type { Config } from "../config/schema.ts";

interface OwnAddressSettings {
  readonly listen: Config["listen"];
  /** Port that mail goes out to: another program's port on our address is not ourselves. */
  readonly port: number;
  /** Addresses of this machine's network interfaces. */
  readonly interfaces: readonly string[];
}

/** All of it leads to this machine: RFC 1122 §3.2.1.3, RFC 4291 §2.5.2–3. */
const thisMachine = networks(["127.0.0.0/8", "0.0.0.0", "::1", "::"]);

/** Predicate over IPv4 or IPv6 addresses in text. */
export function ownAddresses({ listen, port, interfaces }: OwnAddressSettings): (address: string) => boolean {
  const hosts = listen.filter((listener) => listener.address.port === port).map(({ address }) => address.host);
  const onAll = hosts.some((host) => host === "::" || host === "0.0.0.0");
  const ours = new Set((onAll ? interfaces : hosts).map(canonicalAddress));
  return (address) => ours.has(canonicalAddress(address)) || (onAll && thisMachine.has(address));
}
