// What a walk through SPF records takes along, and what it comes to.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { SpfResult } from "../../mail/verdict.ts";
import type { IpAddress } from "./spf-address.ts";
import type { Mechanism, Wrong } from "./spf-record.ts";
import type { Step } from "./step.ts";

/** RFC 7208 §4.6.4 */
export const spfLimits = { lookups: 10, voidLookups: 2, mxHosts: 10, names: 10 } as const;

export interface SpfQuestion {
  readonly client: IpAddress;
  readonly helo: string;
  readonly localPart: string;
  readonly senderDomain: string;
}

/** Under way through the records; the counts go on through includes and redirects. */
export interface Walk extends SpfQuestion {
  readonly resolver: RecordingResolver;
  /** Whose records led here, the first first. */
  readonly within?: readonly string[];
  readonly counts: { lookups: number; voids: number };
}

/** What decided, so that a remedy can be found. */
export type SpfCause =
  | { readonly kind: "matched"; readonly domain: string; readonly record: string; readonly mechanism: Mechanism }
  | { readonly kind: "nothing-matched"; readonly domain: string; readonly record: string }
  | { readonly kind: "not-a-domain"; readonly domain: string }
  /** `similar`: a text that looks as if it should have been the record. */
  | { readonly kind: "no-record"; readonly domain: string; readonly exists: boolean; readonly similar?: string }
  | { readonly kind: "several-records"; readonly domain: string; readonly records: readonly string[] }
  | { readonly kind: "syntax"; readonly domain: string; readonly faults: readonly [Wrong, ...Wrong[]] }
  /** `way`: from the domain back to itself. */
  | { readonly kind: "loop"; readonly domain: string; readonly term: string; readonly way: readonly string[] }
  | { readonly kind: "bad-target"; readonly domain: string; readonly term: string; readonly target: string }
  | { readonly kind: "lookups" | "voids" | "mx-hosts"; readonly domain: string; readonly term: string }
  | { readonly kind: "dns"; readonly name: string; readonly problem: string };

/** The way from `target` back to it, if its record is being read already: that has no end. */
export function loopTo({ within = [] }: Walk, target: string): string[] | undefined {
  const at = within.indexOf(target.toLowerCase());
  return at === -1 ? undefined : [...within.slice(at), target];
}

export const loopText = (way: readonly string[]): string =>
  way.length === 2
    ? `the record of ${oneLine(way[0]!)} includes itself`
    : `the records include one another without end: ${way.map(oneLine).join(" → ")}`;

export interface Walked {
  readonly result: SpfResult;
  readonly cause: SpfCause;
  readonly steps: readonly Step[];
}
