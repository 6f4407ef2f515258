// How many sessions there may be at once: in all, and from one address (IPv6: one /64). One count for all listeners.
import ipaddr from "ipaddr.js";
import { isIPv4, isIPv6 } from "node:net";
import { reply, type Reply } from "../mail/reply.ts";

export interface Admission {
  /** Counts a session of `address` (IPv6: of its network), or says why there may be no more; then nothing was counted. */
  enter(address: string): Reply | undefined;
  leave(address: string): void;
}

/** RFC 4291 §2.5.4: the other half is the host's own, and one that changes it at will would be a new client each time. */
const ipv6SiteBits = 64;

/** What counts as one client: an IPv4 address, or an IPv6 network. */
function siteOf(address: string): string {
  if (isIPv4(address) || !isIPv6(address)) return address;
  const ip = ipaddr.process(address);
  if (ip instanceof ipaddr.IPv4) return ip.toString();
  const kept = ip.parts.slice(0, ipv6SiteBits / 16);
  const network = new ipaddr.IPv6([...kept, ...Array<number>(8 - kept.length).fill(0)]);
  return `${network.toString()}/${ipv6SiteBits}`;
}

export function admission(limits: { readonly total: number; readonly perAddress: number }): Admission {
  const sessions = new Map<string, number>();
  let total = 0;
  return {
    enter(address) {
      const site = siteOf(address);
      const ofSite = sessions.get(site) ?? 0;
      if (ofSite >= limits.perAddress)
        return reply(421, "4.7.0", `too many connections from ${site}, close some of the ${ofSite} and try again`);
      if (total >= limits.total) return reply(421, "4.3.2", "too many connections to this server, try again later");
      sessions.set(site, ofSite + 1);
      total += 1;
      return undefined;
    },
    leave(address) {
      const site = siteOf(address);
      const rest = (sessions.get(site) ?? 0) - 1;
      if (rest > 0) sessions.set(site, rest);
      else sessions.delete(site);
      total -= 1;
    },
  };
}
