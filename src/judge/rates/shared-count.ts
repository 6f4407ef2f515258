// How counts add up: the same in memory and in every driver.
import type { Instant } from "../../base/world.ts";
import type { CountChange, SharedCount, Sums } from "./count-store.ts";

/**
 * Times what a debt may be: what all let in together beyond a limit, before they heard of each other, is paid back; what
 * came together in an outage is not.
 */
const overrun = 2;

/** What is known after a change. */
export function counted(known: SharedCount | undefined, change: CountChange, now: Instant): SharedCount {
  const { key, movedMs, mostMs, least } = change;
  const before = known !== undefined && known.until > now ? known.until : -Infinity;
  const moved = before + movedMs;
  const until = Math.max(movedMs > 0 ? Math.max(before, Math.min(moved, now + overrun * mostMs)) : moved, least);
  const sums = sumsOf(known?.sums, change.sums);
  return { key, until: Math.round(until), ...(sums && { sums: alive(sums, now) }) };
}

/**
 * Two changes as one. A debt that grows by d at the instant t becomes max(until, t) + d, so that such steps, one after the
 * other, are max(until + all of them, what they come to by themselves).
 */
export function joined(first: CountChange | undefined, second: CountChange): CountChange {
  if (first === undefined) return second;
  const sums = sumsOf(first.sums, second.sums);
  return {
    key: second.key,
    movedMs: first.movedMs + second.movedMs,
    mostMs: Math.max(first.mostMs, second.mostMs),
    least: Math.max(first.least + second.movedMs, second.least),
    ...(sums && { sums }),
  };
}

export function sumsOf(first: Sums | undefined, second: Sums | undefined): Sums | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const sums: Record<string, number> = { ...first };
  for (const end in second) sums[end] = (sums[end] ?? 0) + second[end]!;
  return sums;
}

export const alive = (sums: Sums, now: Instant): Sums =>
  Object.fromEntries(Object.entries(sums).filter(([end]) => Number(end) > now));
