// The plain case: a client's message reaches the recipient's MX host.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";
import { simpleContent } from "../support/smtp-client.ts";

test("a message is delivered to the MX host, whole, with our trace header on top", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  const content = simpleContent("Hello", ".A line that begins with a dot.\r\n..Two dots.\r\n\r\nEnd.\r\n");
  const queueId = await lab.send({ to: ["anna@accepts.lab"], content });

  const mail = await lab.mail("anna@accepts.lab");
  assert.equal(mail.from, "you@home.lab");
  assert.deepEqual(mail.to, ["anna@accepts.lab"]);
  const text = mail.content.toString();
  assert.ok(text.endsWith(content), "nothing in it was changed");
  const received = text.slice(0, -content.length);
  assert.match(received, /^Received: from client\.lab \(\[127\.0\.0\.1\]\)/);
  assert.match(received, new RegExp(String.raw`by waybill\.lab[^]*\sid ${queueId}\b`));
  assert.match(received, /Thu, 01 Jan 2026 00:00:00 \+0000\r\n$/, "in the time of this world");

  const delivered = await lab.event("delivered", "anna@accepts.lab");
  assert.deepEqual([delivered.queueId, delivered.attempt], [queueId, 1]);
  assert.equal(delivered.host.name, "mx.accepts.lab");
  assert.match(delivered.tls?.version ?? "none", /^TLSv1/);
  assert.deepEqual(
    (await lab.control.trace({ queueId })).map(({ kind }) => kind),
    ["received", "delivered"],
  );
  await lab.assertEmpty();
});
