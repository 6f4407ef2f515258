// Mail for our own domains: Maildir and LMTP, aliases, catch-all, sub-addresses, postmaster. RFC 5321 §4.5.1, RFC 2033.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type LabOptions, startLab } from "../support/lab-server.ts";
import { startScriptServer } from "../support/script-server.ts";
import { connectClient, simpleContent } from "../support/smtp-client.ts";

const ours: LabOptions["settings"] = (_, dir) => ({
  relay: { networks: [] },
  postmaster: "ben@ours.lab",
  domain: [
    {
      name: "ours.lab",
      deliver: `maildir:${dir}/mail/{domain}/{user}`,
      mailboxes: ["ann", "ben"],
      aliases: { sales: ["ann", "ben", "anna@accepts.lab"] },
    },
    { name: "all.lab", deliver: `maildir:${dir}/mail/{domain}/{user}`, mailboxes: ["ann"], catch_all: "ann@all.lab" },
  ],
});

/** The messages in a mailbox. */
async function maildir(dir: string, mailbox: string): Promise<string[]> {
  const [user, domain] = mailbox.split("@");
  const folder = join(dir, "mail", domain!, user!, "new");
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

test("strangers may write to our mailboxes, and the mail lies in the Maildir, whole", async () => {
  await using lab = await startLab({ settings: ours });
  const content = simpleContent("Hello");
  await lab.send({ from: "stranger@far.example", to: ["Ann@ours.lab"], content });
  await lab.event("delivered", "ann@ours.lab");
  const [mail, ...others] = await maildir(lab.dir, "ann@ours.lab");
  assert.match(
    mail!,
    /^Return-Path: <stranger@far\.example>\nDelivered-To: ann@ours\.lab\nAuthentication-Results: [^]*\nReceived: /,
  );
  assert.ok(mail!.endsWith(content.replaceAll("\r\n", "\n")));
  assert.deepEqual(others, []);
  await lab.assertEmpty();
});

test("an unknown user and a foreign domain are refused at RCPT; the rest of the message goes through", async () => {
  await using lab = await startLab({ settings: ours });
  await using client = await connectClient(lab.port);
  await client.say("EHLO far.example");
  await client.say("MAIL FROM:<stranger@far.example>");
  assert.match(await client.say("RCPT TO:<nobody@ours.lab>"), /^550 5\.1\.1 .*nobody@ours\.lab.*spelling/);
  assert.match(await client.say("RCPT TO:<anna@accepts.lab>"), /^550 5\.7\.1 .*not one of our domains/);
  assert.match(await client.say("RCPT TO:<ann@ours.lab>"), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  client.write(`${simpleContent()}.\r\n`);
  assert.match(await client.reply(), /^250 /);
  await lab.event("delivered", "ann@ours.lab");
  const { stage, reply } = await lab.event("refused", "nobody@ours.lab");
  assert.deepEqual([stage, reply.code], ["rcpt", 550]);
  assert.deepEqual(
    (await lab.control.trace({ address: "nobody@ours.lab" })).map(({ kind }) => kind),
    ["refused"],
    "trace knows of the refusal",
  );
});

test("an alias reaches everybody behind it, here and elsewhere, each once", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours });
  await lab.send({ from: "stranger@far.example", to: ["sales@ours.lab", "ben@ours.lab"] });
  await lab.mail("anna@accepts.lab");
  await lab.assertEmpty();
  assert.equal((await maildir(lab.dir, "ann@ours.lab")).length, 1);
  assert.equal((await maildir(lab.dir, "ben@ours.lab")).length, 1);
  assert.equal(lab.mails.length, 1);
});

test("sub-address, catch-all and postmaster find their mailbox", async () => {
  await using lab = await startLab({ settings: ours });
  const to = ["ann+news@ours.lab", "whoever@all.lab", "postmaster@ours.lab", "Postmaster@waybill.lab"];
  for (const address of to) await lab.send({ from: "stranger@far.example", to: [address] });
  await lab.assertEmpty();
  const count = async (mailbox: string): Promise<number> => (await maildir(lab.dir, mailbox)).length;
  assert.deepEqual(await Promise.all(["ann@ours.lab", "ann@all.lab", "ben@ours.lab"].map(count)), [1, 1, 2]);
});

test("LMTP: the mailbox server answers for each recipient by itself", async () => {
  await using lmtp = await startScriptServer({
    lmtp: true,
    script: (turn, _, count) => {
      if (turn !== "CONTENT") return undefined;
      return ["250 2.0.0 in mailbox", "452 4.2.2 over quota", "550 5.2.0 no"][count - 1];
    },
  });
  const settings = () => ({ domain: [{ name: "ours.lab", deliver: `lmtp:127.0.0.1:${lmtp.port}` }] });
  await using lab = await startLab({ settings });
  await lab.send({ to: ["ann@ours.lab", "ben@ours.lab", "carl@ours.lab"] });
  await lab.event("delivered", "ann@ours.lab");
  await lab.event("deferred", "ben@ours.lab");
  await lab.event("bounced", "carl@ours.lab");
  assert.match(lmtp.peer.lines[0]!, /^LHLO waybill\.lab/);
  assert.equal(lmtp.peer.contents.length, 1, "one transaction");
  await lab.nextAttempt();
  assert.equal(lmtp.peer.contents.length, 2);
  assert.deepEqual(
    lmtp.peer.lines.filter((line) => line.startsWith("RCPT")).slice(3),
    ["RCPT TO:<ben@ours.lab>"],
    "only ben's again",
  );
  await lab.assertEmpty();
});
