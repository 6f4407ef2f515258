// Strangers are asked to come again: who does is let in, and known from then on; so is a pool that SPF proves. RFC 6647.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectClient, transact } from "../support/smtp-client.ts";
import { type Lab, startLab } from "../support/lab-server.ts";

const minute = 60_000;

/** From any address, as a proxy may tell it. Answers the last reply: to RCPT, or to the message. */
async function sendFrom({ port }: Lab, ip: string, { from, to }: { from: string; to: string }): Promise<string> {
  await using client = await connectClient(port);
  await client.say("EHLO proxy.lab");
  assert.match(await client.say(`XCLIENT ADDR=${ip}`), /^220 /);
  await client.say("EHLO client.lab");
  const content = `From: ${from}\r\nTo: ${to}\r\nSubject: hello\r\n\r\nhello\r\n`;
  return await transact(client, { from, to: [to], content });
}

const open = (): Promise<Lab> =>
  startLab({
    newcomers: [
      {
        name: "pool",
        what: "sends from many addresses",
        zone: ['@ TXT "v=spf1 ip4:203.0.113.0/24 ip4:198.51.100.7 -all"'],
      },
    ],
    settings: () => ({
      relay: { networks: [], xclient_networks: ["127.0.0.0/8"] },
      domain: [{ name: "home.lab", deliver: "relay" }],
      greylist: { for: "unknown" },
    }),
  });

const bob = { from: "bob@stranger.lab", to: "anna@home.lab" };

test("the first attempt waits, the retry is delivered, later mail of the host comes at once", async () => {
  await using lab = await open();
  assert.match(
    await sendFrom(lab, "192.0.2.7", bob),
    /^451 4\.7\.1 greylisted, .* welcome in 5 minutes, .*need do nothing$/,
  );
  const [waiting] = await lab.control.deferrals({ from: bob.from });
  assert.deepEqual([waiting?.state, waiting?.client, waiting?.to], ["waits", "192.0.2.7", bob.to]);
  const refused = await lab.event("refused", bob.to);
  assert.deepEqual([refused.stage, refused.check], ["rcpt", "greylist"]);

  await lab.world.advance(5 * minute);
  assert.match(await sendFrom(lab, "192.0.2.8", bob), /^250 /);
  assert.match((await lab.mail(bob.to)).content.toString(), /Subject: hello/);
  assert.match(await sendFrom(lab, "192.0.2.7", { from: "eve@other.lab", to: "ben@home.lab" }), /^250 /);
  const [returned] = await lab.control.deferrals({});
  assert.equal(returned?.state, "returned");
  const senders = await lab.control.senders({ name: "192.0.2.7" });
  assert.equal(senders[0]?.seen.accepted?.total, 2);
});

test("a pool retries from another address of its SPF record", async () => {
  await using lab = await open();
  const mail = { from: "news@pool.lab", to: "anna@home.lab" };
  assert.match(await sendFrom(lab, "203.0.113.5", mail), /^451 4\.7\.1 greylisted/);
  await lab.world.advance(5 * minute);
  assert.match(await sendFrom(lab, "198.51.100.7", mail), /^250 /);
  assert.match(await sendFrom(lab, "203.0.113.99", { ...mail, to: "ben@home.lab" }), /^250 /);
});

test("the operator lets a message in; it survives a restart that it waits", async () => {
  await using lab = await open();
  const later = { ...bob, to: "ben@home.lab" };
  for (const mail of [bob, later]) assert.match(await sendFrom(lab, "192.0.2.7", mail), /^451 /);
  await lab.stopServer();
  await lab.startServer();
  const waiting = await lab.control.deferrals({});
  assert.equal(waiting.length, 2);
  const { allowed } = await lab.control.allow(waiting.find(({ to }) => to === later.to)!.id);
  assert.deepEqual(
    allowed.map(({ to }) => to),
    [later.to],
  );
  assert.match(await sendFrom(lab, "192.0.2.7", later), /^250 /);
  await lab.mail(later.to);
});
