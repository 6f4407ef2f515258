// The operator steers the queue from the command line: hold, release, retry, drop, bounce.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueuedDelivery } from "../../src/queue/store.ts";
import { waybill, waybillJson } from "../support/lab-cli.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";

const minuteMs = 60_000;

/** A host that is full until the test says otherwise. */
function fickle() {
  const mood = { full: true };
  const rcpt = () => (mood.full ? ("452 4.2.2 mailbox full" as const) : undefined);
  return { mood, resident: { name: "fickle", what: "", character: { answers: { rcpt } } } };
}

test("hold keeps a message back, whatever the clock says; release lets it go", async () => {
  const { mood, resident } = fickle();
  await using lab = await startLab({ newcomers: [resident] });
  const held = await lab.send({ to: ["anna@fickle.lab"] });
  const free = await lab.send({ to: ["ben@fickle.lab"] });
  await lab.calm();
  assert.deepEqual(await waybillJson(lab, "queue", "hold", held), [{ action: "hold", changed: 1 }]);
  mood.full = false;
  await lab.world.advance(10 * minuteMs);
  await lab.control.change({ queueId: free }, "retry");
  await lab.mail("ben@fickle.lab");
  const [row, ...others] = await waybillJson<QueuedDelivery>(lab, "queue", "list");
  assert.deepEqual([row?.message.queueId, row?.state, row?.attempts, others], [held, "held", 1, []]);

  assert.deepEqual(await waybillJson(lab, "queue", "release", held), [{ action: "release", changed: 1 }]);
  await lab.mail("anna@fickle.lab");
  await lab.assertEmpty();
  assert.deepEqual(
    (await lab.control.trace({ queueId: held })).map((event) =>
      event.kind === "operator" ? event.action : event.kind,
    ),
    ["received", "deferred", "hold", "release", "delivered"],
  );
});

test("retry does not wait for the schedule", async () => {
  const { mood, resident } = fickle();
  await using lab = await startLab({ newcomers: [resident] });
  await lab.send({ to: ["anna@fickle.lab"] });
  await lab.calm();
  mood.full = false;
  const { exitCode, stdout } = await waybill(lab, "queue", "retry", "--domain", "fickle.lab");
  assert.deepEqual([exitCode, stdout], [0, "1 delivery due now.\n"]);
  await lab.mail("anna@fickle.lab");
  const { at, attempt } = await lab.event("delivered", "anna@fickle.lab");
  assert.deepEqual([at, attempt], [Date.UTC(2026, 0, 1), 2], "no time has passed");
  await lab.assertEmpty();
});

test("drop forgets a message without a word; bounce ends it with a notice", async () => {
  await using lab = await startLab({ names: ["full"] });
  const dropped = await lab.send({ to: ["anna@full.lab"] });
  const bounced = await lab.send({ to: ["ben@full.lab"] });
  await lab.calm();
  assert.deepEqual(await waybillJson(lab, "queue", "drop", dropped), [{ action: "drop", changed: 1 }]);
  assert.deepEqual(await waybillJson(lab, "queue", "bounce", bounced), [{ action: "bounce", changed: 1 }]);
  const notice = openNotice(await lab.mail("you@home.lab"));
  assertPlainWords(notice);
  assert.deepEqual([...notice.recipients.keys()], ["ben@full.lab"]);
  assert.equal(actionOf(notice, "ben@full.lab")[0], "failed");
  assert.match(notice.letter, /operator|stopped|postmaster|administrator/i);
  const { because } = await lab.event("bounced", "ben@full.lab");
  assert.equal(because.kind, "operator");
  await lab.event("delivered", "you@home.lab");
  assert.deepEqual(await lab.control.list({}), []);
  assert.equal(lab.mails.length, 1);
});

test("a queue id that is not there is an error that says so", async () => {
  await using lab = await startLab();
  const { exitCode, stderr } = await waybill(lab, "queue", "hold", "1nothere");
  assert.equal(exitCode, 66 /* EX_NOINPUT */);
  assert.match(stderr, /Nothing of 1nothere could be changed/);
});
