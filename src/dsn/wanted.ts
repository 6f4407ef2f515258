// Whether a notice may be sent at all. RFC 3461 §4.1, §5.2.
import type { ReversePath } from "../mail/address.ts";
import type { NotifyWish, Recipient } from "../mail/envelope.ts";
import type { NoticeAction } from "../mail/outcome.ts";

export type Wanted = { readonly kind: "wanted" } | { readonly kind: "unwanted"; readonly why: string };

const wishFor: Record<NoticeAction, NotifyWish> = {
  failed: "failure",
  delayed: "delay",
  delivered: "success",
  relayed: "success", // RFC 3461 §5.2.2
};

/** RFC 3461 §4.1: what senders want who said nothing. The delay is ours to choose. */
const unspoken: readonly NotifyWish[] = ["failure", "delay"];

/** Whether the sender is to be told of this end (or delay) of one recipient's delivery. */
export function noticeWanted(action: NoticeAction, reversePath: ReversePath, recipient: Recipient): Wanted {
  // RFC 3464 §2, RFC 5321 §4.5.5: a notice about a notice could go on for ever
  if (reversePath === "")
    return { kind: "unwanted", why: "the message has no return address; it may be a notice itself" };
  const { notify = unspoken } = recipient;
  if (notify.includes(wishFor[action])) return { kind: "wanted" };
  if (recipient.notify === undefined) return { kind: "unwanted", why: "the sender did not ask to be told of success" };
  if (notify.length === 0) return { kind: "unwanted", why: "the sender asked for no notices (NOTIFY=NEVER)" };
  return { kind: "unwanted", why: `the sender asked for notices of ${notify.join(" and ")} only` };
}
