// What checks reach the world through; tests put fakes in their place.
import type { World } from "../base/world.ts";
import type { RecordingResolver } from "../dns/recording-resolver.ts";
import type { Connector } from "./net/connector.ts";
import type { RawResolver } from "./net/raw-dns.ts";
import type { Web } from "./net/web.ts";

export interface CheckTools {
  readonly world: Pick<World, "now" | "sleep">;
  readonly resolver: RecordingResolver;
  readonly raw: RawResolver;
  readonly connector: Connector;
  readonly web: Web;
  /** The DNS servers that are asked, for words. */
  readonly dnsServers: readonly string[];
}

/** For one check as a whole; each reply and connection has less. */
export const checkLimits = {
  /** A person waits; and one server that does not answer must not hide the others. */
  totalMs: 9_500,
  checkMs: 9_000,
  dnsMs: 3_000,
  connectMs: 4_000,
  replyMs: 4_000,
  /** All that is asked of one server. */
  visitMs: 8_000,
  fetchMs: 5_000,
} as const;

export type CheckLimits = { readonly [Name in keyof typeof checkLimits]: number };
