// The log: pino, fed from the journal.
import { destination, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Instant } from "../base/world.ts";
import type { Listener } from "./journal.ts";
import { logLine } from "./log-line.ts";

export interface LogSettings {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** pretty: a line for people; json: a JSON object per line. */
  readonly format: "pretty" | "json";
  /** Without it, standard output. */
  readonly file?: string;
  /** The world's clock. */
  readonly now?: () => Instant;
}

/** Lines are written a few KB at a time: a crash may lose the last of them, never mail. */
const bufferBytes = 4_096;

/** How often a half-full buffer is written all the same. */
const flushEveryMs = 250;

export interface Log {
  readonly logger: Logger;
  readonly listener: Listener;
  close(): void;
}

/** Throws when the file cannot be written. */
export function openLog({ level, format, file, now = Date.now }: LogSettings): Log {
  const to = destination({
    ...(file === undefined ? { dest: 1 } : { dest: file, mkdir: true }),
    minLength: format === "json" ? bufferBytes : 0,
    sync: format === "pretty",
  });
  const stream =
    format === "pretty"
      ? pretty({
          destination: to,
          colorize: file === undefined,
          ignore: "pid,hostname,event,queueId,to",
          translateTime: "SYS:HH:MM:ss",
        })
      : to;
  const logger = pino({ level, base: null, timestamp: () => `,"time":"${new Date(now()).toISOString()}"` }, stream);
  const flush = (): void => {
    try {
      to.flushSync();
    } catch {
      // not open yet, or closed: nothing to flush
    }
  };
  const timer = setInterval(flush, flushEveryMs).unref();
  return {
    logger,
    listener: (event) => {
      const { level, text, fields } = logLine(event);
      logger[level](fields, text);
    },
    close: () => {
      clearInterval(timer);
      flush();
    },
  };
}
