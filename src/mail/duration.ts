// How long somebody has to wait, in words.

/** Rounded up, so that nobody comes too early: "20 seconds", "1 minute", "90 minutes", "2 hours". */
export function waitText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const minutes = Math.ceil(ms / 60_000);
  if (seconds < 60) return counted(seconds, "second");
  return minutes <= 90 ? counted(minutes, "minute") : counted(Math.ceil(minutes / 60), "hour");
}

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;
