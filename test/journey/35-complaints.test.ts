// Complaints (ARF, RFC 5965): about our mail, the recipient gets no more of that sender, who is told; about a stranger's mail
// that we took, they count against whom it was proven to be from.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/journal/event.ts";
import { type Lab, type LabOptions, startLab } from "../support/lab-server.ts";
import { complaintOf, headerOf } from "../support/reports.ts";
import { askFor, simpleContent } from "../support/smtp-client.ts";

const ann = "ann@ours.lab";
const feedback = "feedback@ours.lab";

const settings =
  (sign: readonly string[], networks: readonly string[] = ["127.0.0.1"]): NonNullable<LabOptions["settings"]> =>
  (_, dir) => ({
    domain: [
      {
        name: "ours.lab",
        deliver: `maildir:${dir}/mail/{user}`,
        mailboxes: ["feedback", "ben"],
        aliases: { ann: ["you@home.lab"], anna: ["anna@accepts.lab"] },
      },
    ],
    relay: { networks: [...networks] },
    returns: { sign: [...sign], feedback: [feedback] },
  });

const complaints = (lab: Lab): Event[] => lab.events.filter(({ kind }) => kind === "complained");

for (const [how, sign, to] of [
  ["at the return address", ["*"], undefined],
  ["at an address for feedback loops, found by the return address", ["*"], feedback],
  ["at an address for feedback loops, found by our queue id and the Message-ID", [], feedback],
] as const)
  test(`a complaint about our mail, ${how}: no more of that sender; he is told`, async () => {
    await using lab = await startLab({ names: ["accepts"], settings: settings(sign) });
    const queueId = await lab.send({ from: ann, to: ["anna@accepts.lab"], content: simpleContent("Our offer") });
    const mail = await lab.mail("anna@accepts.lab");
    const original = `Return-Path: <${mail.from}>\r\n${headerOf(mail.content)}`;
    const content = complaintOf({ to: "anna@accepts.lab", original });
    await lab.send({ from: "loop@far.example", to: [to ?? mail.from], content });
    const told = await lab.event("complained", "anna@accepts.lab");
    assert.deepEqual([told.queueId, told.from, told.feedbackType, told.sender], [queueId, ann, "abuse", undefined]);

    const letter = await lab.mail("you@home.lab");
    const words = letter.content.toString().replaceAll(/\s+/g, " ");
    assert.equal(letter.from, "");
    assert.match(words, /Subject: A recipient complained: Our offer/);
    assert.match(
      words,
      /anna@accepts\.lab marked your message "Our offer" of 2026-01-01 as unwanted \(told by far\.example\)/,
    );
    if (to !== undefined) await lab.event("delivered", feedback);
    await lab.assertEmpty();

    const no = await askFor(lab.port, { from: ann, to: "anna@accepts.lab" });
    assert.match(no, /^550-5\.7\.1 .* until 2026-06-30 .*\n.*The recipient complained about a message of this sender/);
    assert.match(await askFor(lab.port, { from: "ben@ours.lab", to: "anna@accepts.lab" }), /^250 /, "others may write");
    await lab.send({ from: "loop@far.example", to: [to ?? mail.from], content });
    await lab.assertEmpty();
    assert.equal(complaints(lab).length, 1, "once for each message");
  });

test("a complaint about a stranger's mail counts against him", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: settings([], []) });
  const queueId = await lab.send({ to: ["anna@ours.lab"], content: simpleContent("Buy now") });
  const { content } = await lab.mail("anna@accepts.lab");
  const original = headerOf(content);
  const guessed = original.replace(/^Message-ID: .*$/im, "Message-ID: <other@home.lab>");
  await lab.send({
    from: "far@accepts.lab",
    to: [feedback],
    content: complaintOf({ to: "anna@accepts.lab", original: guessed }),
  });
  await lab.assertEmpty();
  assert.deepEqual(complaints(lab), [], "our ids can be guessed: one alone proves nothing");

  await lab.send({
    from: "far@accepts.lab",
    to: [feedback],
    content: complaintOf({ to: "anna@accepts.lab", original }),
  });
  const { queueId: about, sender } = await lab.event("complained");
  assert.deepEqual([about, sender?.identity], [queueId, { kind: "network", name: "127.0.0.0/24" }]);
  await lab.assertEmpty();
  const [status] = await lab.control.senders({ name: "127.0.0.1" });
  assert.equal(status?.seen.complaint?.total, 1);
  assert.deepEqual(await lab.control.suppressions({}), [], "it was no mail of ours");
  assert.equal(lab.mails.filter(({ to }) => to.includes("you@home.lab")).length, 0, "nor is he told of it");
});

test("reports that are no complaint, and complaints about nothing that we know, are mail as any other", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: settings(["*"]) });
  await lab.send({ from: ann, to: ["anna@accepts.lab"] });
  const { from, content } = await lab.mail("anna@accepts.lab");
  const original = `Return-Path: <${from}>\r\n${headerOf(content)}`;
  const unknown = `Received: from x by waybill.lab with ESMTP id 1kdvdna0000k7s3x; Thu, 1 Jan 2026\r\nMessage-ID: <1@x>\r\n`;
  for (const one of [
    complaintOf({ to: "anna@accepts.lab", original }, "not-spam"),
    complaintOf({ to: "anna@accepts.lab", original: unknown }),
    simpleContent("Is this read?"),
  ])
    await lab.send({ from: "loop@far.example", to: [feedback], content: one });
  await lab.assertEmpty();
  assert.deepEqual(complaints(lab), []);
  assert.equal(lab.events.filter((event) => event.kind === "delivered" && event.to === feedback).length, 3);
});
