// More than can be carried: clients wait or are put off, within limits, nobody else suffers, and what was promised arrives
// once. RFC 5321 §4.2.3 (421, 451, 452), §6.1.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { schema } from "../../src/config/schema.ts";
import { Journal } from "../../src/journal/journal.ts";
import { createJudge } from "../../src/judge/judge.ts";
import { queueIds } from "../../src/mail/queue-ids.ts";
import type { QueueStore } from "../../src/queue/store.ts";
import { Conversation } from "../../src/receive/conversation.ts";
import { createReception, type ReceptionParts } from "../../src/reception.ts";
import { createReturns } from "../../src/route/returns.ts";
import { createSession } from "../../src/smtp/server-session.ts";
import { openMemory } from "../../src/storage/memory/store.ts";
import { client, settings } from "../dialog/stub-edge.ts";
import { fakeWorld, settled } from "../support/fake-world.ts";
import { startLab } from "../support/lab-server.ts";
import { startSink } from "../support/sink.ts";
import { connectClient, dotted, openClient, simpleContent, transact } from "../support/smtp-client.ts";

/** In front of a next hop: clients wait for their greeting until it is opened. */
async function startGate(port: number) {
  const waiting: Socket[] = [];
  let isOpen = false;
  const pass = (from: Socket): void => {
    const to = connect(port, "127.0.0.1");
    from.on("error", () => to.destroy()).pipe(to);
    to.on("error", () => from.destroy()).pipe(from);
  };
  const server = createServer((socket) => (isOpen ? pass(socket) : void waiting.push(socket.on("error", () => {}))));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    waiting,
    open() {
      isOpen = true;
      waiting.forEach(pass);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("a next hop that keeps us waiting holds up its own mail only, within its connections, and then gets it once", async () => {
  await using sink = await startSink();
  await using gate = await startGate(sink.port);
  const route = [{ to: "stuck.example", host: "127.0.0.1", port: gate.port, tls: "never" as const }];
  const deliver = { max_connections_per_site: 2, ip: "ipv4" as const };
  await using lab = await startLab({
    settings: ({ smtpPort }) => ({ route, deliver: { ...deliver, port: smtpPort } }),
  });
  const to = Array.from({ length: 30 }, (_, i) => `guest${i + 10}@stuck.example`);
  await using session = await connectClient(lab.port);
  await session.say("EHLO client.lab");
  for (const one of to)
    assert.match(await transact(session, { from: "you@home.lab", to: [one], content: simpleContent() }), /^250 /);
  await lab.send({ to: ["anna@home.lab"] });
  await lab.mail("anna@home.lab");
  assert.equal(gate.waiting.length, 2);
  assert.deepEqual(sink.taken.all, []);

  gate.open();
  await lab.assertEmpty();
  const taken = sink.taken.all.flatMap(({ rcpts }) => rcpts);
  assert.equal(taken.length, to.length);
  assert.deepEqual(new Set(taken), new Set(to.map((one) => `RCPT TO:<${one}>`)));
});

/** A visit takes longer than to close a connection. */
const mostVisits = 100;

test("with all sessions taken, the next client is put off, the others go on, and it is welcome once one has left", async () => {
  await using lab = await startLab({ settings: () => ({ receive: { max_connections: 2 } }) });
  await using half = await connectClient(lab.port);
  await using other = await connectClient(lab.port);
  for (const line of ["EHLO client.lab", "MAIL FROM:<you@home.lab>", "RCPT TO:<anna@home.lab>", "DATA"])
    await half.say(line);
  half.write("Subject: half\r\n\r\n");
  {
    await using third = await openClient(lab.port);
    assert.match(await third.reply(), /^421 4\.3\.2 too many connections to this server/);
    assert.equal(await third.reply(), "closed");
  }
  half.write(".\r\n");
  assert.match(await half.reply(), /^250 /);
  assert.match(await other.say("QUIT"), /^221 /);
  let greeting = "";
  for (let again = 0; again < mostVisits && !greeting.startsWith("220"); again++) {
    await using fourth = await openClient(lab.port); // the server may not have seen yet that the other has left
    greeting = await fourth.reply();
  }
  assert.match(greeting, /^220 /);
  await lab.assertEmpty();
});

type Keep = QueueStore["keep"];

/** The front door before a store whose `keep` a test has in its hands; sessions without sockets. */
function frontDoor({ maxBytes = Infinity, keep }: { maxBytes?: number; keep?: (keep: Keep) => Keep }) {
  const world = fakeWorld();
  const store = openMemory({ maxBytes });
  const keeping: Keep = store.keep.bind(store);
  const bugs: unknown[] = [];
  const queue = { compose: () => store.compose(), keep: keep?.(keeping) ?? keeping };
  const parts: Partial<ReceptionParts> = {
    world,
    queue: queue as Partial<ReceptionParts["queue"]> as ReceptionParts["queue"],
    hostname: "mx.local.example",
    newQueueId: queueIds(world),
    giveUpAfterMs: 1_000_000,
    journal: new Journal([]),
    judge: createJudge([], world),
    maxHeaderBytes: 256 * 1024,
    mend: (header) => header,
    isTrusted: () => true,
    whose: () => "elsewhere",
    expand: (recipients) => recipients.map(({ address }) => ({ address })),
    returns: createReturns({ config: schema.parse({}), secrets: ["of the test"], hostname: "mx.local.example", world }),
    feedback: new Set(),
    work: { lease: () => undefined, take: () => {}, wake: () => {} },
    onBug: (error) => bugs.push(error),
  };
  const stage = createReception(parts as ReceptionParts);
  /** Sends a letter; answers the replies so far, a line each. */
  const send = (content: string): string[] => {
    const replies: string[] = [];
    const session = createSession(settings, client);
    const wire = { startTls: async () => undefined, close: () => {}, resume: () => {} };
    const conversation = new Conversation(
      { session, stage, onEvent: () => {} },
      { ...wire, send: (text) => void replies.push(...text.trimEnd().split("\r\n")) },
    );
    conversation.start();
    for (const line of ["HELO client.example", "MAIL FROM:<ann@one.example>", "RCPT TO:<bob@two.example>", "DATA"])
      conversation.feed(Buffer.from(`${line}\r\n`));
    conversation.feed(dotted(content));
    return replies;
  };
  return { store, bugs, send };
}

const last = (replies: readonly string[]): string => replies.at(-1) ?? "";

test("a store that is behind makes clients wait, not fail, and keeps nobody from being heard", async () => {
  const gate = Promise.withResolvers<void>();
  const { store, send } = frontDoor({
    keep:
      (keep) =>
      async (...args) =>
        gate.promise.then(() => keep(...args)),
  });
  const waiting = ["one", "two", "three"].map((subject) => send(simpleContent(subject)));
  await settled();
  for (const replies of waiting) assert.match(last(replies), /^354 /, "heard up to its message, and no 250 yet");
  assert.equal((await store.count({})).due, 0);
  gate.resolve();
  await settled();
  for (const replies of waiting) assert.match(last(replies), /^250 2\.0\.0 kept/);
  assert.equal((await store.count({})).due, waiting.length);
});

test("a store that is full puts clients off, keeps nothing of their mail, and takes it when there is room", async () => {
  const room = 2_000;
  const { store, bugs, send } = frontDoor({ maxBytes: room });
  const body = `${"x".repeat(78)}\r\n`.repeat(16);
  const first = send(simpleContent("first", body));
  await settled();
  assert.match(last(first), /^250 /);
  for (let again = 0; again < 3; again++) {
    const second = send(simpleContent("second", body));
    await settled();
    assert.match(last(second), /^452 4\.3\.1 /);
  }
  assert.deepEqual([(await store.count({})).due, bugs], [1, []]);
  await store.change({}, "drop", 0);
  const third = send(simpleContent("third", body));
  await settled();
  assert.match(last(third), /^250 /, "what was refused takes no room");
});

test("a store that fails puts clients off, and the operator hears why", async () => {
  let isBroken = true;
  const fault = new Error("the disk is on fire");
  const keep =
    (keep: Keep): Keep =>
    (...args) =>
      isBroken ? Promise.reject(fault) : keep(...args);
  const { store, bugs, send } = frontDoor({ keep, maxBytes: 1_000 });
  const body = `${"x".repeat(78)}\r\n`.repeat(4);
  for (let again = 0; again < 3; again++) {
    const replies = send(simpleContent("again", body));
    await settled();
    assert.match(last(replies), /^451 4\.3\.0 .*try again later/);
  }
  assert.deepEqual(bugs, [fault, fault, fault]);
  isBroken = false;
  const replies = send(simpleContent("again", body));
  await settled();
  assert.match(last(replies), /^250 /, "bodies that were not kept take no room");
  assert.equal((await store.count({})).due, 1);
});
