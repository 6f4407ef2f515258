// Every wait and size of the client side, with its reason. RFC 5321 §4.5.3.2.
import type { Stage } from "../mail/failure.ts";

/** Longest wait for the reply of each stage, and for the two steps that have none; in ms. */
export type ClientTimeLimits = Readonly<Record<Stage | "tlsHandshake" | "contentBlock" | "reset", number>>;

const minuteMs = 60_000;

export const clientTimeLimits: ClientTimeLimits = {
  greeting: 5 * minuteMs, // RFC 5321 §4.5.3.2.1
  hello: 5 * minuteMs, // the RFC is silent; some servers look our name up first
  starttls: 2 * minuteMs,
  tlsHandshake: minuteMs, // a stalled handshake must not hold a connection for long
  auth: 2 * minuteMs,
  mail: 5 * minuteMs, // RFC 5321 §4.5.3.2.2
  rcpt: 5 * minuteMs, // RFC 5321 §4.5.3.2.3
  data: 2 * minuteMs, // RFC 5321 §4.5.3.2.4
  contentBlock: 3 * minuteMs, // RFC 5321 §4.5.3.2.5
  content: 10 * minuteMs, // RFC 5321 §4.5.3.2.6: giving up early means duplicates
  reset: 20_000, // nothing is at stake: a connection that does not answer is closed
  quit: 5_000, // politeness only
};

export const clientLimits = {
  recipients: 100, // RFC 5321 §4.5.3.1.8: every server takes that many
  blockBytes: 64 * 1_024, // content is written in blocks of about this size
} as const;
