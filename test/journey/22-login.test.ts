// A mail app logs in and sends: in TLS only, by each mechanism, to anyone; and what it is told when it may not.
// RFC 4954, RFC 6409, RFC 5802.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { loginDelays } from "../../src/receive/login.ts";
import { type FakeWorld, fakeWorld } from "../support/fake-world.ts";
import { startLoginServer } from "../support/login-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { ScramClient } from "../support/scram-client.ts";
import type { Taken } from "../support/sink.ts";
import { connectClient, type SmtpClient, smtpClient, transact } from "../support/smtp-client.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const text = (reply: string): string => Buffer.from(reply.slice(4), "base64").toString();
const password = base64("\0ann@home.lab\0pencil");
const wrongPassword = base64("\0ann@home.lab\0crayon");

interface SecureClient extends SmtpClient {
  readonly wire: TLSSocket;
}

/** In TLS, after EHLO. */
async function openSecure(port: number, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3"): Promise<SecureClient> {
  const wire = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion });
  const client = smtpClient(wire);
  await once(wire, "secureConnect");
  assert.match(await client.reply(), /^220 /);
  await client.say("EHLO app.lab");
  return { ...client, wire };
}

const letter = {
  from: "ann@home.lab",
  to: ["bob@elsewhere.test"],
  content: "From: ann@home.lab\r\nSubject: hello\r\n\r\nhello\r\n",
};

test("who has logged in may send to anyone, and the trace header says so", async () => {
  await using server = await startLoginServer();
  await using client = await openSecure(server.ports[1]!);
  assert.match(
    await client.say("EHLO app.lab"),
    /\n250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2\n/,
  );
  assert.equal(await client.say(`AUTH PLAIN ${password}`), "235 2.7.0 you are logged in");
  assert.match(await transact(client, letter), /^250 /);
  const [taken] = (await server.sink.taken.count(1)) as [Taken];
  assert.match(taken.content.toString(), /^Received: [^]*?\(TLSv1\.3 TLS_\w+\)\r\n\twith ESMTPSA id /);
  const received = await server.events.first(({ kind }) => kind === "received");
  assert.equal(received.kind === "received" && received.client.account, "ann@home.lab");
});

test("STARTTLS: before it nothing is offered, and a password that was sent all the same is not looked at", async () => {
  await using server = await startLoginServer();
  await using client = await RawClient.open(server.ports[0]!);
  assert.doesNotMatch(client.replies.all.join("\n"), /AUTH/);
  const [auth, mail] = await client.ask(`AUTH PLAIN ${password}\r\nMAIL FROM:<ann@home.lab>\r\n`, 2);
  assert.match(auth!, /^538 5\.7\.11 turn on encryption \(STARTTLS\)/);
  assert.match(mail!, /^530 5\.7\.0 this port is for mail apps that log in; turn on encryption/);
  const told = await server.events.count(2);
  assert.deepEqual(
    told.map((event) => event.kind === "refused" && [event.stage, event.reply.code]),
    [
      ["login", 538],
      ["mail", 530],
    ],
  );
});

test("on a port for other servers nobody logs in; within the machine, TLS is not needed", async () => {
  await using server = await startLoginServer();
  await using relay = await connectClient(server.ports[3]!);
  assert.doesNotMatch(await relay.say("EHLO app.lab"), /AUTH/);
  assert.match(await relay.say(`AUTH PLAIN ${password}`), /^502 5\.5\.1 AUTH is not offered here; mail apps log in/);
  await using local = await connectClient(server.ports[2]!);
  assert.match(await local.say("EHLO app.lab"), /AUTH SCRAM-SHA-256 PLAIN LOGIN/);
  assert.match(await local.say("MAIL FROM:<ann@home.lab>"), /^530 5\.7\.0 .*; turn on authentication/);
  assert.match(await local.say(`AUTH PLAIN ${password}`), /^235 /);
  assert.match(await transact(local, letter), /^250 /);
});

describe("SCRAM", () => {
  const exporter = ({ wire }: SecureClient): Buffer =>
    wire.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  for (const [name, version, mechanism, gs2, binding, expected] of [
    ["without binding", "TLSv1.3", "SCRAM-SHA-256", "n,,", () => Buffer.alloc(0), /^235 /],
    ["bound to the session", "TLSv1.3", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,", exporter, /^235 /],
    ["bound to the certificate", "TLSv1.3", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,", certificateHash, /^235 /],
    ["of a client that can bind, before TLS 1.3", "TLSv1.2", "SCRAM-SHA-256", "y,,", () => Buffer.alloc(0), /^235 /],
    ["bound, before TLS 1.3", "TLSv1.2", "SCRAM-SHA-256-PLUS", "p=tls-unique,,", () => Buffer.alloc(12), /^504 /],
    [
      "bound to another session",
      "TLSv1.3",
      "SCRAM-SHA-256-PLUS",
      "p=tls-exporter,,",
      () => Buffer.alloc(32),
      /^535 5\.7\.8 .* bind/,
    ],
    [
      "hidden from the client",
      "TLSv1.3",
      "SCRAM-SHA-256",
      "y,,",
      () => Buffer.alloc(0),
      /^535 5\.7\.8 .* someone between/,
    ],
  ] as const)
    test(name, async () => {
      const world = fakeWorld();
      await using server = await startLoginServer(world);
      await using client = await openSecure(server.ports[1]!, version);
      const scram = new ScramClient({ user: "ann@home.lab", password: "pencil", gs2, binding: binding(client) });
      const reply = await inTime(world, client.say(`AUTH ${mechanism} ${base64(scram.first)}`));
      if (!reply.startsWith("334 ")) return assert.match(reply, expected);
      const final = await inTime(world, client.say(base64(scram.answer(text(reply)))));
      if (!final.startsWith("334 ")) return assert.match(final, expected);
      assert.equal(text(final), scram.serverFinal);
      assert.match(await client.say(""), expected);
    });
});

function certificateHash({ wire }: SecureClient): Buffer {
  return Buffer.from(wire.getPeerCertificate().fingerprint256.replaceAll(":", ""), "hex");
}

/** Lets the pauses behind failed logins pass, until the reply is there. */
async function inTime(world: FakeWorld, reply: Promise<string>): Promise<string> {
  const answered = new AbortController();
  const passing = (async () => {
    while (!answered.signal.aborted) await world.advance(loginDelays.longestMs);
  })();
  try {
    return await reply;
  } finally {
    answered.abort();
    await passing;
  }
}

test("a token that is not valid, and then one that is", async () => {
  const world = fakeWorld();
  await using server = await startLoginServer(world);
  await using client = await openSecure(server.ports[1]!);
  const message = (token: string): string => base64(`user=ann@home.lab\x01auth=Bearer ${token}\x01\x01`);
  const refused = await client.say(`AUTH XOAUTH2 ${message("x".repeat(6_000))}`);
  assert.equal(text(refused), '{"status":"401","schemes":"bearer"}');
  assert.match(await inTime(world, client.say("")), /^535 5\.7\.8 .* sign in again/);
  assert.match(await client.say(`AUTH XOAUTH2 ${message("good-token")}`), /^235 /);
});

test("wrong passwords: slower and slower, the session ends, others go on, and nobody writes one down", async () => {
  const world = fakeWorld();
  await using server = await startLoginServer(world, { receive: { max_errors: 3 } });
  await using guesser = await openSecure(server.ports[1]!);
  let answers = 0;
  const guess = async (): Promise<string> => {
    const reply = await guesser.say(`AUTH PLAIN ${wrongPassword}`);
    answers += 1;
    return reply;
  };
  const first = guess();
  await server.events.count(1); // the refusal; its reply comes later
  await using other = await openSecure(server.ports[1]!);
  assert.match(await other.say(`AUTH PLAIN ${password}`), /^235 /, "in no time");
  assert.equal(answers, 0);
  await world.advance(loginDelays.firstMs);
  assert.match(await first, /^535 5\.7\.8 the login failed; check the user name and the password/);
  const second = guess();
  await server.events.count(2);
  await world.advance(2 * loginDelays.firstMs - 1);
  assert.equal(answers, 1);
  await world.advance(1);
  assert.match(await second, /^535 /);
  const last = guess();
  await server.events.count(3);
  await world.advance(4 * loginDelays.firstMs);
  assert.match(await last, /^535 /);
  assert.match(await guesser.reply(), /^421 4\.7\.0 too many errors/);
  assert.equal(await guesser.reply(), "closed");
  const written = JSON.stringify([server.events.all, server.log.all]);
  for (const secret of ["crayon", "pencil", wrongPassword, password]) assert.ok(!written.includes(secret), secret);
  assert.deepEqual(
    server.events.all
      .slice(0, 3)
      .map((event) => event.kind === "refused" && [event.stage, event.check, event.reply.code]),
    Array.from({ length: 3 }, () => ["login", "login", 535]),
  );
});
