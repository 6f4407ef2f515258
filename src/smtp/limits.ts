// Every size limit of the server's side that is not configured, with its reason. RFC 5321 §4.5.3.1. The client's limits
// stand in client-limits.ts, those of a reply in reply-reader.ts; the server's waits in the configuration.
import { addressLimits } from "../mail/address.ts";

export const limits = {
  /** Local part, domain and path. RFC 5321 §4.5.3.1.1–3 */
  ...addressLimits,
  /** One command, CRLF included: 512 (RFC 5321 §4.5.3.1.4) plus what SIZE, BODY, DSN, SMTPUTF8, AUTH= and XCLIENT add. */
  commandBytes: 2_048,
  /** The AUTH command and each line of its exchange, CRLF included: tokens are long. RFC 4954 §4 */
  authLineBytes: 12_288,
  /** ENVID, before decoding. RFC 3461 §4.4 */
  envidBytes: 100,
  /** ORCPT, before decoding. RFC 3461 §4.2 */
  orcptBytes: 500,
  /** Beyond the largest message, so much of a refused one is read, so that its sender gets the reason; then we close. */
  drainBytes: 100 * 1_024 ** 2,
} as const;
