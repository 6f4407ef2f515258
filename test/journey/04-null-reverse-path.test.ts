// Notices are never answered: a bounce of a bounce would go on for ever. RFC 5321 §4.5.5, RFC 3464 §2.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";

test("mail without a return address that fails ends in silence, and the history says why", async () => {
  await using lab = await startLab({ names: ["unknown"] });
  const queueId = await lab.send({ from: "", to: ["carl@unknown.lab"] });
  const { text } = await lab.event("notice-suppressed", "carl@unknown.lab");
  assert.match(text, /no return address/);
  assert.deepEqual(
    (await lab.control.trace({ queueId })).map(({ kind }) => kind),
    ["received", "bounced", "notice-suppressed"],
  );
  await lab.assertEmpty();
});

test("a notice that cannot be delivered is the end of it", async () => {
  await using lab = await startLab({ names: ["unknown"] });
  await lab.send({ from: "forged@unknown.lab", to: ["carl@unknown.lab"] });
  const { noticeId } = await lab.event("notice", "carl@unknown.lab");
  const end = await lab.event("notice-suppressed", "forged@unknown.lab");
  assert.equal(end.queueId, noticeId);
  assert.equal(lab.events.filter(({ kind }) => kind === "received").length, 2, "the message and one notice");
  assert.deepEqual(lab.mails, []);
  await lab.assertEmpty();
});
