// Whose clock is wrong, as far as a greeting and a certificate tell: many servers greet with date and time. RFC 5322 §3.3.
import type { Visit } from "./visit.ts";

export interface ClockSeen {
  readonly whose: "ours" | "theirs";
  /** What the server said. */
  readonly theirs?: number;
}

/** More than a slow network or an unset second can explain. */
const farMs = 15 * 60_000;

/** No clock that is right shows a time before this program was written. */
const writtenAt = Date.UTC(2026, 0, 1);

/** Undefined: nothing speaks against either. */
export function clockOf({ greeting, tls }: Visit, now: number): ClockSeen | undefined {
  const theirs = dateIn(greeting?.text ?? "");
  const own = tls?.kind === "secured" ? tls.tls.chain[0] : undefined;
  const isInside = (at: number): boolean => own !== undefined && own.validFrom <= at && at <= own.validTo;
  if (theirs === undefined) return now < writtenAt ? { whose: "ours" } : undefined;
  if (Math.abs(theirs - now) < farMs) return undefined;
  const isOurs = now < writtenAt || (isInside(theirs) && !isInside(now));
  return { whose: isOurs ? "ours" : "theirs", theirs };
}

const date =
  /\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC)/;

function dateIn(text: string): number | undefined {
  const at = Date.parse(date.exec(text)?.[0] ?? "");
  return Number.isNaN(at) ? undefined : at;
}
