// Networks that mail was accepted from: whoever misbehaves there shares them with others, as the customers of a provider do.
import type { World } from "../../base/world.ts";
import type { Client } from "../../mail/client.ts";
import { networkIdentity } from "../reputation/learn.ts";
import type { Recalled, SenderMemory } from "../reputation/sender-memory.ts";
import { identityId, isUsed } from "../reputation/standing.ts";

/** Mail of a week ago, or of an account of ours there, speaks for a network. */
const usefulMs = 7 * 24 * 3_600_000;

/** As far as reputation knows. When the store does not answer, any network may be one. Never rejects. */
export function usefulNetworks(
  memory: Pick<SenderMemory, "recall">,
  { now }: Pick<World, "now">,
): (client: Client) => boolean | Promise<boolean> {
  return (client) => {
    const id = identityId(networkIdentity(client));
    const decide = (known: Recalled): boolean => {
      const record = known.get(id);
      const acceptedAt = record?.tallies["accepted"]?.lastAt ?? -Infinity;
      return !known.isSure || isUsed(record, now()) || now() - acceptedAt < usefulMs;
    };
    const known = memory.recall([id]);
    return known instanceof Promise ? known.then(decide) : decide(known);
  };
}
