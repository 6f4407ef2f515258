// The envelope of a message: MAIL, RCPT, RSET. RFC 5321 §4.1.1.2–5, RFC 1870, RFC 6531.
import { isPositive, reply } from "../../mail/reply.ts";
import type { CommandOf } from "../command.ts";
import { type Known, type Next, type Rules, forget } from "../rule.ts";
import { answer, outOfSequence } from "./answer.ts";

function checkMail({ origin }: CommandOf<"MAIL">, { settings, client, transaction }: Known): Next {
  if (client.helloName === undefined) return outOfSequence("send EHLO first");
  if (transaction !== undefined) return outOfSequence("a transaction is open; finish it, or send RSET");
  if (settings.submission && client.account === undefined)
    return mustLogIn(client.tls !== undefined || !settings.offersStartTls);
  const { maxMessageBytes } = settings;
  // RFC 1870 §6.1
  if ((origin.declaredBytes ?? 0) > maxMessageBytes)
    return answer(552, "5.3.4", `message larger than the limit of ${maxMessageBytes} bytes`);
  return { kind: "ask", question: { about: "reverse-path", client, origin } };
}

/** RFC 6409 §4.3, RFC 4954 §6 */
const mustLogIn = (isSecure: boolean): Next =>
  answer(
    530,
    "5.7.0",
    `this port is for mail apps that log in; ${isSecure ? "turn on" : "turn on encryption (STARTTLS) and"} authentication for the outgoing server in your mail app's settings, with your user name and password; mail from other servers goes to port 25`,
  );

function checkRcpt(command: CommandOf<"RCPT">, { settings, client, transaction }: Known): Next {
  if (transaction === undefined) return outOfSequence("send MAIL FROM first");
  const { origin, recipients, refusedRecipients, content } = transaction;
  if (content !== undefined) return outOfSequence("content has begun; finish it with BDAT LAST, or send RSET"); // RFC 3030 §2
  // RFC 5321 §4.5.3.1.10: 452, so that the client sends the message to the others afterwards
  if (recipients.length >= settings.maxRecipients) {
    const text = `too many recipients; at most ${settings.maxRecipients} at once, send the rest later`;
    // who goes on and on is no mail program
    if (refusedRecipients >= settings.maxRecipients) return { kind: "close", reply: reply(421, "4.5.3", text) };
    const become = { client, transaction: { ...transaction, refusedRecipients: refusedRecipients + 1 } };
    return { kind: "answer", reply: reply(452, "4.5.3", text), become };
  }
  // RFC 6531 §3.5
  if (command.international && !origin.smtpUtf8)
    return answer(553, "5.6.7", "this recipient address needs the parameter SMTPUTF8 in the MAIL command");
  const { recipient } = command;
  return { kind: "ask", question: { about: "recipient", client, origin, recipient, accepted: recipients } };
}

export const transaction: Pick<Rules, "MAIL" | "RCPT" | "RSET"> = {
  MAIL: {
    check: checkMail,
    proceed: ({ origin }, state, decision) =>
      isPositive(decision) ? { ...state, transaction: { origin, recipients: [], refusedRecipients: 0 } } : state,
  },
  RCPT: {
    check: checkRcpt,
    proceed: ({ recipient }, state, decision) => {
      const { transaction } = state;
      if (transaction === undefined) return state;
      if (!isPositive(decision))
        return { ...state, transaction: { ...transaction, refusedRecipients: transaction.refusedRecipients + 1 } };
      transaction.recipients.push(recipient);
      return state;
    },
  },
  RSET: { check: (_, known) => ({ ...answer(250, "2.0.0", "ok"), become: forget(known) }) },
};
