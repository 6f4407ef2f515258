// Mail of ours that bounces after it was handed over: the bounce finds its message, the history tells it, and the sender gets
// one notice in plain words. What we never sent is refused, and what is no bounce goes on untouched.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { main } from "../../src/cli/waybill.ts";
import { drawJourneys, asciiGlyphs } from "../../src/cli/trace-drawing.ts";
import { plain } from "../../src/cli/context.ts";
import { field } from "../golden/dsn/read-notice.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { type Lab, type LabOptions, startLab } from "../support/lab-server.ts";
import { bounceOf, headerOf } from "../support/reports.ts";
import { connectClient, simpleContent } from "../support/smtp-client.ts";

const dayMs = 86_400_000;
const ann = "ann@ours.lab";

/** Ann reads her mail at home. */
const ours =
  (returns: object = { sign: ["*"] }, more: object = {}): NonNullable<LabOptions["settings"]> =>
  (_, dir) => ({
    domain: [
      {
        name: "ours.lab",
        deliver: `maildir:${dir}/mail/{user}`,
        mailboxes: ["ben"],
        aliases: { ann: ["you@home.lab"], anna: ["anna@accepts.lab"] },
      },
    ],
    returns,
    ...more,
  });

/** Sends from ann; answers the queue id, the reverse-path that its host saw, and the header that it would return. */
async function sent(lab: Lab, to: readonly string[] = ["anna@accepts.lab"], from = ann) {
  const queueId = await lab.send({ from, to, content: simpleContent("Lunch on Friday?") });
  const mail = await lab.until("the mail", () => lab.mails.find(({ content }) => content.includes(queueId)));
  return { queueId, from: mail.from, original: headerOf(mail.content) };
}

test("a bounce that comes later is told in the history, and to the sender in one plain notice", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours() });
  const { queueId, from, original } = await sent(lab);
  assert.match(from, new RegExp(`^bounce-${queueId}-[0-9a-z]{16}@ours\\.lab$`));
  const { steps } = await lab.event("delivered", "anna@accepts.lab");
  assert.equal(steps[0]?.text, `sent from the return address <${from}>, in place of <${ann}>`);

  const content = bounceOf({ to: "anna@accepts.lab", original }, { diagnosis: "550 5.1.1 <anna>: user unknown" });
  const reportId = await lab.send({ from: "", to: [from.toUpperCase()], content });
  const told = await lab.event("bounced-later", "anna@accepts.lab");
  assert.deepEqual([told.queueId, told.reportId, told.reportedBy], [queueId, reportId, "mx.far.example"]);
  assert.deepEqual([told.cause, told.permanence, told.final], ["no-such-mailbox", "permanent", undefined]);

  const notice = openNotice(await lab.mail("you@home.lab"));
  assert.equal(notice.subject, "Not delivered: Lunch on Friday?");
  assertPlainWords(notice);
  assert.match(notice.letter, /There is no mailbox with this address at accepts\.lab/);
  assert.match(notice.letter, /Your mail server noted.*:\s+mx\.far\.example: 550 5\.1\.1 <anna>: user unknown/);
  assert.ok(notice.letter.includes(queueId), "by its number, trace tells the story");
  assert.deepEqual(actionOf(notice, "anna@accepts.lab"), ["failed", "5.1.1"]);
  assert.match(field(notice.recipients.get("anna@accepts.lab")!, "Diagnostic-Code"), /^smtp; 550 5\.1\.1 <anna>/);
  await lab.assertEmpty();

  const now = lab.world.now();
  const drawn = async (id: string): Promise<string> => {
    const events = await lab.control.trace({ queueId: id });
    return drawJourneys(events, { glyphs: asciiGlyphs, paint: plain, width: Infinity, now }).join("\n");
  };
  assert.match(
    await drawn(queueId),
    /delivered to mx\.accepts\.lab[^]*bounced later, as mx\.far\.example told: There is no mailbox[^]*550 5\.1\.1 <anna>: user unknown[^]*told ann@ours\.lab that delivery failed: waybill trace/,
  );
  assert.match(await drawn(reportId), /received from <> for bounce-\S+@ours\.lab/i);
});

test("waybill explain, asked for a message that bounced later, says why", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours() });
  const { queueId, from, original } = await sent(lab);
  const report = { diagnosis: "550 no", status: "5.1.1" };
  await lab.send({ from: "", to: [from], content: bounceOf({ to: "anna@accepts.lab", original }, report) });
  const { cause } = await lab.event("bounced-later");
  await lab.assertEmpty();
  const config = join(lab.dir, "waybill.toml");
  await writeFile(config, `data_dir = ${JSON.stringify(lab.dir)}\n`);
  let out = "";
  const code = await main(["node", "waybill", "explain", queueId, "--json", "--config", config], {
    stdin: (async function* () {})(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => assert.fail(text) },
    environment: {},
    world: lab.world,
    machine: "here",
    user: "me",
  });
  assert.equal(code, 0);
  const [told] = JSON.parse(out).recipients;
  assert.deepEqual([told.address, told.cause, told.text], ["anna@accepts.lab", cause, "550 no"]);
});

test("what is no bounce of a message goes on to its sender as it came, and nothing is told", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours() });
  const { queueId, from, original } = await sent(lab);
  const reported = { to: "anna@accepts.lab", original };
  const away = simpleContent("Out of office").replace("Subject:", "Auto-Submitted: auto-replied\r\nSubject:");
  const letters: readonly [string, string][] = [
    ["Delayed Mail", bounceOf(reported, { action: "delayed", diagnosis: "451 4.7.1 come again", status: "4.7.1" })],
    ["Out of office", away],
    ["Re: Lunch", simpleContent("Re: Lunch on Friday?", "With pleasure.\r\n")],
    ["Undelivered", simpleContent("Undelivered", "Nobody can read this.\r\n")],
  ];
  for (const [i, [subject, content]] of letters.entries()) {
    await lab.send({ from: i === 2 ? "anna@accepts.lab" : "", to: [from], content });
    const mail = await lab.mail("you@home.lab", i + 1);
    assert.ok(mail.content.toString().endsWith(content), "nothing but our fields on top of it");
    assert.match(mail.content.toString(), new RegExp(`^Subject: ${subject}`, "m"));
  }
  await lab.assertEmpty();
  const story = await lab.control.trace({ queueId });
  assert.deepEqual(
    story.map(({ kind }) => kind),
    ["received", "delivered"],
  );
});

test("recipients of one host share a transaction; a bounce that names one of them is told of this one, others go on", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours() });
  const to = ["anna@accepts.lab", "ben@accepts.lab"];
  const { from, original } = await sent(lab, to);
  assert.deepEqual(lab.mails[0]?.to, to);
  const whole = `${original}\r\n\r\n${"It was large.\r\n".repeat(100_000)}`;
  await lab.send({ from: "", to: [from], content: bounceOf({ to: "BEN@accepts.lab", original: whole }) });
  const { to: told } = await lab.event("bounced-later");
  assert.equal(told, "ben@accepts.lab");
  assert.deepEqual([...openNotice(await lab.mail("you@home.lab")).recipients.keys()], ["ben@accepts.lab"]);

  const content = bounceOf({ to: "somebody@elsewhere.example", original });
  await lab.send({ from: "", to: [from], content });
  assert.ok((await lab.mail("you@home.lab", 2)).content.toString().endsWith(content), "nobody knows whom it is about");
  const again = bounceOf({ to: "ben@accepts.lab", original });
  await lab.send({ from: "", to: [from], content: again });
  assert.ok((await lab.mail("you@home.lab", 3)).content.toString().endsWith(again), "it was told");
  await lab.assertEmpty();
  assert.equal(lab.events.filter(({ kind }) => kind === "bounced-later").length, 1);
  const bodies = await readdir(join(lab.dir, "bodies"), { recursive: true, withFileTypes: true });
  assert.deepEqual(
    bodies.filter((entry) => entry.isFile()),
    [],
    "nothing is left of what was told in other words",
  );
});

test("the address stays the same for all attempts, and after a restart; only our own mail has one", async () => {
  await using lab = await startLab({ names: ["accepts", "greylists"], settings: ours() });
  const queueId = await lab.send({ from: ann, to: ["gwen@greylists.lab", "ben@ours.lab"] });
  await lab.event("deferred", "gwen@greylists.lab");
  await lab.event("delivered", "ben@ours.lab");
  const mailbox = join(lab.dir, "mail/ben/new");
  const [file] = await readdir(mailbox);
  assert.match(await readFile(join(mailbox, file!), "utf8"), /^Return-Path: <ann@ours\.lab>\n/, "as it was sent");
  await lab.stopServer();
  await lab.startServer();
  while (!lab.mails.some(({ to }) => to.includes("gwen@greylists.lab"))) await lab.nextAttempt();
  const { from, content } = await lab.mail("gwen@greylists.lab");
  const tried = lab.events.flatMap((event) => ("steps" in event ? event.steps : []));
  assert.equal(new Set(tried.flatMap(({ text }) => /<(bounce-[^>]+)>/.exec(text)?.[1] ?? [])).size, 1);
  await lab.send({
    from: "",
    to: [from],
    content: bounceOf({ to: "gwen@greylists.lab", original: headerOf(content) }),
  });
  assert.equal((await lab.event("bounced-later")).queueId, queueId);

  await lab.send({ to: ["carl@accepts.lab"] });
  assert.equal((await lab.mail("carl@accepts.lab")).from, "you@home.lab");
  await lab.send({ from: "", to: ["dora@accepts.lab"] });
  assert.equal((await lab.mail("dora@accepts.lab")).from, "");
});

test("an address that we did not make, or made long ago, is refused at RCPT in words", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours({ sign: ["ours.lab"], lifetime: "5d" }) });
  const { queueId, from } = await sent(lab);
  const ask = async (...paths: readonly string[]): Promise<string[]> => {
    await using client = await connectClient(lab.port);
    await client.say("EHLO far.example");
    await client.say("MAIL FROM:<>");
    const replies: string[] = [];
    for (const path of paths) replies.push(await client.say(`RCPT TO:<${path}>`));
    return replies;
  };
  const last = from.at(-"@ours.lab".length - 1)!;
  const other = from.replace(`${last}@`, `${last === "0" ? "1" : "0"}@`);
  const inOtherName = from.replace("@ours.lab", "@waybill.lab");
  const id = `${queueId.slice(0, -1)}${queueId.endsWith("0") ? "1" : "0"}`;
  const [valid, ...forged] = await ask(from, other, inOtherName, from.replace(queueId, id));
  assert.match(valid!, /^250 /);
  for (const reply of forged) assert.match(reply, /^550 5\.7\.1 this address is made like .* but not by us/);
  const [plain, odd] = await ask("ben@ours.lab", "bounce-me@ours.lab");
  assert.match(plain!, /^250 /, "forwarders and old mail exist");
  assert.match(odd!, /^550 5\.1\.1 there is no mailbox/);
  assert.equal((await lab.event("refused", other)).check, "returns");
  await lab.world.advance(5 * dayMs + 1);
  assert.match((await ask(from))[0]!, /^550 5\.1\.1 .*sent too long ago/);
});

test("only_signed: notices to plain addresses of a domain that signs are about mail of others", async () => {
  const returns = { sign: ["ours.lab"], only_signed: true, feedback: ["ben@ours.lab"] };
  await using lab = await startLab({ names: ["accepts"], settings: ours(returns, { relay: { networks: [] } }) });
  await using client = await connectClient(lab.port);
  await client.say("EHLO far.example");
  const rcpt = async (from: string, to: string): Promise<string> => {
    await client.say("RSET");
    await client.say(`MAIL FROM:<${from}>`);
    return client.say(`RCPT TO:<${to}>`);
  };
  assert.match(await rcpt("", ann), /^550 5\.7\.1 all mail from <ann@ours\.lab> has another return address/);
  assert.match(await rcpt("you@home.lab", ann), /^250 /);
  assert.match(await rcpt("", "postmaster@ours.lab"), /^250 /);
  assert.match(await rcpt("", "ben@ours.lab"), /^250 /);
  assert.equal((await lab.event("refused", ann)).check, "backscatter");
});

test("a sender that is too long for SRS: the next hop sees a return address of ours, and its bounce goes on", async () => {
  const long = `${"a".repeat(50)}@home.lab`;
  await using lab = await startLab({ names: ["accepts"], settings: ours({}, { relay: { networks: [] } }) });
  const { queueId, from, original } = await sent(lab, ["anna@ours.lab"], long);
  assert.match(from, new RegExp(`^bounce-${queueId}-[0-9a-z]{16}@ours\\.lab$`), "SPF of our domain passes");
  const content = bounceOf({ to: "anna@accepts.lab", original });
  await lab.send({ from: "", to: [from], content });
  const bounce = await lab.mail(long);
  assert.deepEqual([bounce.from, bounce.content.toString().endsWith(content)], ["", true]);
  assert.equal((await lab.event("bounced-later")).queueId, queueId);

  await lab.send({ from: long, to: [from], content: simpleContent("On holiday") });
  assert.match((await lab.mail(long, 2)).from, /^bounce-\S+@ours\.lab$/, "it is forwarded, too");
  await lab.assertEmpty();
});

test("mail of ours that comes through here again keeps its return address, and a failure is told to its sender", async () => {
  await using lab = await startLab({ names: ["accepts", "unknown"], settings: ours() });
  const { from } = await sent(lab);
  await lab.send({ from, to: ["ben@accepts.lab", "carl@unknown.lab"], content: simpleContent("Forwarded") });
  assert.equal((await lab.mail("ben@accepts.lab")).from, from);
  const notice = openNotice(await lab.mail("you@home.lab"));
  assert.deepEqual(actionOf(notice, "carl@unknown.lab"), ["failed", "5.1.1"]);
  await lab.assertEmpty();
});
