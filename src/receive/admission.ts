// How many sessions there may be at once: in all, and from one address (IPv6: one /64). One count for all listeners of all
// threads.
import ipaddr from "ipaddr.js";
import { randomInt } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { hash } from "../base/hash.ts";
import { reply, type Reply } from "../mail/reply.ts";

export interface Admission {
  /** Counts a session of `address` (IPv6: of its network), or says why there may be no more; then nothing was counted. */
  enter(address: string): Reply | undefined;
  leave(address: string): void;
  /** Sessions now. */
  readonly sessions: number;
}

/** RFC 4291 §2.5.4: the other half is the host's own, and one that changes it at will would be a new client each time. */
const ipv6SiteBits = 64;

/** What counts as one client: an IPv4 address, or an IPv6 network. */
export function siteOf(address: string): string {
  if (isIPv4(address) || !isIPv6(address)) return address;
  const ip = ipaddr.process(address);
  if (ip instanceof ipaddr.IPv4) return ip.toString();
  const kept = ip.parts.slice(0, ipv6SiteBits / 16);
  const network = new ipaddr.IPv6([...kept, ...Array<number>(8 - kept.length).fill(0)]);
  return `${network.toString()}/${ipv6SiteBits}`;
}

/** To be passed to other threads. */
export interface SessionCounts {
  /**
   * The sessions in all, then rows of counters: an address has one in each row, by a hash of its own, and at most as many
   * sessions as the lowest of them says. Others count there, too, but hardly ever in each row.
   */
  readonly counters: SharedArrayBuffer;
  /** Of the hashes: nobody outside knows whose counters are his. */
  readonly seeds: readonly number[];
}

const rows = 3;
const rowCounters = 2 ** 15;

export const sessionCounts = (): SessionCounts => ({
  counters: new SharedArrayBuffer((1 + rows * rowCounters) * Int32Array.BYTES_PER_ELEMENT),
  seeds: Array.from({ length: rows }, () => randomInt(2 ** 32)),
});

const total = 0;

export function admission(
  limits: { readonly total: number; readonly perAddress: number },
  { counters, seeds }: SessionCounts = sessionCounts(),
): Admission {
  const counts = new Int32Array(counters);
  const placesOf = (site: string): number[] =>
    seeds.map((seed, row) => 1 + row * rowCounters + (hash(site, seed) % rowCounters));
  const add = (places: readonly number[], by: 1 | -1): void => {
    for (const place of places) Atomics.add(counts, place, by);
  };
  return {
    enter(address) {
      const site = siteOf(address);
      const places = placesOf(site);
      const ofSite = Math.min(...places.map((place) => Atomics.load(counts, place)));
      if (ofSite >= limits.perAddress)
        return reply(421, "4.7.0", `too many connections from ${site}, close some of the ${ofSite} and try again`);
      if (Atomics.load(counts, total) >= limits.total)
        return reply(421, "4.3.2", "too many connections to this server, try again later");
      add([total, ...places], 1);
      return undefined;
    },
    leave: (address) => add([total, ...placesOf(siteOf(address))], -1),
    get sessions() {
      return Atomics.load(counts, total);
    },
  };
}
