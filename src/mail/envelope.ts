// What SMTP carries around a message: the envelope. RFC 5321 §2.3.1, RFC 3461 (DSN), RFC 6152, RFC 3030, RFC 6531.
import type { Address, ReversePath } from "./address.ts";

/** MAIL's BODY parameter. RFC 6152 §2, RFC 3030 §3. */
export type BodyType = "7bit" | "8bitmime" | "binarymime";

/** RFC 3461 §4.1: what the sender wants to be told about; `never` is the empty list. */
export type NotifyWish = "success" | "failure" | "delay";

/** RFC 3461 §4.2: `addr-type;address`, the address decoded from xtext (or utf-8-addr-xtext). */
export interface OriginalRecipient {
  readonly type: string;
  readonly address: string;
}

export interface Recipient {
  readonly address: Address;
  /** Absent: the sender did not say; [] is NOTIFY=NEVER. */
  readonly notify?: readonly NotifyWish[];
  readonly orcpt?: OriginalRecipient;
  /** Who the message is from for the next hop, in place of its own reverse-path: an alias sends it on (SRS). */
  readonly reversePath?: Address;
}

/** The MAIL command's part, without the recipients. */
export interface Origin {
  readonly reversePath: ReversePath;
  readonly bodyType: BodyType;
  readonly smtpUtf8: boolean;
  /** SIZE=, in bytes. RFC 1870 §4. */
  readonly declaredBytes?: number;
  readonly ret?: "full" | "hdrs";
  /** Decoded from xtext. RFC 3461 §4.4. */
  readonly envid?: string;
}

export interface Envelope extends Origin {
  readonly recipients: readonly Recipient[];
}
