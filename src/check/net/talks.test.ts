// IMAP and POP3 conversations over a line in memory: what is asked, and how answers are read.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Line } from "./connector.ts";
import { imapTalk } from "./imap-talk.ts";
import { MailTalkEnded } from "./mail-talk.ts";
import { pop3Talk } from "./pop3-talk.ts";
import { saslClient } from "./sasl-client.ts";

/** Says what `answer` gives for each line, `{tag}` being its first word; then it is silent. */
function scripted(answer: (line: string) => readonly string[], greeting: readonly string[] = []) {
  const written: string[] = [];
  const waiting = [...greeting];
  const line: Line = {
    place: { host: "mail.test", address: "192.0.2.1", port: 993 },
    read: async () => {
      const text = waiting.shift();
      return text === undefined
        ? { kind: "ended", because: "silent", text: "nothing", unread: "" }
        : { kind: "line", text };
    },
    write(text) {
      const said = text.replace(/\r\n$/, "");
      const [tag = ""] = said.split(" ");
      written.push(said.replace(/^w\w+ /, ""));
      waiting.push(...answer(said).map((one) => one.replace("{tag}", tag)));
    },
    secure: () => assert.fail("no TLS here"),
    close: () => {},
  };
  return { line, written };
}

test("IMAP: untagged lines, literals and the tag are told apart", async () => {
  const said = [
    "* 1 FETCH (BODY[HEADER] {25}",
    "* OK no", // 9 octets
    "{tag} OK no", // 16 with a tag of eight
    " X {3}",
    "abc)",
    "* SEARCH",
    "{tag} OK [X] done",
  ];
  const { line } = scripted(() => said);
  const answer = await imapTalk(line, 100).ask("NOOP");
  assert.equal(answer.text, "[X] done");
  assert.match(answer.untagged[0]!, /^1 FETCH \(BODY\[HEADER\] \{25\}\n\* OK no\nw\w{7} OK no\n X \{3\}\nabc\)$/);
  assert.deepEqual(answer.untagged.slice(1), ["SEARCH"]);
});

test("IMAP: an inbox is searched, and of its messages only ours are taken away", async () => {
  const { line, written } = scripted((said) => {
    if (said.includes("EXAMINE")) return ["* 23 EXISTS", "* 1 RECENT", "{tag} OK [READ-ONLY] done"];
    if (said.includes("SEARCH")) return ["* SEARCH 4 17", "{tag} OK done"];
    return ["{tag} OK done"];
  });
  const talk = imapTalk(line, 100);
  assert.equal((await talk.open("INBOX", "examine")).exists, 23);
  assert.deepEqual(await talk.search("Message-ID", '<a"b@doctor.test>'), [4, 17]);
  await talk.remove([4, 17]);
  assert.deepEqual(written, [
    'EXAMINE "INBOX"',
    String.raw`UID SEARCH HEADER "Message-ID" "<a\"b@doctor.test>"`,
    String.raw`UID STORE 4,17 +FLAGS.SILENT (\Deleted)`,
    "UID EXPUNGE 4,17",
  ]);
});

test("IMAP: a search that is refused is no search without a result", async () => {
  const { line } = scripted(() => ["{tag} NO not now"]);
  assert.equal(await imapTalk(line, 100).search("Message-ID", "x"), undefined);
});

test("IMAP: a line that wants to be two commands stays one", async () => {
  const { line, written } = scripted(() => ["{tag} NO no"]);
  const offered = { startTls: false, mechanisms: [], plainLogin: true, lines: [], isOld: false };
  await imapTalk(line, 100).login({ username: 'a"\r\nx LOGOUT', password: "b\\" }, offered);
  assert.deepEqual(written, [String.raw`LOGIN "a\"x LOGOUT" "b\\"`]);
});

const ended = async (asked: Promise<unknown>): Promise<unknown> => {
  try {
    await asked;
  } catch (error) {
    assert.ok(error instanceof MailTalkEnded);
    return error.end;
  }
  return assert.fail("it did not end");
};

test("an answer without end is given up", async () => {
  const endless = scripted(() => Array.from({ length: 5_000 }, () => "* 1 EXISTS"));
  assert.deepEqual(await ended(imapTalk(endless.line, 100).ask("NOOP")), {
    stage: "NOOP",
    because: "foreign",
    text: "an answer without end",
  });
  const long = scripted(() => ["+OK", ...Array.from({ length: 5_000 }, () => "line")]);
  assert.deepEqual(await ended(pop3Talk(long.line, 100).askLines("LIST")), {
    stage: "LIST",
    because: "foreign",
    text: "an answer without end",
  });
});

test("another protocol's greeting is told", async () => {
  const { line } = scripted(() => [], ["SSH-2.0-x"]);
  const told = { stage: "greeting", because: "foreign", text: "SSH-2.0-x" };
  assert.deepEqual(await ended(imapTalk(line, 100).greeting()), told);
});

test("POP3: many lines, with dots at their beginning", async () => {
  const { line, written } = scripted((said) => (said === "STAT" ? ["+OK 2 300"] : ["+OK here", "..a", "b", "."]));
  const talk = pop3Talk(line, 100);
  assert.deepEqual(await talk.askLines("TOP 1 0"), { isGood: true, text: "here", lines: [".a", "b"] });
  assert.equal(await talk.count(), 2);
  assert.deepEqual(written, ["TOP 1 0", "STAT"]);
});

test("POP3: a server that offers no login in clear text is not given one", async () => {
  const { line, written } = scripted((said) => (said === "CAPA" ? ["+OK", "STLS", "SASL", "."] : ["-ERR"]));
  const talk = pop3Talk(line, 100);
  const login = await talk.login({ username: "ann", password: "x" }, await talk.abilities());
  assert.equal(login.kind, "no-way");
  assert.deepEqual(written, ["CAPA"]);
});

test("SCRAM: a server that does not know the password is not believed, nor one that asks for too much", () => {
  const ask = (serverFirst: (nonce: string) => string): string | undefined => {
    const client = saslClient(["SCRAM-SHA-256"], { username: "a,b", password: "pencil" });
    const first = Buffer.from(client?.first ?? "", "base64").toString();
    assert.match(first, /^n,,n=a=2Cb,r=/);
    const answer = client?.next(Buffer.from(serverFirst(first.split("r=")[1]!)).toString("base64"));
    return answer === undefined ? undefined : client?.next(Buffer.from("v=AAAA").toString("base64"));
  };
  assert.equal(
    ask((nonce) => `r=${nonce}x,s=c2FsdA==,i=4096`),
    undefined,
    "a forged signature",
  );
  assert.equal(
    ask(() => "r=another,s=c2FsdA==,i=4096"),
    undefined,
    "another nonce",
  );
  assert.equal(
    ask((nonce) => `r=${nonce}x,s=c2FsdA==,i=999999999`),
    undefined,
    "too many iterations",
  );
});
