// Every size and time limit of the protocol, with its reason. RFC 5321 §4.5.3.
import { addressLimits } from "../mail/address.ts";

const minute = 60_000;

export const limits = {
  /** Local part, domain and path. RFC 5321 §4.5.3.1.1–3 */
  ...addressLimits,
  /** One command, CRLF included: 512 (RFC 5321 §4.5.3.1.4) plus what SIZE, BODY, DSN, SMTPUTF8, AUTH and XCLIENT add. */
  commandBytes: 2_048,
  /** One line of a reply, CRLF included. RFC 5321 §4.5.3.1.5 */
  replyLineBytes: 512,
  /** One line of text, CRLF included. RFC 5321 §4.5.3.1.6. Longer ones are let through: many real messages have them. */
  textLineBytes: 1_000,
  /** The least a server must take. RFC 5321 §4.5.3.1.7 */
  leastMessageBytes: 64 * 1_024,
  /** The least a server must take in one transaction. RFC 5321 §4.5.3.1.8 */
  leastRecipients: 100,
  /** ENVID, before decoding. RFC 3461 §4.4 */
  envidBytes: 100,
  /** ORCPT, before decoding. RFC 3461 §4.2 */
  orcptBytes: 500,
  /** Beyond the largest message, so much of a refused one is read, so that its sender gets the reason; then we close. */
  drainBytes: 100 * 1_024 ** 2,

  /** Waits of a client. RFC 5321 §4.5.3.2.1–6 */
  greetingTimeoutMs: 5 * minute,
  mailTimeoutMs: 5 * minute,
  rcptTimeoutMs: 5 * minute,
  dataTimeoutMs: 2 * minute,
  dataBlockTimeoutMs: 3 * minute,
  /** Long, as a client that gives up too early sends the message twice. */
  dataEndTimeoutMs: 10 * minute,
  /** Wait of a server for the next command. RFC 5321 §4.5.3.2.7 */
  commandTimeoutMs: 5 * minute,
} as const;
