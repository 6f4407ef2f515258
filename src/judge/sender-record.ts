// How what was seen of a sender adds up, and fades: the same in memory and in every driver.
import type { Instant } from "../base/world.ts";
import type { Fading, Pin, SenderChange, SenderId, SenderRecord, Tally } from "./sender-store.ts";

/** What counts for less than this is not worth a record. */
const leastWeight = 0.1;

/** What is left of a weight. */
export const faded = ({ weight, lastAt }: Tally, { now, halfLifeMs }: Fading): number =>
  weight * 2 ** -(Math.max(0, now - lastAt) / halfLifeMs);

/** A pinned identity is kept for ever. */
export const isKeptForEver = ({ kind, pin }: SenderRecord): boolean => kind === "identity" && pin !== undefined;

export const isAlive = (record: SenderRecord, now: Instant): boolean => record.expiresAt > now || isKeptForEver(record);

export const idText = ({ kind, key }: SenderId): string => `${kind} ${key}`;

/** What is known after a change. */
export function merged(known: SenderRecord | undefined, change: SenderChange, fading: Fading): SenderRecord {
  const old = known !== undefined && isAlive(known, fading.now) ? known : undefined;
  if (old === undefined) return { ...change, expiresAt: expiryOf(change, change.tallies, fading) };
  const tallies: Record<string, Tally> = { ...old.tallies };
  for (const name in change.tallies) tallies[name] = sum(tallies[name], change.tallies[name]!, fading);
  const facts = change.facts ?? old.facts;
  return {
    kind: old.kind,
    key: old.key,
    firstAt: Math.min(old.firstAt, change.firstAt),
    expiresAt: Math.max(old.expiresAt, expiryOf(change, tallies, fading)),
    tallies,
    ...(facts && { facts }),
    ...(old.pin && { pin: old.pin }),
  };
}

/** What is known once the operator has spoken; undefined: nothing is. */
export function pinned(
  known: SenderRecord | undefined,
  { id, pin, now }: { readonly id: SenderId; readonly pin: Pin | undefined; readonly now: Instant },
): SenderRecord | undefined {
  const old = known !== undefined && isAlive(known, now) ? known : undefined;
  if (pin !== undefined) return { ...(old ?? { ...id, firstAt: now, expiresAt: now, tallies: {} }), pin };
  if (old === undefined) return undefined;
  const { pin: _, ...rest } = old;
  return isAlive(rest, now) ? rest : undefined;
}

function sum(a: Tally | undefined, b: Tally, { halfLifeMs }: Fading): Tally {
  if (a === undefined) return b;
  if (a.lastAt === b.lastAt) return { weight: a.weight + b.weight, total: a.total + b.total, lastAt: a.lastAt };
  const lastAt = Math.max(a.lastAt, b.lastAt);
  const at = { now: lastAt, halfLifeMs };
  return { weight: faded(a, at) + faded(b, at), total: a.total + b.total, lastAt };
}

/** An identity is remembered until nothing that counts is left, so the more was seen of it, the longer. */
function expiryOf(
  { kind, expiresAt }: SenderChange,
  tallies: SenderChange["tallies"],
  { halfLifeMs }: Fading,
): Instant {
  if (kind !== "identity") return expiresAt;
  let end = expiresAt;
  for (const name in tallies) {
    const { weight, lastAt } = tallies[name]!;
    if (weight > leastWeight) end = Math.max(end, lastAt + halfLifeMs * Math.log2(weight / leastWeight));
  }
  return Math.ceil(end);
}
