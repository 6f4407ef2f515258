// What became of numbered messages: clients say what they were told, the next hop what it got.
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./clients.ts";
import type { Sink } from "./sink.ts";
import { now } from "./times.ts";

export interface Tally {
  readonly accepted: number;
  /** Put off, or refused, by a reply: how many, by its code. */
  readonly replies: ReadonlyMap<string, number>;
  /** Heard no reply. */
  readonly unanswered: number;
  /** Accepted, and never at the next hop. */
  readonly lost: number;
  /** At the next hop more than once. */
  readonly doubled: number;
  /** From the first octet of the first to the arrival of the last. */
  readonly seconds: number;
  /** From the client's first octet to our 250, and to the next hop's. */
  readonly acceptedMs: readonly number[];
  readonly arrivedMs: readonly number[];
}

/** After so long without any arrival, none will come. */
const patienceMs = 15_000;
const lookEveryMs = 200;

/** Waits until all that was accepted has arrived, or no more does. */
export async function tally(sink: Sink, { sent }: Outcome): Promise<Tally> {
  const accepted = sent.filter(({ code }) => code === "250");
  const arrivals = await arrivalsOf(sink, new Set(accepted.map(({ to }) => to)));
  const replies = new Map<string, number>();
  for (const { code } of sent)
    if (code !== undefined && code !== "250") replies.set(code, (replies.get(code) ?? 0) + 1);
  const ways = accepted.map(({ to, at }) => ({ at, arrived: arrivals.get(to) ?? [] }));
  const firstAt = accepted.reduce((first, { at }) => Math.min(first, at), Infinity);
  const lastAt = ways.reduce((last, { arrived }) => Math.max(last, ...arrived), -Infinity);
  return {
    accepted: accepted.length,
    replies,
    unanswered: sent.filter(({ code }) => code === undefined).length,
    lost: ways.filter(({ arrived }) => arrived.length === 0).length,
    doubled: ways.filter(({ arrived }) => arrived.length > 1).length,
    seconds: (lastAt - firstAt) / 1_000,
    acceptedMs: accepted.map(({ tookMs }) => tookMs),
    arrivedMs: ways.flatMap(({ at, arrived: [first] }) => (first === undefined ? [] : first - at)),
  };
}

/** When each recipient's message came. */
async function arrivalsOf(sink: Sink, expected: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly number[]>> {
  for (let [newsAt, known] = [now(), -1]; ; await sleep(lookEveryMs)) {
    const arrivals = await sink.arrivals();
    if (arrivals.length !== known) [newsAt, known] = [now(), arrivals.length];
    const times = new Map<string, number[]>();
    for (const { to, at } of arrivals) times.set(to, [...(times.get(to) ?? []), at]);
    if (expected.isSubsetOf(times) || now() - newsAt > patienceMs) return times;
  }
}

/** Median, 99th percentile and worst: "1.5 / 7.0 / 12". */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
  return [at(0.5), at(0.99), at(1)].map((ms) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0))).join(" / ");
}
