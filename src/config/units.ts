// Durations and sizes as people write them ("5m", "50MB") and as the server uses them (ms, bytes).
import { numberOrTextKind, Refusal } from "./kind.ts";
import { show } from "./show.ts";

const msPer = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const bytesPer = { GB: 1024 ** 3, MB: 1024 ** 2, KB: 1024, B: 1 } as const;

/** The largest unit that leaves no fraction. */
function format(value: number, units: Readonly<Record<string, number>>, zero: string): string {
  const [unit, per] = Object.entries(units).find(([, per]) => value % per === 0) ?? ["", 1];
  return value === 0 ? zero : `${value / per}${unit}`;
}

/** ms → "90s", "5m", "4h", "5d". */
export const formatDuration = (ms: number): string => format(ms, msPer, "0s");

/** bytes → "100KB", "50MB". */
export const formatSize = (bytes: number): string => format(bytes, bytesPer, "0B");

const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

function toMs(written: string): number {
  const [, amount, unit] = durationPattern.exec(written === "0" ? "0s" : written) ?? [];
  return Math.round(Number(amount) * msPer[unit as keyof typeof msPer]);
}

/** "90s", "5m", "4h", "5d" → ms. The range is written so, too; where 0 is in it, 0 needs no unit. */
export function duration(min: string, max: string) {
  const zero = toMs(min) === 0 ? [{ const: 0 }] : [];
  const kind = {
    name: "a duration",
    write: 'Write a number and a unit: "30s", "5m", "4h", "5d".',
    examples: ["5m"],
    json: { anyOf: [{ type: "string", pattern: durationPattern.source }, ...zero] },
    format: formatDuration,
  };
  const range = `Write a duration from ${min} to ${max}.`;
  return numberOrTextKind(kind, (written) => {
    const ms = toMs(String(written));
    if (Number.isNaN(ms)) return typeof written === "number" ? new Refusal(`${written} has no unit`) : undefined;
    if (ms < toMs(min)) return new Refusal(`${show(written)} is too short`, range);
    return ms > toMs(max) ? new Refusal(`${show(written)} is too long`, range) : ms;
  });
}

const sizePattern = /^(\d+(?:\.\d+)?)(|B|KB|MB|GB)$/;

function toBytes(written: string): number {
  const [, amount, unit] = sizePattern.exec(written) ?? [];
  return Math.floor(Number(amount) * bytesPer[(unit || "B") as keyof typeof bytesPer]);
}

/** "512KB", "50MB" → bytes (1 KB is 1,024 bytes); a number is bytes. The range is written so, too. */
export function size(min: string, max: string) {
  const kind = {
    name: "a size",
    write: 'Write a number and a unit: "512KB", "50MB", "1GB".',
    examples: ["50MB"],
    json: {
      anyOf: [
        { type: "string", pattern: sizePattern.source },
        { type: "integer", minimum: toBytes(min) },
      ],
    },
    format: formatSize,
  };
  const range = `Write a size from ${min} to ${max}.`;
  return numberOrTextKind(kind, (written) => {
    const bytes = toBytes(String(written));
    if (Number.isNaN(bytes)) return undefined;
    if (bytes < toBytes(min)) return new Refusal(`${show(written)} is too small`, range);
    return bytes > toBytes(max) ? new Refusal(`${show(written)} is too large`, range) : bytes;
  });
}
