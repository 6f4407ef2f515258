// The server stops and starts again on the same data: what waited goes on waiting, and arrives. RFC 5321 §4.5.4.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";
import { simpleContent } from "../support/smtp-client.ts";

test("a deferred message survives a restart, with its attempts, its due time and every octet", async () => {
  await using lab = await startLab({ names: ["greylists"] });
  const content = simpleContent("Large", "All work and no play.\r\n".repeat(10_000)); // large enough for a body file
  const queueId = await lab.send({ to: ["ben@greylists.lab"], content });
  const { retryAt } = await lab.event("deferred", "ben@greylists.lab");

  await lab.stopServer();
  await lab.startServer();
  const [waiting] = await lab.control.list({});
  assert.deepEqual(
    [waiting?.message.queueId, waiting?.attempts, waiting?.dueAt, waiting?.state],
    [queueId, 1, retryAt, "deferred"],
  );
  await lab.nextAttempt();
  await lab.stopServer();
  await lab.startServer();
  await lab.nextAttempt();
  const mail = await lab.mail("ben@greylists.lab");
  assert.ok(mail.content.toString().endsWith(content));
  await lab.assertEmpty();
  assert.deepEqual(
    (await lab.control.trace({ queueId })).map(({ kind }) => kind),
    ["received", "deferred", "deferred", "delivered"],
  );
});

test("what fell due while the server was down is attempted at its start", async () => {
  await using lab = await startLab({ names: ["greylists"] });
  await lab.send({ to: ["ben@greylists.lab"] });
  await lab.event("deferred", "ben@greylists.lab");
  await lab.stopServer();
  await lab.world.advance(3_600_000);
  await lab.startServer();
  await lab.mail("ben@greylists.lab");
  await lab.assertEmpty();
});

test("a hold survives a restart", async () => {
  await using lab = await startLab({ names: ["full"] });
  const queueId = await lab.send({ to: ["fred@full.lab"] });
  await lab.event("deferred", "fred@full.lab");
  await lab.control.change({ queueId }, "hold");
  await lab.stopServer();
  await lab.world.advance(3_600_000);
  await lab.startServer();
  const [row] = await lab.control.list({});
  assert.deepEqual([row?.state, row?.attempts], ["held", 1]);
});
