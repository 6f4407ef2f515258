// Is the clock right? Certificates, signatures, retries and the Date of our notices depend on it. RFC 5322 §3.3.
import { roughDuration } from "../../mail/failure-text.ts";
import { act } from "../finding.ts";
import { minuteMs, quickCheck, say } from "./question.ts";

/** Waybill is younger than its first code; a machine without a battery begins at 1970. */
const firstInstant = Date.UTC(2026, 0, 1);

/** Files of the future were written with another clock. A file server's clock may differ by seconds. */
const toleranceMs = 5 * minuteMs;

/** Quick: what needs nobody else. */
export const clock = quickCheck({
  name: "clock",
  async run(asked) {
    const { machine, world, question } = asked.tools;
    const about = "the clock of this machine";
    const now = world.now();
    const at = new Date(now).toISOString();
    if (now < firstInstant)
      return say(asked, "clock.impossible", { about, values: { at }, changes: [act("set-clock")] });
    const folder = await machine.look(question.config.data_dir);
    const writtenAt = "changedAt" in folder ? folder.changedAt : now;
    if (writtenAt > now + toleranceMs) {
      const values = { at, behind: roughDuration(writtenAt - now), dir: question.config.data_dir };
      return say(asked, "clock.behind-files", { about, values, changes: [act("set-clock")] });
    }
    const kept = await machine.clock();
    if (kept === "free") say(asked, "clock.free", { about, values: { at }, changes: [act("keep-clock")] });
    else say(asked, kept === "kept" ? "clock.good" : "clock.not-known", { about, values: { at } });
  },
});

/** "220 mx.example.net ESMTP; Tue, 6 Jan 2026 10:00:00 +0000": some servers tell the time in their greeting. RFC 5322 §3.3 */
const dateInGreeting = /(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d [+-]\d{4}/;

/** By how much our clock is ahead of the one that is told of here; undefined: none is, or both agree. */
export function clockDifference(greeting: string, now: number): number | undefined {
  const [date] = dateInGreeting.exec(greeting) ?? [];
  const difference = date === undefined ? 0 : now - Date.parse(date);
  return Math.abs(difference) > toleranceMs ? difference : undefined;
}
