// An unknown user: the sender gets a notice that people and programs can read. RFC 3464, RFC 3834.
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../golden/dsn/read-notice.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";
import { simpleContent } from "../support/smtp-client.ts";

test("mail for an unknown user comes back to the sender, in plain words and in machine form", async () => {
  await using lab = await startLab({ names: ["unknown"] });
  const content = simpleContent("Lunch on Friday?");
  const messageId = /^Message-ID: (.*)$/m.exec(content)![1]!;
  const queueId = await lab.send({ to: ["carl@unknown.lab"], content });

  const bounced = await lab.event("bounced", "carl@unknown.lab");
  assert.ok(bounced.because.kind === "refused");
  assert.equal(bounced.because.reply.code, 550);

  const mail = await lab.mail("you@home.lab");
  const notice = openNotice(mail);
  assertPlainWords(notice);
  assert.match(notice.subject, /^Not delivered: Lunch on Friday\?$/);
  for (const words of [/carl@unknown\.lab/, /What you can do/, /Nothing more will be tried\./, /Lunch on Friday\?/])
    assert.match(notice.letter, words);
  assert.match(notice.letter, /550 5\.1\.1 <carl@unknown\.lab>: Recipient address rejected/, "the host's words, last");

  assert.deepEqual(actionOf(notice, "carl@unknown.lab"), ["failed", "5.1.1"]);
  const fields = notice.recipients.get("carl@unknown.lab")!;
  assert.equal(field(fields, "Remote-MTA"), "dns; mx.unknown.lab");
  assert.match(field(fields, "Diagnostic-Code"), /^smtp; 550 5\.1\.1 /);
  assert.equal(field(notice.message, "Reporting-MTA"), "dns; waybill.lab");
  assert.equal(notice.returned.type, "text/rfc822-headers");
  assert.ok(notice.returned.text.includes(`Message-ID: ${messageId}`), "the sender's mail program finds the original");

  await lab.assertEmpty();
  const told = await lab.event("notice", "carl@unknown.lab");
  assert.deepEqual([told.queueId, told.action], [queueId, "failed"]);
  const story = await lab.control.trace({ queueId: told.noticeId });
  assert.deepEqual(
    story.map(({ kind }) => kind),
    ["received", "delivered"],
  );
});
