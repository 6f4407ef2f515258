// What senders are told whose mail is not tried.
import type { Instant } from "../../base/world.ts";
import type { Failure } from "../../mail/failure.ts";
import { asciiLine } from "../../mail/printable.ts";
import { type Reply, reply, replyLineChars } from "../../mail/reply.ts";
import type { Suppression } from "./suppression-store.ts";

/** "2026-03-01 13:00 UTC": a server's clients may be anywhere. */
const minuteText = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Words that explain/ knows, so that notices say what happened in the sender's language. */
export function suppressedReply({ address, cause, because, since, until }: Suppression): Reply {
  const lift = `if the address works again, whoever looks after this server can lift that: waybill suppression lift ${address}`;
  const lines = [
    `this server has suppressed sending to this address until ${minuteText(until)}, since ${minuteText(since)}`,
    `the reason: ${because}`,
    lift,
  ];
  const fit = lines.map((line) => asciiLine(line, replyLineChars));
  return reply(550, cause === "complaint" ? "5.7.1" : "5.1.1", ...fit);
}

/** What becomes of mail that is in the queue already. It is this server's own refusal. */
export const suppressedFailure = (suppression: Suppression, hostname: string): Failure => ({
  kind: "refused",
  host: { name: hostname },
  stage: "rcpt",
  reply: suppressedReply(suppression),
});
