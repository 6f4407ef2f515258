// What is said at RCPT to mail for a return address, and to notices that cannot be about mail of ours.
import type { Address, ReversePath } from "../mail/address.ts";
import { instantOf } from "../mail/queue-ids.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { backscatterRefusal, returnRefusal } from "../route/returns.ts";
import type { ReturningParts } from "./returning.ts";
import { storyOf } from "./story.ts";

/** So long the history may be behind: what it does not know yet is asked for again. */
const historyLagMs = 10 * 60_000;

/** What to say to RCPT; undefined: nothing against it. */
export function refuseReturn(
  { returns, history, world, isGone }: Pick<ReturningParts, "returns" | "history" | "world" | "isGone">,
  recipient: Address,
): Reply | undefined | Promise<Reply | undefined> {
  const read = returns.read(recipient);
  if (read?.kind !== "valid") return returnRefusal(returns, recipient);
  const { queueId } = read;
  return storyOf(history, queueId).then((story) => {
    const { from = "" } = story?.received ?? {};
    if (from !== "")
      return isGone(from) ? reply(550, "5.1.1", `the sender of ${queueId} has no mailbox here any more`) : undefined;
    return story === undefined && world.now() - instantOf(queueId) < historyLagMs
      ? reply(451, "4.3.0", "we cannot look up this message at the moment; please return it again in a few minutes")
      : reply(550, "5.1.1", `nothing is known of message ${queueId} here any more; write to the sender's own address`);
  });
}

/** With `only_signed`: a notice to a plain address of ours, from outside, tells of a message that we did not send. */
export const refuseBackscatter = (
  { returns, feedback }: Pick<ReturningParts, "returns" | "feedback">,
  envelope: { readonly reversePath: ReversePath; readonly recipient: Address },
): Reply | undefined =>
  feedback.has(envelope.recipient.toLowerCase()) ? undefined : backscatterRefusal(returns, envelope);
