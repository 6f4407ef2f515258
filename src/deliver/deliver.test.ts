import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setDefaultCACertificates } from "node:tls";
import {
  bob,
  chunksOf,
  content,
  eve,
  message,
  never,
  newDeliverer,
  recipient,
  smtpHop,
  summaries,
  summary,
  task,
} from "../../test/deliver/fixture.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { offering } from "../../test/support/scripted-peer.ts";
import type { Script } from "../../test/support/scripted-peer.ts";
import { startScriptServer } from "../../test/support/script-server.ts";
import type { Outcome } from "../mail/outcome.ts";
import { selfSigned } from "../receive/self-signed.ts";
import { pacingLimits } from "./pacing/limits.ts";
import { deliverLimits } from "./settings.ts";

const pem = await selfSigned("mx1.test", Date.now());
const fine = ["delivered 250", "delivered 250"];

const saying =
  (turns: Readonly<Record<string, string>>): Script =>
  (turn) =>
    turns[turn];
const withTls: Script = (turn, line, count) =>
  turn === "STARTTLS" ? { kind: "start-tls" } : offering(["PIPELINING", "STARTTLS"])(turn, line, count);

test("a delivered outcome tells host, reply, DSN and steps", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  const [outcome] = await deliverer.deliver(task(smtpHop([server])), never);
  assert.ok(outcome?.kind === "delivered");
  assert.deepEqual(outcome.host, { name: "mx1.test", address: "127.0.0.1", port: server.port });
  assert.equal(outcome.dsnHandedOn, true);
  assert.equal(outcome.final, false);
  assert.equal(outcome.tls, undefined);
  assert.deepEqual(outcome.reply.lines, ["queued as 1"]);
  assert.deepEqual(
    outcome.steps.map(({ text }) => text),
    ["connected"],
  );
});

test("pipelining: the envelope is one write, small content with its final dot another", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  await deliverer.deliver(task(smtpHop([server])), never);
  assert.equal(server.chunks.length, 3);
  assert.match(server.chunks[1]!, /^MAIL .*\r\nRCPT .*\r\nRCPT .*\r\nDATA\r\n$/);
  assert.equal(server.chunks[2], `${content}.\r\n`);
});

test("a connection is used again, up to maxMessagesPerConnection", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer({ maxMessagesPerConnection: 3 });
  for (let i = 0; i < 7; i += 1) {
    assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server])), never)), fine);
  }
  assert.equal(server.connections, 3);
  assert.equal(server.peer.contents.length, 7);
  assert.ok(!server.peer.lines.includes("RSET"), "a clean end needs no RSET");
});

test("after refused recipients the session is used again, behind a RSET", async () => {
  let refuse = true;
  const no: Readonly<Record<string, string>> = { RCPT: "550 who?", DATA: "503 no recipients" };
  await using server = await startScriptServer({ script: (turn) => (refuse ? no[turn] : undefined) });
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 1 });
  const hop = smtpHop([server]);
  assert.deepEqual(await summaries(deliverer.deliver(task(hop, { recipients: [bob] }), never)), [
    "bounced refused rcpt 550",
  ]);
  refuse = false;
  assert.deepEqual(await summaries(deliverer.deliver(task(hop), never)), fine);
  assert.ok(server.peer.lines.includes("RSET"));
  assert.equal(server.connections, 1);
});

test("other accounts and TLS modes have connections of their own", async () => {
  await using server = await startScriptServer({ script: offering(["PIPELINING", "AUTH PLAIN"]) });
  await using deliverer = newDeliverer();
  const credentials = (username: string) => ({ tls: "never" as const, credentials: { username, password: "x" } });
  for (const changes of [{}, credentials("ann"), credentials("joe"), credentials("ann")]) {
    assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server], changes)), never)), fine);
  }
  assert.equal(server.connections, 3);
});

test("a reused connection that is dead is replaced, and nobody notices", async () => {
  const acts = [{ kind: "reset" }, { kind: "close" }, { kind: "close", text: "421 4.4.2 idle too long" }] as const;
  for (const act of acts) {
    await using server = await startScriptServer({
      script: (turn, _, count) => (turn === "MAIL" && count === 2 ? act : undefined),
    });
    await using deliverer = newDeliverer();
    assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server])), never)), fine);
    assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server])), never)), fine);
    assert.equal(server.connections, 2);
    assert.equal(server.peer.contents.length, 2);
  }
});

test("replaced once, not for ever", async () => {
  await using server = await startScriptServer({
    script: (turn, _, count) => (turn === "MAIL" && count > 1 ? { kind: "close", text: "421 no" } : undefined),
  });
  await using deliverer = newDeliverer();
  await deliverer.deliver(task(smtpHop([server])), never);
  assert.deepEqual(
    await summaries(deliverer.deliver(task(smtpHop([server])), never)),
    Array(2).fill("deferred refused mail 421"),
  );
  assert.equal(server.connections, 2);
});

test("a server that closes between messages: the next one gets a fresh connection", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  await deliverer.deliver(task(smtpHop([server])), never);
  server.hangUp();
  assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server])), never)), fine);
});

test("421 to the second batch: only that batch goes again", async () => {
  await using server = await startScriptServer({
    script: (turn, line, count) => {
      if (turn === "MAIL" && count === 2) return { kind: "close", text: "421 one message is enough" };
      return offering(["PIPELINING", "LIMITS RCPTMAX=1"])(turn, line, count);
    },
  });
  await using deliverer = newDeliverer();
  assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server])), never)), fine);
  const rcpts = server.peer.lines.filter((line) => line.startsWith("RCPT"));
  assert.equal(rcpts.filter((line) => line.includes("bob")).length, 1, "bob has it once");
  assert.equal(server.peer.contents.length, 2);
});

test("hosts are tried in order, and the story tells it", async () => {
  const dead = await startScriptServer();
  await dead[Symbol.asyncDispose]();
  await using busy = await startScriptServer({ script: saying({ GREETING: "421 busy" }) });
  await using closed = await startScriptServer({ script: saying({ GREETING: "554 no mail here" }) });
  await using good = await startScriptServer();
  await using deliverer = newDeliverer();
  const [outcome] = await deliverer.deliver(task(smtpHop([dead, busy, closed, good])), never);
  assert.ok(outcome?.kind === "delivered" && outcome.host.name === "mx4.test");
  assert.deepEqual(
    outcome.steps.flatMap(({ failure }) => failure?.kind ?? []),
    ["unreachable", "refused", "refused"],
  );
  assert.equal(closed.peer.lines.at(-1), "QUIT");
});

test("every address of a host is tried", async () => {
  await using server = await startScriptServer({ address: "127.0.0.3" });
  await using deliverer = newDeliverer();
  const hosts = [{ name: "mx1.test", addresses: ["127.0.0.2", "127.0.0.3"], port: server.port }];
  assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([], { hosts })), never)), fine);
});

/** Everyone who connects waits for a greeting in vain, as long as `isDown` says so. */
const downWhile =
  (isDown: (connection: number) => boolean): Script =>
  (turn, _, connection) =>
    turn === "GREETING" && isDown(connection) ? { kind: "silence" } : undefined;
const isPostponed = (outcomes: readonly Outcome[]): boolean =>
  outcomes.every(
    (outcome) => outcome.kind === "deferred" && outcome.postponed !== undefined && outcome.steps.length === 0,
  );

test("who waits for a destination that turns out to be down does not try again, nor does who comes a moment later", async () => {
  await using server = await startScriptServer({ script: downWhile(() => true) });
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 1, timeLimitsMs: { greeting: 40 } });
  const send = () => deliverer.deliver(task(smtpHop([server])), never);
  const [first, ...others] = await Promise.all([send(), send(), send()]);
  for (const outcomes of [...others, await send()]) {
    assert.deepEqual(outcomes.map(summary), first.map(summary));
    assert.ok(isPostponed(outcomes));
  }
  assert.deepEqual(first.map(summary), Array(2).fill("deferred silent greeting"));
  assert.equal(server.connections, 1);
});

test("a destination that was down is probed by one after a while, and open to all when it is back", async () => {
  let now = 0;
  let down = true;
  await using server = await startScriptServer({ script: downWhile(() => down) });
  await using deliverer = newDeliverer({ world: { ...fakeWorld(), now: () => now }, timeLimitsMs: { greeting: 40 } });
  const send = () => deliverer.deliver(task(smtpHop([server])), never);
  await send();
  now += 0.7 * pacingLimits.firstClosedMs;
  assert.ok(isPostponed(await send()));
  now += pacingLimits.firstClosedMs;
  await Promise.all([send(), send(), send()]);
  assert.equal(server.connections, 2);
  now += 1.5 * pacingLimits.firstClosedMs;
  assert.ok(isPostponed(await send()), "the second wait is twice the first");
  now += pacingLimits.firstClosedMs;
  down = false;
  assert.deepEqual(await summaries(send()), fine);
  assert.deepEqual(await summaries(send()), fine);
});

test("a server that only takes no more connections is not down", async () => {
  await using server = await startScriptServer({ script: downWhile((connection) => connection === 2) });
  await using deliverer = newDeliverer({ timeLimitsMs: { greeting: 40 } });
  const inUse = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const open = async () => {
    opened.resolve();
    await inUse.promise;
    return chunksOf(content);
  };
  const long = deliverer.deliver(task(smtpHop([server]), { open }), never);
  await opened.promise;
  const turnedAway = await summaries(deliverer.deliver(task(smtpHop([server])), never));
  assert.deepEqual(turnedAway, Array(2).fill("deferred silent greeting"));
  const next = summaries(deliverer.deliver(task(smtpHop([server])), never));
  inUse.resolve();
  assert.deepEqual(await summaries(long), fine);
  assert.deepEqual(await next, fine, "it waits for the connection that there is");
  assert.equal(server.connections, 2);
});

test("a destination that has other addresses now is tried", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  const hopTo = (...addresses: string[]) =>
    task(smtpHop([], { hosts: [{ name: "mx1.test", addresses, port: server.port }] }));
  const refused = Array(2).fill("deferred unreachable refused");
  assert.deepEqual(await summaries(deliverer.deliver(hopTo("127.0.0.2", "127.0.0.3"), never)), refused);
  assert.ok(isPostponed(await deliverer.deliver(hopTo("127.0.0.3", "127.0.0.2"), never)));
  assert.deepEqual(await summaries(deliverer.deliver(hopTo("127.0.0.2", server.address), never)), fine);
});

test("a first host with many dead addresses does not hide the second; what is tried keeps its order", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  const dead = Array.from({ length: 12 }, (_, i) => `127.0.1.${i + 1}`);
  const hosts = [
    { name: "mx1.test", addresses: dead, port: server.port },
    { name: "mx2.test", addresses: [server.address, "127.0.1.99"], port: server.port },
  ];
  const [outcome] = await deliverer.deliver(task(smtpHop([], { hosts })), never);
  assert.ok(outcome?.kind === "delivered" && outcome.host.name === "mx2.test");
  assert.deepEqual(
    outcome.steps.flatMap(({ host, failure }) => (failure ? [host?.address] : [])),
    dead.slice(0, deliverLimits.addressesPerAttempt - 2),
  );
});

test("no to all of us: bounced when every host says so for good, deferred while one may yet change its mind", async () => {
  await using closed = await startScriptServer({ script: saying({ GREETING: "554 no mail here" }) });
  await using strict = await startScriptServer({ script: saying({ EHLO: "550 not you" }) });
  await using busy = await startScriptServer({ script: saying({ EHLO: "450 busy" }) });
  await using deliverer = newDeliverer();
  let sites = 0;
  const send = (...servers: (typeof closed)[]) =>
    summaries(deliverer.deliver(task(smtpHop(servers, { site: `site ${(sites += 1)}` })), never));
  assert.deepEqual(await send(closed, strict), Array(2).fill("bounced refused hello 550"));
  assert.deepEqual(await send(closed, busy), Array(2).fill("deferred refused hello 450"));
  assert.deepEqual(await send(busy, closed), Array(2).fill("deferred refused hello 450"));
  const many = Array(deliverLimits.addressesPerAttempt + 1).fill(closed) as (typeof closed)[];
  assert.deepEqual(await send(...many), Array(2).fill("deferred refused greeting 554"), "not all were tried");
});

test("a wrong password is not tried on every address", async () => {
  const script = offering(["AUTH PLAIN"], { AUTH: "535 wrong" });
  await using one = await startScriptServer({ script });
  await using two = await startScriptServer({ script });
  await using deliverer = newDeliverer();
  const hop = smtpHop([one, two], { tls: "never", credentials: { username: "ann", password: "x" } });
  assert.deepEqual(await summaries(deliverer.deliver(task(hop), never)), Array(2).fill("deferred refused auth 535"));
  assert.equal(two.connections, 0);
});

test("STARTTLS when offered, unverified; the outcome tells version and cipher", async () => {
  await using server = await startScriptServer({ pem, script: withTls });
  await using deliverer = newDeliverer();
  const [outcome] = await deliverer.deliver(task(smtpHop([server])), never);
  assert.ok(outcome?.kind === "delivered");
  assert.match(outcome.tls?.version ?? "", /^TLSv1\.[23]$/);
  assert.match(outcome.tls?.cipher ?? "", /^TLS_/);
});

test("a handshake that failed: clear text, at once for a while, then TLS is tried again", async () => {
  let isBroken = true;
  let now = 0;
  await using server = await startScriptServer({
    pem,
    script: (turn, ...more) => (turn === "HANDSHAKE" && isBroken ? "garbage" : withTls(turn, ...more)),
  });
  await using deliverer = newDeliverer({ world: { ...fakeWorld(), now: () => now }, maxMessagesPerConnection: 1 });
  const send = async () => (await deliverer.deliver(task(smtpHop([server])), never))[0];
  const first = await send();
  assert.ok(first?.kind === "delivered" && first.tls === undefined);
  assert.match(first.steps.map(({ text }) => text).join("; "), /STARTTLS failed; trying again in clear text/);
  assert.equal(server.connections, 2);
  isBroken = false;
  const second = await send();
  assert.ok(second?.kind === "delivered" && second.tls === undefined);
  assert.equal(server.connections, 3);
  now = deliverLimits.clearTextMemoryMs + 1;
  const third = await send();
  assert.ok(third?.kind === "delivered" && third.tls !== undefined);
});

test("verify: the certificate must be trusted and fit the name", async () => {
  await using server = await startScriptServer({ pem, script: withTls });
  await using deliverer = newDeliverer();
  const send = (name: string) => {
    const hosts = [{ name, addresses: [server.address], port: server.port }];
    return summaries(deliverer.deliver(task(smtpHop([], { site: name, hosts, tls: "verify" })), never));
  };
  assert.deepEqual(await send("mx1.test"), Array(2).fill("deferred tls certificate"), "nobody vouches for it");
  setDefaultCACertificates([pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))]);
  assert.deepEqual(await send("mx1.test"), fine);
  assert.deepEqual(await send("mx2.test"), Array(2).fill("deferred tls certificate"), "another name");
});

test("TLS from the first byte", async () => {
  await using server = await startScriptServer({ pem, implicitTls: true });
  await using deliverer = newDeliverer();
  const [outcome] = await deliverer.deliver(task(smtpHop([server], { implicitTls: true, tls: "require" })), never);
  assert.ok(outcome?.kind === "delivered" && outcome.tls);
  assert.ok(!server.peer.lines.includes("STARTTLS"));
});

test("words in clear text behind the reply to STARTTLS are not taken for the server's", async () => {
  await using server = await startScriptServer({
    script: offering(["STARTTLS"], { STARTTLS: "220 go\r\n250 mallory" }),
  });
  await using deliverer = newDeliverer();
  const outcomes = await summaries(deliverer.deliver(task(smtpHop([server], { tls: "require" })), never));
  assert.deepEqual(outcomes, Array(2).fill("deferred tls handshake"));
});

test("at most maxConnectionsPerSite at once", async () => {
  let most = 0;
  await using server = await startScriptServer({
    script: () => {
      most = Math.max(most, server.open);
      return undefined;
    },
  });
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 2 });
  const all = await Promise.all(Array.from({ length: 20 }, () => deliverer.deliver(task(smtpHop([server])), never)));
  assert.ok(all.flat().every(({ kind }) => kind === "delivered"));
  assert.equal(most, 2);
  assert.equal(server.connections, 2);
});

test("large content: leading dots, no final CRLF, chunks of any size", async () => {
  const line = `.${"x".repeat(70)}\r\n`;
  const large = Buffer.from(`${line.repeat(Math.ceil((5 * 1024 ** 2) / line.length))}.the end`);
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  const slices = Array.from({ length: Math.ceil(large.length / 65_537) }, (_, i) =>
    large.subarray(i * 65_537, (i + 1) * 65_537),
  );
  const open = async () => chunksOf(...slices);
  assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([server]), { open }), never)), fine);
  const [arrived] = server.peer.contents;
  const unstuffed = arrived?.toString("latin1").replaceAll(/^\./gm, "");
  assert.ok(unstuffed === `${large.toString("latin1")}\r\n`);
});

test("a server that takes nothing more of the content is silent, not for ever waited for", async () => {
  await using server = await startScriptServer({ script: (turn) => (turn === "DATA" ? "354 go on" : undefined) });
  await using deliverer = newDeliverer({ timeLimitsMs: { contentBlock: 40, content: 40 } });
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    server.pause();
    for (;;) yield Buffer.alloc(64 * 1_024, "x");
  };
  const outcomes = await summaries(deliverer.deliver(task(smtpHop([server]), { open: async () => endless() }), never));
  assert.deepEqual(outcomes, Array(2).fill("deferred silent content"));
});

test("an abort ends what is under way, and what waits", async () => {
  const stop = new AbortController();
  await using server = await startScriptServer({
    script: (turn) => {
      if (turn === "CONTENT") stop.abort();
      return turn === "CONTENT" ? { kind: "silence" } : undefined;
    },
  });
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 1 });
  const hop = smtpHop([server]);
  const outcomes = await Promise.all([1, 2].map(() => deliverer.deliver(task(hop), stop.signal)));
  for (const outcome of outcomes.flat()) {
    assert.ok(outcome.kind === "deferred" && outcome.because.kind === "internal");
    assert.match(outcome.because.text, /interrupted/);
  }
  assert.deepEqual(await summaries(deliverer.deliver(task(hop), stop.signal)), Array(2).fill("deferred internal"));
});

test("content that cannot be opened: deferred, and not a word to blame the server", async () => {
  await using server = await startScriptServer();
  await using deliverer = newDeliverer();
  const open = () => Promise.reject(new Error("no such body"));
  const outcomes = await deliverer.deliver(task(smtpHop([server]), { open }), never);
  assert.deepEqual(outcomes.map(summary), ["deferred internal", "deferred internal"]);
  assert.equal(server.peer.contents.length, 0);
});

test("a hop without any address is a fault of ours", async () => {
  await using deliverer = newDeliverer();
  assert.deepEqual(await summaries(deliverer.deliver(task(smtpHop([])), never)), Array(2).fill("deferred internal"));
});

test("LMTP over TCP and over a unix socket: each recipient has its own outcome, and it is final", async () => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-lmtp-"));
  const script: Script = (turn, _, count) => (turn === "CONTENT" && count === 2 ? "552 5.2.2 full" : undefined);
  for (const path of [undefined, join(folder, "lmtp")]) {
    await using server = await startScriptServer({ lmtp: true, script, ...(path && { path }) });
    await using deliverer = newDeliverer();
    const to = path === undefined ? { host: server.address, port: server.port } : { path };
    const outcomes = await deliverer.deliver(task({ kind: "lmtp", site: "store", to }), never);
    assert.deepEqual(outcomes.map(summary), ["delivered 250", "bounced refused content 552"]);
    assert.ok(outcomes[0]?.kind === "delivered" && outcomes[0].final);
    assert.equal(server.peer.lines[0], "LHLO us.test");
  }
  await rm(folder, { recursive: true });
});

test("a Maildir hop ends in a file", async () => {
  const path = await mkdtemp(join(tmpdir(), "waybill-maildir-"));
  await using deliverer = newDeliverer();
  assert.deepEqual(
    await summaries(deliverer.deliver(task({ kind: "maildir", site: path, path }, { recipients: [bob, eve] }), never)),
    fine,
  );
  await rm(path, { recursive: true });
});

test("disposing says QUIT to connections that wait", async () => {
  await using server = await startScriptServer();
  const deliverer = newDeliverer();
  await deliverer.deliver(task(smtpHop([server]), { recipients: [recipient("joe")], message }), never);
  await deliverer[Symbol.asyncDispose]();
  assert.equal(server.peer.lines.at(-1), "QUIT");
});
