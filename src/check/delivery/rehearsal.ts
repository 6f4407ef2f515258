// A mail transaction up to the point where the message would come: MAIL, RCPT, RSET, QUIT. Never DATA: nothing is sent.
// RFC 5321 §3.3, §4.1.1.5.
import type { Address } from "../../mail/address.ts";
import type { Failure } from "../../mail/failure.ts";
import type { Message, QueueId } from "../../mail/message.ts";
import { type Reply, replyText } from "../../mail/reply.ts";
import { mailCommand, obstacle, rcptCommand } from "../../smtp/client-commands.ts";
import { type ClientSession, failureOf } from "../../smtp/client-session.ts";

export interface Rehearsed {
  readonly replies: readonly string[];
  /** Absent: it would take the recipient. */
  readonly because?: Failure;
}

export interface Rehearsal {
  readonly sender: Address;
  readonly recipient: Address;
  readonly sizeBytes: number;
}

/** Ends the session. Never rejects. */
export async function rehearse(session: ClientSession, rehearsal: Rehearsal): Promise<Rehearsed> {
  const replies: string[] = [];
  try {
    const because = await transact(session, rehearsal, (command, reply) =>
      replies.push(`${command}: ${replyText(reply)}`),
    );
    return { replies, ...(because && { because }) };
  } catch (error) {
    return { replies, because: failureOf(error) };
  } finally {
    await session.quit();
  }
}

async function transact(
  session: ClientSession,
  { sender, recipient: address, sizeBytes }: Rehearsal,
  heard: (command: string, reply: Reply) => void,
): Promise<Failure | undefined> {
  const message = messageOf(sender, sizeBytes);
  const recipient = { address };
  const { wire, offered } = session;
  const stands = obstacle(message, recipient, { host: wire.host, offered });
  if (stands !== undefined) return stands;
  const mail = await session.ask(mailCommand(message, [recipient], offered), "mail");
  heard("MAIL", mail);
  const refused = session.refusal("mail", mail);
  if (refused !== undefined) return refused;
  const rcpt = await session.ask(rcptCommand(recipient, offered), "rcpt");
  heard("RCPT", rcpt);
  await session.ask("RSET\r\n", "mail");
  return session.refusal("rcpt", rcpt);
}

/** As plain as can be: what a longer or stranger one needs is told apart. */
const messageOf = (reversePath: Address, sizeBytes: number): Message => ({
  queueId: "rehearsal" as QueueId,
  receivedAt: 0,
  reversePath,
  bodyType: "7bit",
  smtpUtf8: false,
  sizeBytes,
  eightBit: false,
});
