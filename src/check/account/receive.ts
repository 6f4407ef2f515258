// Receiving, as a mail app does it: IMAP and POP3, up to the messages in the inbox. Nothing in the mailbox is changed.
import type { AppProtocol, ServerSettings } from "../../autoconfig/settings.ts";
import type { ImapTalk } from "../net/imap-talk.ts";
import { accountCheck, type AccountQuestion, say, type Wanted } from "./question.ts";
import { tellOf } from "./tell.ts";
import { type Problem, tryServer, type Use } from "./tried.ts";
import { serverText } from "./typed.ts";

/** What was typed; if nothing was, the best of each protocol that should be there. */
export const toTry = (
  { typed }: AccountQuestion,
  servers: readonly ServerSettings[],
  protocols: readonly AppProtocol[],
): readonly ServerSettings[] => {
  const ours = typed.filter(({ protocol }) => protocols.includes(protocol));
  if (typed.length > 0) return ours;
  return protocols.flatMap((protocol) => servers.find((server) => server.protocol === protocol) ?? []);
};

export const receive = accountCheck({
  name: "receive",
  needs: ["settings"],
  async run(asked, { settings }: { readonly settings: Wanted }) {
    const { question } = asked.tools;
    const servers = toTry(question, settings.incoming, ["imap", "pop3"]);
    const tried = await Promise.all(
      servers.map((server) =>
        asked.part(serverText(server), question.limits.tryMs, async (part) => {
          const one = await tryServer(part, { server, wanted: settings, use: openInbox });
          tellOf(part, one, settings.source);
          if (one.problem === undefined && one.username !== undefined)
            say(part, "receive.good", {
              about: serverText(server),
              values: { protocol: server.protocol.toUpperCase() },
            });
          return one;
        }),
      ),
    );
    return tried.filter((one) => one !== undefined);
  },
});

const openInbox: Use = async (talk) => {
  switch (talk.kind) {
    case "imap": {
      const { status, text } = await talk.open("INBOX", "examine");
      if (status !== "OK") return { kind: "inbox", reply: `${status} ${text}` };
      return fullness(talk);
    }
    case "pop3":
      return (await talk.count()) === undefined ? { kind: "inbox", reply: "STAT" } : undefined;
    case "smtp":
      return undefined;
  }
};

/** RFC 9208 §4.2; a server that does not know the question says so, and nothing is lost. */
async function fullness(talk: ImapTalk): Promise<Problem | undefined> {
  const { untagged } = await talk.ask("GETQUOTAROOT INBOX");
  for (const text of untagged) {
    const [, used = "", limit = ""] = /^QUOTA .*\(.*STORAGE (\d+) (\d+)/is.exec(text) ?? [];
    const isFull = limit !== "" && Number(limit) > 0 && Number(used) >= Number(limit);
    if (isFull) return { kind: "full", reply: `${used} of ${limit} KiB` };
  }
  return undefined;
}
