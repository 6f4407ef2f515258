// An alias that leads to another domain: SPF passes at the next hop, bounces find their way back, and nobody can forge
// the addresses that make this possible.
import assert from "node:assert/strict";
import { test } from "node:test";
import { spf } from "mailauth/lib/spf/index.js";
import { actionOf, openNotice } from "../support/lab-notice.ts";
import { type LabOptions, startLab } from "../support/lab-server.ts";
import { connectClient, simpleContent } from "../support/smtp-client.ts";

const dayMs = 86_400_000;

const settings: NonNullable<LabOptions["settings"]> = (_, dir) => ({
  relay: { networks: [] },
  domain: [
    {
      name: "ours.lab",
      deliver: `maildir:${dir}/mail/{user}`,
      mailboxes: ["ann"],
      aliases: { anna: ["anna@accepts.lab"], both: ["ann", "anna@accepts.lab"], gone: ["carl@unknown.lab"] },
    },
  ],
});

/** What the next hop finds when we come from 192.0.2.1, as SPF of our domain says; other domains send no mail from there. */
async function spfOf(sender: string): Promise<string> {
  const resolver = async (name: string, type: string): Promise<string[][]> =>
    type === "TXT" ? [[name === "ours.lab" ? "v=spf1 ip4:192.0.2.1 -all" : "v=spf1 -all"]] : [];
  const { status } = await spf({ ip: "192.0.2.1", sender, helo: "waybill.lab", mta: "mx.accepts.lab", resolver });
  return status.result;
}

test("what an alias sends on comes from an address of ours, so that SPF passes; the story tells it", async () => {
  await using lab = await startLab({ names: ["accepts"], settings });
  await lab.send({ to: ["both@ours.lab"] });
  const { from } = await lab.mail("anna@accepts.lab");
  assert.match(from, /^SRS0=\w{6}=\w\w=home\.lab=you@ours\.lab$/);
  assert.deepEqual([await spfOf("you@home.lab"), await spfOf(from)], ["fail", "pass"]);
  const { steps } = await lab.event("delivered", "anna@accepts.lab");
  assert.equal(steps[0]?.text, `forwarded from <${from}>, in place of <you@home.lab> (SRS)`);
  const here = await lab.event("delivered", "ann@ours.lab");
  assert.doesNotMatch(JSON.stringify(here), /SRS0/, "the mailbox here gets it from the sender");
  const { from: sender } = await lab.event("received");
  assert.equal(sender, "you@home.lab");
  await lab.assertEmpty();
});

test("a bounce to that address goes on to the sender, as does what a person answers", async () => {
  await using lab = await startLab({ names: ["accepts"], settings });
  await lab.send({ to: ["anna@ours.lab"] });
  const { from } = await lab.mail("anna@accepts.lab");
  await lab.send({ from: "", to: [from], content: simpleContent("Undelivered") });
  const bounce = await lab.mail("you@home.lab");
  assert.deepEqual([bounce.from, bounce.to], ["", ["you@home.lab"]]);
  assert.match(bounce.content.toString(), /Subject: Undelivered/);

  await lab.send({ from: "anna@accepts.lab", to: [from.toLowerCase()], content: simpleContent("On holiday") });
  const answer = await lab.mail("you@home.lab", 2);
  assert.match(answer.from, /^SRS0=\w{6}=\w\w=accepts\.lab=anna@ours\.lab$/, "it is forwarded, too");
  await lab.assertEmpty();
});

test("two senders for one next hop: each copy has its own", async () => {
  const trusting: LabOptions["settings"] = (internet, dir) => ({ domain: settings(internet, dir).domain });
  await using lab = await startLab({ names: ["accepts"], settings: trusting });
  await lab.send({ to: ["ben@accepts.lab", "anna@ours.lab"] });
  assert.equal((await lab.mail("ben@accepts.lab")).from, "you@home.lab", "our client wrote to him");
  assert.match((await lab.mail("anna@accepts.lab")).from, /^SRS0=\S+@ours\.lab$/, "an alias did to her");
  await lab.assertEmpty();
});

test("a failure that we see ourselves is told to the sender, not to the address in between", async () => {
  await using lab = await startLab({ names: ["unknown"], settings });
  await lab.send({ to: ["gone@ours.lab"] });
  const notice = openNotice(await lab.mail("you@home.lab"));
  assert.deepEqual(actionOf(notice, "carl@unknown.lab"), ["failed", "5.1.1"]);
  await lab.assertEmpty();
});

test("a rewritten sender outlasts a restart, and mail without a sender stays without", async () => {
  await using lab = await startLab({ names: ["accepts", "greylists"], settings });
  await lab.send({ from: "", to: ["anna@ours.lab"] });
  assert.equal((await lab.mail("anna@accepts.lab")).from, "");
  const aliases = { later: ["gwen@greylists.lab"] };
  await lab.stopServer();
  const domain = [{ name: "ours.lab", deliver: `maildir:${lab.dir}/mail/{user}`, aliases }];
  await lab.startServer({ domain });
  await lab.send({ to: ["later@ours.lab"] });
  await lab.event("deferred", "gwen@greylists.lab");
  await lab.stopServer();
  await lab.startServer();
  while (
    !lab.events.some(({ kind, ...event }) => kind === "delivered" && "to" in event && event.to === "gwen@greylists.lab")
  )
    await lab.nextAttempt();
  const { from } = await lab.mail("gwen@greylists.lab");
  assert.match(from, /^SRS0=\w{6}=\w\w=home\.lab=you@ours\.lab$/);
});

test("an address that we did not make, or made long ago, is refused at RCPT in words", async () => {
  await using lab = await startLab({ names: ["accepts"], settings });
  await lab.send({ to: ["anna@ours.lab"] });
  const { from } = await lab.mail("anna@accepts.lab");
  await using client = await connectClient(lab.port);
  await client.say("EHLO far.example");
  await client.say("MAIL FROM:<>");
  const rcpt = (path: string): Promise<string> => client.say(`RCPT TO:<${path}>`);
  assert.match(await rcpt(from.replace("=you@", "=victim@")), /^550 5\.7\.1 .*not by us/);
  assert.match(await rcpt("SRS0=AAAAAA=AA=home.lab=you@ours.lab"), /^550 5\.7\.1 .*not by us/);
  assert.match(await rcpt(from), /^250 /);
  const { check } = await lab.event("refused", from.replace("=you@", "=victim@"));
  assert.equal(check, "srs");
  await client.say("RSET");
  await client.say("QUIT");

  await lab.world.advance(22 * dayMs);
  await using later = await connectClient(lab.port);
  await later.say("EHLO far.example");
  await later.say("MAIL FROM:<>");
  assert.match(await later.say(`RCPT TO:<${from}>`), /^550 5\.1\.1 .*more than 21 days ago/);
});
