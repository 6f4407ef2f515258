// The log: pino, fed from the journal.
import { isatty } from "node:tty";
import { type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { openLines } from "../base/waiting-lines.ts";
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

export interface Log {
  readonly logger: Logger;
  readonly listener: Listener;
  /** Writes what waits, if that is possible within a second. Never rejects. */
  close(): Promise<void>;
}

const standardOutput = 1; // asked for by its number: a thread's process.stdout is none

/** Throws, with words for the operator, when the file cannot be written. */
export function openLog({ level, format, file, now = Date.now }: LogSettings): Log {
  const lines = openLines(file, (lost) =>
    logger.error({ lost }, `${lost} lines of the log were lost: its disk was full, or its reader too slow`),
  );
  const pretty = prettyFactory({
    colorize: file === undefined && isatty(standardOutput),
    ignore: "event,queueId,to,client,account,listening,filter", // the sentence says it
    translateTime: "SYS:HH:MM:ss",
  });
  const logger = pino(
    { level, base: null, timestamp: timeField(now) },
    { write: (line) => lines.write(format === "pretty" ? pretty(line) : line) },
  );
  return {
    logger,
    listener: (event) => {
      const { level, text, fields } = logLine(event);
      logger[level](fields, text);
    },
    close: () => lines.close(),
  };
}

/** Written once per millisecond: many lines share it. */
function timeField(now: () => Instant): () => string {
  let at: Instant | undefined;
  let field = "";
  return () => {
    if (now() !== at) {
      at = now();
      field = `,"time":"${new Date(at).toISOString()}"`;
    }
    return field;
  };
}
