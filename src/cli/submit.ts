// Hands a message to the running server, and turns its refusal into words and an exit code.
import { oneLine } from "../mail/printable.ts";
import { isTransient, type Reply, replyText } from "../mail/reply.ts";
import type { ControlClient, Query } from "./control-client.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

/** The queue id; else a CommandError. */
export async function submitMessage(control: ControlClient, query: Query, content: Uint8Array): Promise<string> {
  const { reply, queueId } = await control.submit(query, content);
  if (queueId !== undefined) return queueId;
  const again = isTransient(reply) ? " Try again later." : "";
  throw new CommandError(exitCodeOf(reply), `The message was not taken: ${oneLine(replyText(reply))}.${again}`);
}

/** RFC 3463 §3.2: x.1.y is about an address. */
function exitCodeOf(reply: Reply): number {
  if (isTransient(reply)) return exitCodes.tryAgain;
  return reply.enhanced?.startsWith("5.1.") ? exitCodes.noSuchUser : exitCodes.unavailable;
}
