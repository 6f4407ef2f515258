// Dovecot's side of the authentication protocol, played by a socket server that says what the test wants.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import type { Client } from "../../mail/client.ts";
import { createDovecot, dovecotLimits } from "./dovecot.ts";

const greeting = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\nSPID\t7\nCUID\t1\nCOOKIE\tabc\nDONE\n";

const inClearText: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" };
const client: Client = { ...inClearText, tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" } };

interface Play {
  readonly greeting?: string;
  /** Answers an AUTH line; undefined: silence. */
  readonly answer?: (id: string, credentials: string, line: string) => string | undefined;
}

/** `heard`: all lines of all connections. */
async function dovecot(t: TestContext, play: Play) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-dovecot-"));
  const path = join(dir, "auth-client");
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(play.greeting ?? greeting);
    createInterface({ input: socket }).on("line", (line) => {
      heard.push(line);
      const [command, id = ""] = line.split("\t");
      const credentials = Buffer.from(/\tresp=(\S+)$/.exec(line)?.[1] ?? "", "base64").toString();
      const answer = command === "AUTH" ? play.answer?.(id, credentials, line) : undefined;
      if (answer !== undefined) socket.write(answer);
    });
  });
  server.listen(path);
  await once(server, "listening");
  const hangUp = (): void => sockets.forEach((socket) => socket.destroy());
  const world = fakeWorld();
  const port = createDovecot(path, world);
  t.after(async () => {
    await port[Symbol.asyncDispose]();
    hangUp();
    server.close();
    await rm(dir, { recursive: true });
  });
  return { port, world, heard, sockets, hangUp, close: () => server.close() };
}

const right: Play["answer"] = (id, credentials) =>
  credentials === "\0ann\0secret" ? `OK\t${id}\tuser=ann@example.org\tresp=\n` : `FAIL\t${id}\tuser=ann\n`;

test("right and wrong passwords, at once, over one connection", async (t) => {
  const { port, heard, sockets } = await dovecot(t, { answer: right });
  const results = await Promise.all(
    ["secret", "wrong", "secret"].map((password) => port.checkPassword("ann", password, client)),
  );
  const accepted = { kind: "accepted", account: "ann@example.org" };
  assert.deepEqual(results, [accepted, { kind: "refused" }, accepted]);
  assert.equal(sockets.size, 1);
  assert.equal(heard[0], "VERSION\t1\t1");
  assert.match(heard[1]!, /^CPID\t\d+$/);
  const response = Buffer.from("\0ann\0secret").toString("base64");
  assert.equal(heard[2], `AUTH\t1\tPLAIN\tservice=smtp\tsecured\tnologin\trip=192.0.2.1\tno-penalty\tresp=${response}`);
  await port.checkPassword("ann", "secret", inClearText);
  assert.doesNotMatch(heard.at(-1)!, /secured/);
});

test("what Dovecot says, and what it means", async (t) => {
  const unavailable = (because: RegExp): RegExp => because;
  const cases: [answer: string, meaning: object | RegExp][] = [
    ["OK\tID\tuser=a\u0001tb\n", { kind: "accepted", account: "a\tb" }],
    ["OK\tID\n", unavailable(/did not say whose/)],
    ["FAIL\tID\tuser=ann\tauthz\n", { kind: "refused" }],
    ["FAIL\tID\tuser=ann\tcode=user_disabled\treason=gone\n", { kind: "refused" }],
    ["FAIL\tID\tuser=ann\ttemp\n", unavailable(/for the time being/)],
    ["FAIL\tID\tuser=ann\tcode=temp_fail\n", unavailable(/for the time being/)],
    ["CONT\tID\t\n", unavailable(/more than PLAIN/)],
    ["NEWS\tID\nOK\t99\tuser=other\nOK\tID\tuser=ann\n", { kind: "accepted", account: "ann" }],
    ["x".repeat(dovecotLimits.lineBytes + 1), unavailable(/line without an end/)],
  ];
  let next = "";
  const { port } = await dovecot(t, { answer: (id) => next.replaceAll("ID", id) });
  for (const [answer, meaning] of cases) {
    next = answer;
    const result = await port.checkPassword("ann", "secret", client);
    if (!(meaning instanceof RegExp)) assert.deepEqual(result, meaning);
    else assert.match(result.kind === "unavailable" ? result.because : result.kind, meaning, answer.slice(0, 40));
  }
});

test("a greeting that will not do is told of", async (t) => {
  const cases: [string, RegExp][] = [
    ["VERSION\t2\t0\n", /speaks version 2 of the protocol/],
    ["VERSION\t1\t2\nMECH\tGSSAPI\nDONE\n", /does not offer PLAIN: add it to auth_mechanisms/],
  ];
  for (const [greeting, because] of cases) {
    const { port } = await dovecot(t, { greeting });
    const result = await port.checkPassword("ann", "secret", client);
    assert.match(result.kind === "unavailable" ? result.because : result.kind, because);
  }
});

test("silence has an end, at the greeting and at a login", async (t) => {
  const cases: [Play, number, RegExp][] = [
    [{ greeting: "VERSION\t1\t1\n" }, dovecotLimits.handshakeMs, /no whole greeting in time/],
    [{ answer: () => undefined }, dovecotLimits.answerMs, /did not answer in time/],
  ];
  for (const [play, limitMs, because] of cases) {
    const { port, world, heard } = await dovecot(t, play);
    const asked = port.checkPassword("ann", "secret", client);
    while (heard.length < (play.answer ? 3 : 2)) await settled();
    await world.advance(limitMs);
    const result = await asked;
    assert.match(result.kind === "unavailable" ? result.because : result.kind, because);
    assert.equal(world.sleeping, 0);
  }
});

test("a restart of Dovecot is not noticed; that it is down, is", async (t) => {
  const { port, hangUp, sockets, close } = await dovecot(t, { answer: right });
  const ask = async (): Promise<string> => (await port.checkPassword("ann", "secret", client)).kind;
  assert.equal(await ask(), "accepted");
  hangUp();
  assert.equal(await ask(), "accepted");
  assert.equal(sockets.size, 2);
  close(); // takes the socket's file away, too
  hangUp();
  const result = await port.checkPassword("ann", "secret", client);
  assert.match(
    result.kind === "unavailable" ? result.because : result.kind,
    /cannot be asked at .*auth-client: ENOENT/,
  );
});
