// What is written of a settlement when an operator has dropped deliveries while they were attempted.
import type { Event } from "../journal/event.ts";

/** `present`: recipients of the deliveries that are still there, of `settled` that were named. */
export function eventsToWrite(events: readonly Event[], present: readonly string[], settled: number): readonly Event[] {
  if (present.length === settled) return events;
  const there = new Set(present);
  return events.filter((event) => !("to" in event) || typeof event.to !== "string" || there.has(event.to));
}
