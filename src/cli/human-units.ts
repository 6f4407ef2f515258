// Sizes, times and addresses as people read them.
import type { Instant } from "../base/world.ts";
import { displayAddress, type ReversePath } from "../mail/address.ts";
import { roughDuration } from "../mail/failure-text.ts";
import { oneLine } from "../mail/printable.ts";

/** "900 B", "1.3 KB", "12 MB"; 1 KB is 1,024 bytes, as in waybill.toml. */
export function sizeText(bytes: number): string {
  const power = bytes < 1_024 ? 0 : bytes < 1_024 ** 2 ? 1 : bytes < 1_024 ** 3 ? 2 : 3;
  const amount = bytes / 1_024 ** power;
  return `${power > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${["B", "KB", "MB", "GB"][power]}`;
}

/** Whole seconds at least: "0 s", "4 min". */
export const sinceText = (from: Instant, to: Instant): string => {
  const seconds = Math.round((to - from) / 1_000);
  return seconds <= 0 ? "0 s" : roughDuration(seconds * 1_000);
};

/** "now", "in 4 min" */
export const dueText = (at: Instant, now: Instant): string => (at <= now ? "now" : `in ${sinceText(now, at + 499)}`);

/** "2026-03-01 13:00:00" in local time, or in the named zone. */
export const timeText = (at: Instant, timeZone?: string): string =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone }).format(at);

/** RFC 5321 §4.5.5: the null reverse-path is shown as it is written. */
export const pathText = (path: ReversePath): string => (path === "" ? "<>" : oneLine(displayAddress(path)));

/** "1 delivery", "2,100 deliveries" */
export const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
