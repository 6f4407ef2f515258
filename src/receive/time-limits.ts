// How long a client, and we ourselves, may take. RFC 5321 §4.5.3.2.
import { reply, type Reply } from "../mail/reply.ts";
import type { Waiting } from "../smtp/effect.ts";

/** As in [receive] of the configuration. */
export interface ReceiveTimes {
  readonly commandTimeoutMs: number;
  /** Longest pause in a message. */
  readonly dataTimeoutMs: number;
  /** Longest time for a whole message: who sends a byte now and then is ended by this one. */
  readonly messageTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** 0: greet at once. */
  readonly greetingDelayMs: number;
}

export const ownTimes = {
  /** RFC 5321 §4.5.3.2.6: nobody waits longer for our reply to the final dot. */
  answerMs: 10 * 60_000,
  /** A TLS handshake and a PROXY header are machines' talk. */
  handshakeMs: 30_000,
  /** After our last reply the client may read it and close; a close of ours before that could take the reply back. */
  lingerMs: 2_000,
} as const;

/** All in ms of one monotonic clock. */
export interface Moments {
  readonly startedAt: number;
  /** The last time that a command was finished, content came, or we ended a wait of our own. */
  readonly progressAt: number;
  readonly contentSince: number;
  /** `us`: our answer or our disk is awaited. */
  readonly waiting: Waiting | "us";
}

/** The 421 to hang up with, when a limit has passed. */
export function overdue(moments: Moments, times: ReceiveTimes, now: number): Reply | undefined {
  const waitedMs = now - moments.progressAt;
  switch (moments.waiting) {
    case "command":
      if (waitedMs > times.commandTimeoutMs) return tooSlow(`no command within ${seconds(times.commandTimeoutMs)}`);
      break;
    case "content":
      if (waitedMs > times.dataTimeoutMs) return tooSlow(`no data within ${seconds(times.dataTimeoutMs)}`);
      if (now - moments.contentSince > times.messageTimeoutMs)
        return tooSlow(`the message took longer than ${seconds(times.messageTimeoutMs)}`);
      break;
    case "us":
    case "answer":
      return waitedMs > ownTimes.answerMs ? reply(421, "4.3.0", "no decision in time, try again later") : undefined;
    case "tls": // the handshake has a limit of its own
    case "closed":
      return undefined;
  }
  if (now - moments.startedAt > times.sessionTimeoutMs)
    return tooSlow(`the session took longer than ${seconds(times.sessionTimeoutMs)}, connect again for more mail`);
  return undefined;
}

const tooSlow = (text: string): Reply => reply(421, "4.4.2", `${text}, closing the connection`);
const seconds = (ms: number): string => `${ms / 1_000} s`;

/** How often to look at the limits: fine enough for the smallest of them, at most each second. */
export function lookEveryMs(times: ReceiveTimes): number {
  const limits = Object.values(times).filter((ms: number) => ms > 0);
  return Math.max(5, Math.min(1_000, ...limits.map((ms: number) => ms / 4)));
}

export const handshakeLimitMs = (times: ReceiveTimes): number => Math.min(ownTimes.handshakeMs, times.commandTimeoutMs);
