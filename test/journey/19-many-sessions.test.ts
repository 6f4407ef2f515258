// Many clients at once, and clients that never come to an end: each has its limits, and nobody else suffers.
// RFC 5321 §4.5.3.2, §3.8 (421).
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";
import { connectClient, dotted, openClient, sendLetter, simpleContent, transact } from "../support/smtp-client.ts";

const sessions = 200;
const addresses = Array.from({ length: sessions }, (_, i) => `guest${i}@accepts.lab`);

test("200 sessions at once, all open in the middle of a message, and each message arrives", async () => {
  const receive = { max_connections_per_address: sessions };
  await using lab = await startLab({ names: ["accepts"], settings: () => ({ receive }) });
  await using open = new AsyncDisposableStack();
  const clients = await Promise.all(addresses.map(() => connectClient(lab.port)));
  for (const client of clients) open.use(client);
  await Promise.all(
    clients.map(async (client, i) => {
      await client.say("EHLO client.lab");
      await client.say("MAIL FROM:<you@home.lab>");
      await client.say(`RCPT TO:<${addresses[i]}>`);
      assert.match(await client.say("DATA"), /^354 /);
      client.write(`Subject: ${i}\r\n\r\nhalf of `);
    }),
  );
  const one = await openClient(lab.port);
  open.use(one);
  assert.match(await one.reply(), /^421 /, "one more than may be");

  const replies = clients.map((client) => {
    client.write("it\r\n.\r\n");
    return client.reply();
  });
  for (const reply of await Promise.all(replies)) assert.match(reply, /^250 /);
  await lab.assertEmpty();
  assert.deepEqual(lab.mails.flatMap(({ to }) => to).toSorted(), addresses.toSorted());
  for (const { to, content } of lab.mails)
    assert.ok(
      content.toString().endsWith(`Subject: ${to[0]!.slice(5, -12)}\r\n\r\nhalf of it\r\n`),
      "nobody's is mixed up",
    );
});

/** Real time: these limits are about the clock of the sockets. Those that a test is not about are far away. */
const far = { command_timeout: "20s", data_timeout: "20s", message_timeout: "20s", session_timeout: "20s" };

test("a client that says nothing hears 421 and is gone", async () => {
  await using lab = await startLab({ settings: () => ({ receive: { ...far, command_timeout: "50ms" } }) });
  await using silent = await connectClient(lab.port);
  assert.match(await silent.reply(), /^421 4\.4\.2 no command within 0\.05 s/);
  assert.equal(await silent.reply(), "closed");
});

test("a client that stops in the middle of its message hears 421 and is gone, and so is what it sent", async () => {
  await using lab = await startLab({ settings: () => ({ receive: { ...far, data_timeout: "50ms" } }) });
  await using stuck = await connectClient(lab.port);
  await stuck.say("EHLO client.lab");
  await stuck.say("MAIL FROM:<you@home.lab>");
  await stuck.say("RCPT TO:<anna@accepts.lab>");
  await stuck.say("DATA");
  stuck.write(`Subject: unfinished\r\n\r\n${"x\r\n".repeat(100_000)}`);
  assert.match(await stuck.reply(), /^421 4\.4\.2 no data within 0\.05 s/);
  assert.equal(await stuck.reply(), "closed");

  await lab.stopServer(); // what was begun is cleaned up by then
  const bodies = await readdir(join(lab.dir, "bodies"), { recursive: true });
  assert.deepEqual(
    bodies.filter((name) => name.includes("/")),
    [],
  );
  assert.deepEqual(
    lab.events.map((event) => event.kind === "refused" && [event.stage, event.reply.code]),
    [["content", 421]],
  );
});

test("a client that sends an octet now and then is ended by the limit for the whole message", async () => {
  const receive = { ...far, message_timeout: "50ms" };
  await using lab = await startLab({ names: ["accepts"], settings: () => ({ receive }) });
  await using slow = await connectClient(lab.port);
  await slow.say("EHLO client.lab");
  await slow.say("MAIL FROM:<you@home.lab>");
  await slow.say("RCPT TO:<anna@accepts.lab>");
  await slow.say("DATA");
  const drip = setInterval(() => slow.write("x\r\n"), 10);
  try {
    assert.match(await slow.reply(), /^421 4\.4\.2 the message took longer than 0\.05 s/);
  } finally {
    clearInterval(drip);
  }
  const reply = await sendLetter(lab.port, {
    from: "you@home.lab",
    to: ["anna@accepts.lab"],
    content: simpleContent(),
  });
  assert.match(reply, /^250 /, "others are served as ever");
  await lab.assertEmpty();
});

test("a session that only ever says NOOP is ended by the limit for sessions", async () => {
  const receive = { ...far, session_timeout: "50ms" };
  await using lab = await startLab({ settings: () => ({ receive }) });
  await using busy = await connectClient(lab.port);
  let reply = "250";
  while (reply.startsWith("250")) reply = await busy.say("NOOP");
  assert.match(reply, /^421 4\.4\.2 the session took longer than 0\.05 s/);
});

test("a client that hangs up in the middle of a message leaves nothing behind", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  {
    await using rude = await connectClient(lab.port);
    await rude.say("EHLO client.lab");
    await rude.say("MAIL FROM:<you@home.lab>");
    await rude.say("RCPT TO:<anna@accepts.lab>");
    await rude.say("DATA");
    rude.write(dotted("x".repeat(300_000)).subarray(0, -3));
  }
  await using polite = await connectClient(lab.port);
  await polite.say("EHLO client.lab");
  const letter = { from: "you@home.lab", to: ["anna@accepts.lab"], content: simpleContent() };
  assert.match(await transact(polite, letter), /^250 /);
  await lab.assertEmpty();
  assert.equal(lab.mails.length, 1);
});
