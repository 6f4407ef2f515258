// Our own message is looked for where the person would look: in the inbox, then among the spam; and taken away again.
import type { ImapTalk } from "../net/imap-talk.ts";
import type { Pop3Talk } from "../net/pop3-talk.ts";
import type { AppTalk } from "../server/visit.ts";

export type WhereFound = "found" | "in-junk";

/** Of the newest messages of a POP3 mailbox: ours is among them, or has not come. */
const mostTops = 20;

/** Once through all folders that are meant; undefined: it is not there yet. */
export async function lookFor(talk: AppTalk, id: string): Promise<WhereFound | undefined> {
  switch (talk.kind) {
    case "imap":
      return lookByImap(talk, id);
    case "pop3":
      return (await numberOf(talk, id)) === undefined ? undefined : "found";
    case "smtp":
      return undefined;
  }
}

async function lookByImap(talk: ImapTalk, id: string): Promise<WhereFound | undefined> {
  if ((await uidsIn(talk, "INBOX", { id, how: "examine" })).length > 0) return "found";
  const junk = await junkFolder(talk);
  if (junk === undefined) return undefined;
  return (await uidsIn(talk, junk, { id, how: "examine" })).length > 0 ? "in-junk" : undefined;
}

interface Looking {
  readonly id: string;
  readonly how: "select" | "examine";
}

async function uidsIn(talk: ImapTalk, folder: string, { id, how }: Looking): Promise<readonly number[]> {
  const { status } = await talk.open(folder, how);
  return status === "OK" ? ((await talk.search("Message-ID", id)) ?? []) : [];
}

/** By its mark (RFC 6154 §2), or by its usual names. */
async function junkFolder(talk: ImapTalk): Promise<string | undefined> {
  const { untagged } = await talk.ask('LIST "" "*"');
  const folders = untagged.flatMap((text) => {
    const [, flags = "", quoted, plain] = /^LIST \(([^)]*)\) (?:"[^"]*"|NIL) (?:"([^"]*)"|(\S+))$/i.exec(text) ?? [];
    const name = quoted ?? plain;
    return name === undefined ? [] : [{ flags, name }];
  });
  const marked = folders.find(({ flags }) => /\\junk\b/i.test(flags));
  return (marked ?? folders.find(({ name }) => /^(?:INBOX[./])?(?:junk|spam|bulk)\b/i.test(name)))?.name;
}

/** The message's number; undefined: not there. */
async function numberOf(talk: Pop3Talk, id: string): Promise<number | undefined> {
  const count = (await talk.count()) ?? 0;
  for (let number = count; number > Math.max(count - mostTops, 0); number--) {
    const { lines } = await talk.askLines(`TOP ${number} 0`);
    if (lines.some((text) => /^message-id:/i.test(text) && text.includes(id))) return number;
  }
  return undefined;
}

/** Ours and no other; false: it is still there. */
export async function takeAway(talk: AppTalk, id: string, place: WhereFound): Promise<boolean> {
  switch (talk.kind) {
    case "imap": {
      const folder = place === "found" ? "INBOX" : await junkFolder(talk);
      const uids = folder === undefined ? [] : await uidsIn(talk, folder, { id, how: "select" });
      return uids.length > 0 && (await talk.remove(uids)).status === "OK";
    }
    case "pop3": {
      const number = await numberOf(talk, id);
      if (number === undefined) return false;
      const { isGood } = await talk.ask(`DELE ${number}`);
      return isGood && (await talk.ask("QUIT")).isGood; // RFC 1939 §6: only QUIT deletes
    }
    case "smtp":
      return false;
  }
}
