// A host that greylists: put off twice, then delivered, and the sender hears nothing of it. RFC 6647.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";

test("greylisted mail is tried again by the schedule and delivered; nobody is bothered", async () => {
  await using lab = await startLab({ names: ["greylists"] });
  const sentAt = lab.world.now();
  const queueId = await lab.send({ to: ["ben@greylists.lab"] });

  const { because, retryAt } = await lab.event("deferred", "ben@greylists.lab");
  assert.ok(because.kind === "refused");
  assert.deepEqual([because.stage, because.reply.code, because.reply.enhanced], ["rcpt", 451, "4.7.1"]);
  const waitedMs = retryAt - sentAt;
  assert.ok(waitedMs >= 54_000 && waitedMs <= 66_000, `${waitedMs} ms: a minute, give or take a tenth`);
  const [waiting] = await lab.control.list({ queueId });
  assert.deepEqual([waiting?.state, waiting?.attempts, waiting?.dueAt], ["deferred", 1, retryAt]);

  await lab.nextAttempt();
  assert.equal(lab.mails.length, 0, "after a minute it is still too early for that host");
  await lab.nextAttempt();
  await lab.mail("ben@greylists.lab");
  assert.deepEqual(
    (await lab.control.trace({ queueId })).map((event) => [event.kind, "attempt" in event ? event.attempt : 0]),
    [
      ["received", 0],
      ["deferred", 1],
      ["deferred", 2],
      ["delivered", 3],
    ],
  );
  assert.equal(lab.mails.length, 1);
  await lab.assertEmpty();
});
