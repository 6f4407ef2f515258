// Sending, as a mail app does it: login, and whether this sender and recipient are taken; RSET then, so that nothing is sent.
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

/** RFC 3463 §3.3: X.2.2 is a full mailbox, whatever it was that was refused. */
export const refused = (kind: "sender" | "recipient" | "content", reply: string): Problem =>
  /\b[45]\.2\.2\b|\bquota\b|mailbox (?:is )?full/i.test(reply) ? { kind: "full", reply } : { kind, reply };
