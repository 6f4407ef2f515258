import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { networks } from "../base/networks.ts";
import { reply, type Reply } from "../mail/reply.ts";
import { admission } from "./admission.ts";
import { listen } from "./listener.ts";
import { eventually, longTimes, RecordingStage, ScriptedSession, serve, testSecureContext } from "./testing.ts";

const secureContext = await testSecureContext();
const proxies = networks(["127.0.0.0/8"]);

test("a client is greeted and served, and the session knows its address", async () => {
  await using server = await serve();
  const client = server.dial();
  await client.until("220 yes\r\n");
  const { address, port, protocol } = server.sessions[0]!.client;
  assert.deepEqual([address, port, protocol], ["127.0.0.1", client.socket.localPort, "SMTP"]);
  await client.send("QUIT\r\n").until("bye");
  await client.closed;
  await eventually(() => server.open() === 0);
});

test("implicit TLS: the handshake comes before the session", async () => {
  await using server = await serve({ tls: { mode: "implicit", certificate: { secureContext } } });
  const client = await server.dial().secure();
  await client.until("220 yes");
  assert.match(JSON.stringify(server.sessions[0]!.client.tls), /^{"version":"TLSv1\.3","cipher":"TLS_/);
  await client.send("QUIT\r\n").until("bye");
  const clear = server.dial().send("EHLO client.example\r\n");
  await clear.closed;
  assert.equal(server.sessions.length, 1);
  assert.match(server.events[0]?.kind === "trouble" ? server.events[0].text : "", /^TLS failed/);
});

test("one connection too many gets its 421 at once, is told of, and may come again", async () => {
  await using server = await serve({ admission: admission({ total: 9, perAddress: 2 }) });
  const [first, second] = [server.dial(), server.dial()];
  await Promise.all([first.until("220"), second.until("220")]);
  const third = server.dial();
  await third.closed;
  assert.match(third.received, /^421 4\.7\.0 too many connections from 127\.0\.0\.1, .*\r\n$/);
  const refused = server.events.map((event) => event.kind === "refused" && `${event.stage} ${event.client.address}`);
  assert.deepEqual(refused, ["connect 127.0.0.1"]);
  assert.equal(server.open(), 2);
  first.socket.destroy();
  await eventually(() => server.open() === 1);
  await server.dial().until("220");
});

test("the limits hold over all listeners, and over TLS without words", async () => {
  const shared = admission({ total: 1, perAddress: 9 });
  await using plain = await serve({ admission: shared });
  await using tls = await serve({ admission: shared, tls: { mode: "implicit", certificate: { secureContext } } });
  await plain.dial().until("220");
  const refused = tls.dial();
  await refused.closed;
  assert.equal(refused.received, "");
  const [event] = tls.events;
  assert.equal(event?.kind === "refused" && event.reply.enhanced, "4.3.2");
});

test("behind a proxy, the client is who the header says, in limits, too", async () => {
  await using server = await serve({ proxies, admission: admission({ total: 9, perAddress: 1 }) });
  const first = server.dial().send("PROXY TCP4 198.51.100.1 192.0.2.1 ");
  await eventually(() => first.socket.writableLength === 0);
  first.send("35646 25\r\nhello\r\n");
  await first.until("hello");
  assert.deepEqual(server.sessions[0]!.client, { address: "198.51.100.1", port: 35_646, protocol: "SMTP" });
  await server.dial().send("PROXY TCP4 198.51.100.2 192.0.2.1 35646 25\r\n").until("220");
  await server.dial().send("PROXY TCP4 198.51.100.1 192.0.2.1 35647 25\r\n").until("421 4.7.0");
  await server.dial().send("PROXY UNKNOWN\r\n").until("220");
  assert.equal(server.sessions[2]!.client.address, "127.0.0.1");
});

test("behind a proxy, a TLS handshake may follow its header in one packet", async () => {
  await using server = await serve({ proxies, tls: { mode: "implicit", certificate: { secureContext } } });
  const client = server.dial();
  client.socket.cork();
  client.send("PROXY TCP4 198.51.100.1 192.0.2.1 35646 25\r\n");
  const handshake = client.secure();
  process.nextTick(() => client.socket.uncork());
  await handshake;
  await client.until("220");
  assert.equal(server.sessions[0]!.client.address, "198.51.100.1");
});

test("a proxy without a header, with a bad one or with a slow one is closed", async () => {
  await using server = await serve({ proxies, times: { ...longTimes, commandTimeoutMs: 30 } });
  const clients = [server.dial().send("EHLO x\r\n"), server.dial().send("PROXY TCP4 a b c d\r\n"), server.dial()];
  const leaver = server.dial().send("PROXY");
  leaver.socket.end();
  await Promise.all([...clients, leaver].map(({ closed }) => closed));
  const texts = server.events.map((event) => (event.kind === "trouble" ? event.text : "")).sort();
  assert.match(
    texts.join("\n"),
    /^no PROXY header within 0\.03 s\nthe PROXY header is malformed.*\nthe connection does not begin with a PROXY header\nthe proxy left before/,
  );
  assert.equal(server.sessions.length, 0);
});

test("who is not one of the proxies cannot state another address", async () => {
  await using server = await serve({ proxies: networks(["192.0.2.0/24"]) });
  const client = server.dial();
  await client.until("220");
  await client.send("PROXY TCP4 198.51.100.1 192.0.2.1 35646 25\r\n").until("250");
  assert.equal(server.sessions[0]!.client.address, "127.0.0.1");
});

test("an address in use, or one of another machine, is an error with words", async () => {
  await using server = await serve();
  const { port } = server;
  await assert.rejects(serve({ address: { host: "127.0.0.1", port } }), {
    name: "ListenError",
    message: new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there; stop it`),
  });
  await assert.rejects(serve({ address: { host: "192.0.2.1", port: 0 } }), {
    message: /^cannot listen on 192\.0\.2\.1:0: this machine has no such address/,
  });
});

test("all addresses: a client over IPv4 has an IPv4 address", async () => {
  await using server = await serve({ address: { host: "::", port: 0 } });
  await server.dial().until("220");
  assert.equal(server.sessions[0]!.client.address, "127.0.0.1");
});

test("close: who is between commands gets 421, new clients nothing", async () => {
  const server = await serve();
  const idle = server.dial();
  await idle.until("220");
  const closing = server.close(5_000);
  await idle.until("421 4.3.2 the server is shutting down, try again later");
  await Promise.all([closing, idle.closed]);
  const late = connect(server.port, "127.0.0.1");
  const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");
});

test("close: a message on its way may finish, and its reply arrives", async () => {
  const server = await serve();
  const kept = Promise.withResolvers<Reply>();
  server.stage.finish = () => kept.promise;
  const client = server.dial().send("DATA\r\nhalf a ");
  await client.until("send it");
  const closing = server.close(5_000);
  client.send("message\r\n.\r\n");
  await eventually(() => server.sessions[0]!.waiting === "answer");
  kept.resolve(reply(250, "2.0.0", "kept"));
  await Promise.all([closing, client.closed]);
  assert.match(client.received, /kept\r\n421 4\.3\.2 [^\n]*\n$/);
  assert.deepEqual([server.stage.contents, server.stage.discarded], [["half a message\r\n"], 0]);
});

test("close: who takes longer than the grace is ended, handshakes at once", async () => {
  const server = await serve({ proxies });
  const slow = server.dial().send("PROXY UNKNOWN\r\nDATA\r\nhalf a mess");
  await slow.until("send it");
  const handshake = server.dial().send("PROXY");
  await eventually(() => handshake.socket.writableLength === 0 && !handshake.socket.connecting);
  await server.close(20);
  await Promise.all([slow.closed, handshake.closed]);
  assert.match(slow.received, /421 4\.3\.2/);
  assert.equal(server.stage.discarded, 1);
});

test("a session that cannot be made costs one connection, not the server", async () => {
  let made = 0;
  await using server = await serve({
    newSession: (client) => {
      made += 1;
      if (made === 1) throw new Error("a bug");
      return new ScriptedSession(client);
    },
  });
  await server.dial().closed;
  await server.dial().until("220");
  assert.deepEqual(server.events[0], { kind: "trouble", text: "a bug", address: "127.0.0.1" });
});

test("two hundred clients at once, each with its message", async () => {
  await using server = await serve();
  const clients = Array.from({ length: 200 }, (_, i) => server.dial().send(`DATA\r\nmessage ${i}\r\n.\r\nQUIT\r\n`));
  await Promise.all(clients.map(({ closed }) => closed));
  for (const { received } of clients) assert.match(received, /^220 .*send it.*kept.*bye\r\n$/s);
  const expected = Array.from({ length: 200 }, (_, i) => `message ${i}\r\n`).sort();
  assert.deepEqual(server.stage.contents.toSorted(), expected);
  await eventually(() => server.open() === 0);
});

test("a listener without clients keeps nothing running after its close", async () => {
  const options = { address: { host: "127.0.0.1", port: 0 }, tls: { mode: "none" }, proxies: networks([]) } as const;
  const rest = { admission: admission({ total: 1, perAddress: 1 }), times: longTimes, onEvent: () => {} };
  const newSession = (client: ScriptedSession["client"]) => new ScriptedSession(client);
  const listener = await listen({ ...options, ...rest, newSession }, new RecordingStage());
  assert.equal(listener.address, "127.0.0.1");
  await listener.close(60_000);
});
