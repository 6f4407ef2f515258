// The facts of a kept message; one body, however many deliveries.
import type { Instant } from "../base/world.ts";
import type { ReversePath } from "./address.ts";
import type { BodyType } from "./envelope.ts";

/** Our name for a kept message. Sorts by time of arrival. */
export type QueueId = string & { readonly brand: "QueueId" };

export interface Message {
  readonly queueId: QueueId;
  readonly receivedAt: Instant;
  readonly reversePath: ReversePath;
  readonly bodyType: BodyType;
  readonly smtpUtf8: boolean;
  readonly ret?: "full" | "hdrs";
  readonly envid?: string;
  readonly sizeBytes: number;
  /** At least one byte is above 127. RFC 6152. */
  readonly eightBit: boolean;
  /** The Message-ID header field's value with its angle brackets. */
  readonly messageId?: string;
}
