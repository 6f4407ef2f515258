// Servers that mean harm, met by a check: what is endless ends, and what nobody reads is not kept.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { parseZone } from "../../dns/zone.ts";
import type { Line } from "./connector.ts";
import { imapTalk } from "./imap-talk.ts";
import { type MailTalk, MailTalkEnded } from "./mail-talk.ts";
import { pop3Talk } from "./pop3-talk.ts";
import { secretsOf } from "./sasl-client.ts";
import { socketConnector } from "./socket-connector.ts";
import { submissionTalk } from "./submission-talk.ts";
import { httpsWeb } from "./web.ts";

const ann = { username: "ann@example.org", password: 'say "x\\y"' };

/** Says the same to everything, again and again. */
function endless(text: string): Line {
  let reads = 0;
  return {
    place: { host: "mail.test", address: "192.0.2.1", port: 993 },
    read: async () => (reads++ < 10_000 ? { kind: "line", text } : assert.fail("it goes on and on")),
    write: () => {},
    secure: () => assert.fail("no TLS here"),
    close: () => {},
  };
}

test("challenges without end are given up", async () => {
  const talks: readonly MailTalk[] = [
    imapTalk(endless("+ "), 100),
    pop3Talk(endless("+ "), 100),
    submissionTalk(endless("334 "), { hello: "doctor.test", timeoutMs: 100 }),
  ];
  for (const talk of talks)
    for (const mechanism of ["PLAIN", "LOGIN", "SCRAM-SHA-256"]) {
      const offered = { startTls: false, mechanisms: [mechanism], plainLogin: false, lines: [], isOld: false };
      await assert.rejects(talk.login(ann, offered), MailTalkEnded, mechanism);
    }
});

test("a password is known in each form in which it goes out", async () => {
  const written: string[] = [];
  for (const plainLogin of [true, false]) {
    const line = { ...endless("x OK"), write: (text: string) => void written.push(text) };
    const offered = { startTls: false, mechanisms: plainLogin ? [] : ["PLAIN"], plainLogin, lines: [], isOld: false };
    await imapTalk({ ...line, read: async () => ended }, 100)
      .login(ann, offered)
      .catch(() => {});
    await pop3Talk({ ...line, read: async () => ended }, 100)
      .login(ann, offered)
      .catch(() => {});
  }
  const secrets = secretsOf(ann);
  const login = written.find((text) => text.includes(" LOGIN ")) ?? "";
  assert.ok(
    secrets.some((secret) => login.endsWith(`"${secret}"\r\n`)),
    login,
  );
});

const ended = { kind: "ended", because: "closed", text: "closed", unread: "" } as const;

test("a server that floods us waits until somebody reads; then nothing is missing", async () => {
  const text = `* ${"x".repeat(1_000)}\r\n`;
  const lines = 40_000;
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    accepted.resolve(socket.on("error", () => {}));
    for (let i = 0; i < lines; i += 1) socket.write(text);
    socket.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const limit = { timeoutMs: 5_000, signal: new AbortController().signal };
  const connected = await socketConnector().connect({ host: "mail.test", address: "127.0.0.1", port }, limit);
  assert.ok(connected.kind === "open");
  const flooding = await accepted.promise;
  // as long as something moves, it goes on
  for (let before = -1; flooding.writableLength !== before;) {
    before = flooding.writableLength;
    for (let turns = 0; turns < 2_000; turns += 1) await new Promise(setImmediate);
  }
  assert.ok(flooding.writableLength > (lines * text.length) / 2, "most of it is with the sender");
  let got = 0;
  while ((await connected.line.read(5_000)).kind === "line") got += 1;
  assert.equal(got, lines);
  connected.line.close();
  server.close();
});

/** A certificate of an authority whose key is on a curve that has no NIST name: the library's older functions end the process. */
const oddCurve = new URL("../../../test/check/odd-curve.pem", import.meta.url);

test("an authority on an odd curve is told of, and ends nothing", async () => {
  const pem = await readFile(oddCurve, "utf8");
  const server = createTlsServer({ cert: pem, key: pem }, (socket) => {
    socket.on("error", () => {}).end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  const limit = { timeoutMs: 5_000, signal };
  const authorities = [pem.slice(pem.lastIndexOf("-----BEGIN CERTIFICATE"))];
  const connector = socketConnector({ authorities });
  const connected = await connector.connect({ host: "mail.test", address: "127.0.0.1", port }, limit);
  assert.ok(connected.kind === "open");
  const secured = await connected.line.secure({ timeoutMs: 5_000, versions: "safe" });
  assert.ok(secured.kind === "secured");
  assert.deepEqual([secured.tls.isForHost, secured.tls.distrust], [true, undefined]);
  assert.deepEqual(
    secured.tls.chain.map(({ subject }) => subject),
    ["mail.test", "Odd Curve"],
  );
  connected.line.close();
  const resolver = fakeResolver(parseZone("mail.test A 127.0.0.1\nother.test A 127.0.0.1"));
  const web = httpsWeb({ resolver, port, authorities });
  assert.equal((await web.get("https://mail.test/", limit)).kind, "answered");
  const other = await web.get("https://other.test/", limit);
  assert.deepEqual(other, {
    kind: "failed",
    problem: "certificate",
    text: "the certificate is not for other.test, but for DNS:mail.test",
  });
  assert.match(JSON.stringify(await httpsWeb({ resolver, port }).get("https://mail.test/", limit)), /"certificate"/);
  server.close();
});
