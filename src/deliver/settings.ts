// What the deliver stage is told at start.
import type { World } from "../base/world.ts";
import type { ClientTimeLimits } from "../smtp/client-limits.ts";
import type { PoolLimits } from "./connection-pool.ts";
import type { Connect } from "./smtp-socket.ts";

export interface DeliverSettings extends Omit<PoolLimits, "connectionsTo"> {
  /** Where no pacer says otherwise. */
  readonly maxConnectionsPerSite: number;
  /** Our name in EHLO. */
  readonly hostname: string;
  readonly maxMessagesPerConnection: number;
  /** Longest wait for a connection to one address. */
  readonly connectTimeoutMs: number;
  /** Local address of outgoing connections to the same address family. */
  readonly sourceAddress?: string;
  /** In place of those of RFC 5321 §4.5.3.2. */
  readonly timeLimitsMs?: Partial<ClientTimeLimits>;
  readonly world: World;
  /** In place of sockets, in a simulation. */
  readonly connect?: Connect;
}

export const deliverLimits = {
  addressesPerAttempt: 10, // a long list of dead hosts must not hold an attempt for hours
  clearTextMemoryMs: 10 * 60_000, // a host whose TLS failed is spoken to in clear text so long
  clearTextMemoryHosts: 1_000,
} as const;
