// Can the whole Internet reach an address? RFC 6890.
import ipaddr from "ipaddr.js";

/** Not private, loopback, link-local, for documentation or otherwise special. */
export const isPublicAddress = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
