// Every size limit of the protocol, with its reason. RFC 5321 §4.5.3.1. The waits of §4.5.3.2 stand in client-limits.ts
// and, for the server, in the configuration.
import { addressLimits } from "../mail/address.ts";

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
} as const;
