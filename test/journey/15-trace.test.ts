// `waybill trace` tells each kind of journey, found by queue id, Message-ID or address.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/journal/event.ts";
import { waybill, waybillJson } from "../support/lab-cli.ts";
import { startLab } from "../support/lab-server.ts";
import { connectClient, simpleContent } from "../support/smtp-client.ts";

test("delivered, deferred, bounced, refused: each is told with host, reply and what comes next", async () => {
  await using lab = await startLab({
    names: ["accepts", "full", "unknown"],
    settings: () => ({ domain: [{ name: "ours.lab", deliver: "maildir:/nowhere/{user}", mailboxes: ["ann"] }] }),
  });
  const content = simpleContent("To three");
  const queueId = await lab.send({ to: ["anna@accepts.lab", "fred@full.lab", "carl@unknown.lab"], content });
  {
    await using client = await connectClient(lab.port);
    await client.say("EHLO far.example");
    await client.say("MAIL FROM:<you@home.lab>");
    assert.match(await client.say("RCPT TO:<nobody@ours.lab>"), /^550/);
  }
  await lab.calm();
  const { noticeId } = await lab.event("notice", "carl@unknown.lab");

  const { exitCode, stdout } = await waybill(lab, "trace", queueId);
  assert.equal(exitCode, 0);
  const journey = stdout.replaceAll(/\s+/g, " ");
  const told = [
    /From you@home\.lab|from <?you@home\.lab/i,
    /anna@accepts\.lab .*mx\.accepts\.lab.* 250 2\.0\.0 taken/,
    /secured by TLSv1/,
    /fred@full\.lab .*mx\.full\.lab.*452 4\.2\.2/,
    /carl@unknown\.lab .*mx\.unknown\.lab.*550 5\.1\.1/,
    new RegExp(noticeId),
  ];
  for (const words of told) assert.match(journey, words);

  const messageId = /^Message-ID: (.*)$/m.exec(content)![1]!;
  assert.equal((await waybill(lab, "trace", messageId)).stdout, stdout, "found by Message-ID");
  const byAddress = await waybillJson<Event>(lab, "trace", "carl@unknown.lab");
  assert.deepEqual(byAddress, await lab.control.trace({ queueId }));
  assert.match((await waybill(lab, "trace", noticeId)).stdout, /you@home\.lab/);
  assert.match((await waybill(lab, "trace", "nobody@ours.lab")).stdout, /550 5\.1\.1 there is no mailbox/);
});

test("what never came is not invented", async () => {
  await using lab = await startLab();
  const { exitCode, stdout, stderr } = await waybill(lab, "trace", "stranger@far.example");
  assert.deepEqual([exitCode, stdout], [66, ""]);
  assert.match(stderr, /Nothing is known of stranger@far\.example/);
});
