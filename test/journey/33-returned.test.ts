// Mail of ours that bounces after it was handed over: the bounce finds its message, the history tells it, and the sender gets
// one notice in plain words. What we never sent is refused, and what is no bounce goes on untouched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bounceOf, headerOf } from "../support/reports.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { type Lab, type LabOptions, startLab } from "../support/lab-server.ts";
import { connectClient, simpleContent } from "../support/smtp-client.ts";

const dayMs = 86_400_000;
const ann = "ann@ours.lab";

const settings: NonNullable<LabOptions["settings"]> = (internet) => ({
  domain: [{ name: "ours.lab", deliver: "relay", aliases: { anna: ["anna@accepts.lab"] } }],
  route: [{ to: "ours.lab", host: "127.0.0.1", port: internet.smtpPort }],
});
void settings;

const ours =
  (returns: object = { sign: ["*"] }, more: object = {}): NonNullable<LabOptions["settings"]> =>
  (_, dir) => ({
    domain: [
      { name: "ours.lab", deliver: `maildir:${dir}/mail/{user}`, mailboxes: ["ann", "feedback"], aliases: { anna: ["anna@accepts.lab"] } },
    ],
    returns,
    ...more,
  });

/** Sends from ann; answers the queue id, and what the host of the first recipient got. */
async function sent(lab: Lab, to: readonly string[] = ["anna@accepts.lab"], subject = "Lunch on Friday?") {
  const queueId = await lab.send({ from: ann, to, content: simpleContent(subject) });
  const mail = await lab.until("the mail", () => lab.mails.find(({ content }) => content.includes(queueId)));
  return { queueId, from: mail.from, original: headerOf(mail.content) };
}

test("a bounce that comes later is told in the history, and to the sender in one plain notice", async () => {
  await using lab = await startLab({ names: ["accepts"], settings: ours() });
  const { queueId, from, original } = await sent(lab);
  assert.match(from, /^bounce-[0-9a-z]{16}-[0-9a-z]{16}@ours\.lab$/);
  assert.ok(from.includes(queueId));
  const { steps } = await lab.event("delivered", "anna@accepts.lab");
  assert.equal(steps[0]?.text, `sent from the return address <${from}>, in place of <${ann}>`);

  const content = bounceOf({ to: "anna@accepts.lab", original });
  const reportId = await lab.send({ from: "", to: [from.toUpperCase()], content });
  const told = await lab.event("bounced-later", "anna@accepts.lab");
  assert.deepEqual([told.queueId, told.reportId, told.cause, told.permanence], [queueId, reportId, "no-such-mailbox", "permanent"]);
  await lab.event("delivered", ann);
  await lab.assertEmpty();
  console.log(JSON.stringify(await lab.control.trace({ queueId }), null, 1));
  console.log(JSON.stringify(await lab.control.trace({ queueId: reportId }), null, 1));
});
void actionOf; void assertPlainWords; void openNotice; void connectClient; void dayMs;
