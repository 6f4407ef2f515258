import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { reply, type Reply } from "../mail/reply.ts";
import { Connection } from "./connection.ts";
import type { ReceiveEvent } from "./stage.ts";
import {
  Dialler,
  eventually,
  nextTurn,
  longTimes,
  RecordingStage,
  ScriptedSession,
  serve,
  testSecureContext,
} from "./testing.ts";
import type { ReceiveTimes } from "./time-limits.ts";

const secureContext = await testSecureContext();
const starttls = { mode: "starttls", certificate: { secureContext } } as const;

/** A connection of which the test holds the server's side; `later` looks at its time limits as if so much time had passed. */
async function bareConnection(times: Partial<ReceiveTimes> = {}) {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Dialler(connect((server.address() as AddressInfo).port, "127.0.0.1"));
  const [socket] = (await once(server, "connection")) as [Socket];
  server.close();
  const stage = new RecordingStage();
  const session = new ScriptedSession({ address: "127.0.0.1", port: 1, protocol: "SMTP" });
  const events: ReceiveEvent[] = [];
  const connection = new Connection({
    socket,
    session,
    stage,
    secureContext,
    times: { ...longTimes, ...times },
    onEvent: (event) => void events.push(event),
  });
  const later = (ms: number): void => connection.checkTime(performance.now() + ms);
  return { client, socket, stage, session, events, later };
}

test("a client that sends all at once and ends its side gets all replies", async () => {
  await using server = await serve();
  const decision = Promise.withResolvers<Reply>();
  server.stage.decide = () => decision.promise;
  const client = server.dial();
  client.socket.end("one\r\nASK\r\nDATA\r\nhello\r\n.\r\ntwo\r\n");
  await once(client.socket, "finish");
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  decision.resolve(reply(220, undefined, "after its end"));
  await client.closed;
  const codes = client.received.trim().split("\r\n");
  assert.deepEqual(codes, [
    "220 after its end",
    "250 2.0.0 one",
    "220 after its end",
    "250 2.0.0 send it",
    "250 2.0.0 kept",
    "250 2.0.0 two",
  ]);
  assert.deepEqual(server.stage.contents, ["hello\r\n"]);
});

test("a client that ends its side in a message loses it", async () => {
  await using server = await serve();
  const client = server.dial().send("DATA\r\nhalf a mess");
  await client.until("send it");
  client.socket.end();
  await client.closed;
  assert.equal(server.stage.discarded, 1);
});

test("a client that resets in a message loses it, and the server its session", async () => {
  await using server = await serve();
  const client = server.dial().send("DATA\r\nhalf a mess");
  await client.until("send it");
  client.socket.resetAndDestroy();
  await eventually(() => server.open() === 0);
  assert.equal(server.stage.discarded, 1);
  assert.deepEqual(server.sessions[0]?.calls, ["DATA", "lost"]);
});

test("while the sink is behind, nothing more is read", async () => {
  await using server = await serve();
  const gate = Promise.withResolvers<void>();
  server.stage.write = () => gate.promise;
  const client = server.dial();
  await client.until("220");
  const line = `${"x".repeat(998)}\r\n`;
  client.send("DATA\r\n");
  await client.until("send it");
  const sentBytes = 24 * 1024 ** 2;
  client.send(line.repeat(sentBytes / 1_000)).send(".\r\n");
  await eventually(() => server.stage.contents[0] !== "");
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
  assert.ok(server.stage.contents[0]!.length < 200_000, "one read's worth went into the sink");
  assert.ok(client.socket.writableLength > 4 * 1024 ** 2, "the rest still waits at the client");
  gate.resolve();
  await client.until("kept");
  assert.equal(server.stage.contents[0]!.length, line.length * Math.floor(sentBytes / 1_000));
});

test("a client that lets replies pile up is dropped at the limit", async () => {
  await using server = await serve();
  const client = server.dial();
  await client.until("220");
  client.socket.pause();
  client.send("BIG\r\n".repeat(1_000));
  await eventually(() => server.open() === 0);
  const [event] = server.events;
  assert.match(event?.kind === "trouble" ? event.text : "", /does not read our replies/);
  client.socket.destroy();
});

test("a client that reads slowly is waited for: nothing is read meanwhile, nothing is lost", async () => {
  await using server = await serve();
  const client = server.dial();
  await client.until("220");
  client.socket.pause();
  const { calls } = server.sessions[0]!;
  let sent = 0;
  do {
    client.send("BIG\r\n".repeat(8));
    sent += 8;
    for (let turn = 0; turn < 100 && calls.length < sent; turn += 1) await nextTurn();
  } while (calls.length === sent);
  assert.equal(server.open(), 1);
  assert.ok(calls.length < sent, "commands wait while replies do");
  client.socket.resume();
  await client.send("last\r\n").until("last");
  assert.equal(client.received.length, "220 yes\r\n".length + sent * 64 * 1024 + "250 2.0.0 last\r\n".length);
  client.socket.end();
});

test("STARTTLS: the session learns the version, and goes on encrypted", async () => {
  await using server = await serve({ tls: starttls });
  const client = server.dial().send("STARTTLS\r\n");
  await client.until("go on");
  await client.secure();
  assert.match(await client.send("hello\r\n").until("hello"), /250 2\.0\.0 hello/);
  assert.deepEqual(server.sessions[0]?.calls, ["STARTTLS", "secured TLSv1.3", "hello"]);
  client.socket.end();
  await client.closed;
});

// RFC 3207 §4.2, CVE-2011-0411
test("commands in clear text behind STARTTLS are never obeyed, wherever they wait", async () => {
  // STARTTLS is read before, or after, the connection began to hold bytes back
  for (const [first, second] of [
    ["ASK\r\n", "STARTTLS\r\nevil one\r\n"],
    ["ASK\r\nSTARTTLS\r\n", "evil one\r\n"],
  ] as const) {
    const { client, socket, stage, session } = await bareConnection();
    await client.until("220");
    const decision = Promise.withResolvers<Reply>();
    stage.decide = () => decision.promise;
    client.send(first);
    await eventually(() => session.waiting === "answer");
    client.send(second);
    await eventually(() => socket.isPaused());
    client.send("evil two\r\n"); // waits in the socket's buffer
    await eventually(() => socket.readableLength > 0);
    decision.resolve(reply(250, "2.0.0", "decided"));
    await client.until("go on");
    await client.secure(); // fails if clear text reached the handshake
    await client.send("good\r\n").until("good");
    assert.deepEqual(session.calls, ["ASK", "STARTTLS", "secured TLSv1.3", "good"]);
    client.socket.destroy();
  }
});

test("clear text that comes instead of a handshake ends the connection", async () => {
  await using server = await serve({ tls: starttls });
  const client = server.dial().send("STARTTLS\r\n");
  await client.until("go on");
  client.send("MAIL FROM:<evil@example.org>\r\n");
  await client.closed;
  await eventually(() => server.open() === 0);
  assert.deepEqual(server.sessions[0]?.calls, ["STARTTLS", "lost"]);
  assert.match(server.events[0]?.kind === "trouble" ? server.events[0].text : "", /^TLS failed: wrong version number/);
});

test("a client that leaves, or sleeps, in the handshake holds nothing", async () => {
  await using server = await serve({ tls: starttls, times: { ...longTimes, commandTimeoutMs: 30 } });
  const leaver = server.dial().send("STARTTLS\r\n");
  await leaver.until("go on");
  leaver.socket.destroy();
  const sleeper = server.dial().send("STARTTLS\r\n");
  await sleeper.until("go on");
  await sleeper.closed;
  await eventually(() => server.open() === 0 && server.events.length === 2);
  const texts = server.events.map((event) => (event.kind === "trouble" ? event.text : event.kind));
  assert.equal(texts.filter((text) => text === "the TLS handshake took longer than 0.03 s").length, 1);
  assert.equal(texts.filter((text) => /^TLS failed|left during the TLS handshake/.test(text)).length, 1);
});

test("STARTTLS over a connection that ends its side still gets its replies", async () => {
  await using server = await serve({ tls: starttls });
  const client = server.dial().send("STARTTLS\r\n");
  await client.until("go on");
  await client.secure();
  client.socket.end("one\r\ntwo\r\n");
  await client.until("two");
  await eventually(() => server.open() === 0);
});

test("silence between commands ends with 421", async () => {
  await using server = await serve({ times: { ...longTimes, commandTimeoutMs: 40 } });
  const silent = server.dial();
  await silent.until("421 4.4.2 no command within 0.04 s, closing the connection\r\n");
  silent.socket.end();
  await silent.closed;
});

test("a command that never ends is silence, too", async () => {
  const { client, later, socket } = await bareConnection();
  client.send("NOO");
  await eventually(() => socket.bytesRead === 3);
  later(59_000);
  assert.equal(await client.send("P\r\n").until("NOOP"), "220 yes\r\n250 2.0.0 NOOP\r\n");
  later(60_001);
  await client.until("421 4.4.2 no command within 60 s");
  client.socket.end();
});

test("a message that stalls ends with 421 and is forgotten", async () => {
  const { client, later, stage, events } = await bareConnection({ dataTimeoutMs: 1_000 });
  await client.send("DATA\r\nhalf").until("send it");
  later(999);
  assert.equal(stage.discarded, 0);
  later(1_001);
  await client.until("421 4.4.2 no data within 1 s");
  assert.equal(stage.discarded, 1);
  assert.deepEqual(
    events.map((event) => event.kind === "refused" && `${event.stage} ${event.reply.code}`),
    ["content 421"],
  );
  client.socket.end();
});

test("a message that trickles for ever, and a session that is always busy, have an end", async () => {
  const trickle = await bareConnection({ messageTimeoutMs: 1_000 });
  await trickle.client.send("DATA\r\nhalf").until("send it");
  trickle.later(1_001);
  await trickle.client.until("421 4.4.2 the message took longer than 1 s");
  const busy = await bareConnection({ sessionTimeoutMs: 1_000 });
  await busy.client.send("NOOP\r\n").until("NOOP");
  busy.later(1_001);
  await busy.client.until("421 4.4.2 the session took longer than 1 s");
  trickle.client.socket.end();
  busy.client.socket.end();
});

test("our own waits do not count against the client", async () => {
  const { client, later, stage, session } = await bareConnection();
  const kept = Promise.withResolvers<Reply>();
  stage.finish = () => kept.promise;
  client.send("DATA\r\nhello\r\n.\r\n");
  await eventually(() => session.waiting === "answer");
  later(300_000);
  kept.resolve(reply(250, "2.0.0", "kept after all"));
  await client.until("kept after all");
  client.socket.end();
});

test("nor does a disk that is behind", async () => {
  const { client, later, stage } = await bareConnection();
  const written = Promise.withResolvers<void>();
  stage.write = () => written.promise;
  await client.send("DATA\r\nhello, world\r\n").until("send it");
  await eventually(() => stage.contents[0] !== "");
  later(300_000);
  written.resolve();
  await client.send(".\r\n").until("kept");
  client.socket.end();
});

test("a client that reads nothing is ended after the time of a command", async () => {
  const { client, later, socket } = await bareConnection();
  await client.until("220");
  client.socket.pause();
  for (let sent = 0; !socket.writableNeedDrain && sent < 1_000; sent += 1) {
    const { bytesRead } = socket;
    client.send("BIG\r\n");
    await eventually(() => socket.bytesRead > bytesRead || socket.writableNeedDrain);
  }
  later(60_001);
  later(63_000); // the 421 cannot be read either
  assert.equal(socket.destroyed, true);
  client.socket.destroy();
});

test("with a greeting delay, a client that waits is greeted; one that talks first is sent away", async () => {
  const patient = await bareConnection({ greetingDelayMs: 5_000 });
  patient.later(4_900);
  const talker = await bareConnection({ greetingDelayMs: 5_000 });
  await talker.client.send("EHLO spam.example\r\n").until("421 you talked too early");
  talker.later(6_000);
  assert.doesNotMatch(talker.client.received, /220/);
  assert.equal(patient.client.received, "");
  patient.later(5_001);
  await patient.client.until("220");
  const leaver = await bareConnection({ greetingDelayMs: 5_000 });
  leaver.client.socket.end();
  await leaver.client.closed;
  assert.equal(leaver.client.received, "");
  for (const { client } of [patient, talker]) client.socket.end();
});

test("a client that does not close after our last reply is closed on", async () => {
  const { client, later, socket } = await bareConnection();
  client.socket.allowHalfOpen = true;
  await client.send("QUIT\r\n").until("bye");
  later(1_900);
  assert.equal(socket.destroyed, false);
  later(2_001);
  assert.equal(socket.destroyed, true);
  client.socket.destroy();
});

test("after the last reply, what the client still sends does not take the reply back", async () => {
  await using server = await serve();
  const client = server.dial();
  await client.until("220");
  client.send("QUIT\r\n").send("more\r\n".repeat(100_000));
  await client.until("bye");
  client.socket.end();
  await client.closed;
  assert.deepEqual(server.sessions[0]?.calls, ["QUIT"]);
});
