// Sending, as a mail app does it: login, and whether this sender and recipient are taken; RSET then, so that nothing is sent.
import { explain } from "../../explain/explain.ts";
import type { CauseName } from "../../explain/explanation.ts";
import { replyText } from "../../mail/reply.ts";
import { accountCheck, say, type Wanted } from "./question.ts";
import { toTry } from "./receive.ts";
import { tellOf } from "./tell.ts";
import { type Problem, tryServer, type Use } from "./tried.ts";
import { serverText } from "./typed.ts";

export const send = accountCheck({
  name: "send",
  needs: ["settings"],
  async run(asked, { settings }: { readonly settings: Wanted }) {
    const { question } = asked.tools;
    const servers = toTry(question, settings.outgoing, ["smtp"]);
    const tried = await Promise.all(
      servers.map((server) =>
        asked.part(serverText(server), question.limits.tryMs, async (part) => {
          const one = await tryServer(part, { server, wanted: settings, use: asSender(question.address) });
          tellOf(part, one, settings.source);
          if (one.problem === undefined && one.username !== undefined)
            say(part, "send.good", { about: serverText(server) });
          return one;
        }),
      ),
    );
    return tried.filter((one) => one !== undefined);
  },
});

const asSender =
  (address: string): Use =>
  async (talk) => {
    if (talk.kind !== "smtp") return undefined;
    const mail = await talk.ask(`MAIL FROM:<${address}>`);
    if (mail.code !== 250) return refused("sender", replyText(mail));
    const rcpt = await talk.ask(`RCPT TO:<${address}>`);
    await talk.ask("RSET");
    return rcpt.code === 250 || rcpt.code === 251 ? undefined : refused("recipient", replyText(rcpt));
  };

/** RFC 3463 §3.3: a full mailbox, a used-up limit and a sender who may not are what they are, whatever it was that was refused. */
export function refused(kind: "sender" | "recipient" | "content", reply: string): Problem {
  const { cause } = explain({ text: reply, stage: kind === "content" ? "data" : kind === "sender" ? "mail" : "rcpt" });
  if (cause === "mailbox-full") return { kind: "full", reply };
  if (notOurs.test(reply)) return { kind: "sender", reply };
  const isLimit = limits.has(cause) || (!tooBig.has(cause) && usedUp.test(reply));
  return { kind: isLimit ? "limit" : kind, reply };
}

/** Many servers look at the sender only when a recipient is named, or when all is there. */
const notOurs =
  /sender address rejected: not owned|send ?as ?denied|(?:permissions?|allowed|authori[sz]ed) to (?:send (?:as|from)|use this (?:sender|from))|(?:sender|from)(?: address)? (?:does not|doesn't|must) match/i;

const limits: ReadonlySet<CauseName> = new Set(["sending-quota-used-up", "sending-too-fast"]);
const tooBig: ReadonlySet<CauseName> = new Set(["message-too-big", "message-over-limit", "too-many-recipients"]);
const usedUp =
  /(?:daily|hourly|sending|outgoing|outbound|rate|message|recipient|relay)s? (?:mail )?(?:limit|quota)|(?:limit|quota)s? (?:is |was |has been )?(?:exceeded|reached)|exceeded (?:the|your|its) .{0,40}(?:limit|quota|max|rate)/i;
