// Messages that share a connection and follow one another without waiting: over sockets, with a server that fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliverSettings } from "./deliver.ts";
import { chunksOf, eve, newDeliverer, never, recipient, smtpHop, summaries, task } from "../../test/deliver/fixture.ts";
import { startScriptServer } from "../../test/support/script-server.ts";
import type { ScriptServer, ServerOptions } from "../../test/support/script-server.ts";
import type { Script } from "../../test/support/scripted-peer.ts";

const fine = "delivered 250";
const names = ["first", "second", "third"];

interface Play {
  readonly server: ScriptServer;
  /** Of each message's one recipient. */
  readonly outcomes: readonly string[];
}

/** Hands over three messages at once over one connection at a time, and closes. */
async function play(options: ServerOptions, changes: Partial<DeliverSettings> = {}): Promise<Play> {
  await using server = await startScriptServer(options);
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 1, ...changes });
  const hop = options.lmtp
    ? ({ kind: "lmtp", site: "site", to: { host: server.address, port: server.port } } as const)
    : smtpHop([server]);
  const sent = names.map((name) =>
    deliverer.deliver(task(hop, { recipients: [recipient(name)], open: async () => chunksOf(`${name}\r\n`) }), never),
  );
  const outcomes = await Promise.all(sent.map((outcomes) => summaries(outcomes)));
  return { server, outcomes: outcomes.flat() };
}

const contentsOf = ({ server }: Play): string[] => server.peer.contents.map((content) => content.toString().trim());

const once =
  (turn: string, nth: number, act: ReturnType<Script>): Script =>
  (now, _, count) =>
    now === turn && count === nth ? act : undefined;

test("content, final dot and the next message's envelope are one write", async () => {
  for (const lmtp of [false, true]) {
    const { server, outcomes } = await play({ lmtp });
    assert.deepEqual(outcomes, [fine, fine, fine]);
    assert.equal(server.connections, 1);
    assert.match(server.chunks[1]!, /^MAIL .*\r\nRCPT TO:<first@b.test>\r\nDATA\r\n$/);
    assert.match(server.chunks[2]!, /^first\r\n\.\r\nMAIL .*\r\nRCPT TO:<second@b.test>\r\nDATA\r\n$/);
    assert.match(server.chunks[3]!, /^second\r\n\.\r\nMAIL .*\r\nRCPT TO:<third@b.test>\r\nDATA\r\n$/);
    assert.equal(server.chunks[4], "third\r\n.\r\n");
  }
});

test("a server without PIPELINING gets one command at a time", async () => {
  const played = await play({ script: (turn) => (turn === "EHLO" ? "250-x\r\n250 8BITMIME" : undefined) });
  assert.deepEqual(played.outcomes, [fine, fine, fine]);
  assert.ok(played.server.chunks.every((chunk) => !/[^]MAIL /.test(chunk)));
});

test("the connection is lost after the first final dot: nobody knows of the first, the others go in another", async () => {
  for (const act of [{ kind: "reset" }, { kind: "close" }] as const) {
    const played = await play({ script: once("CONTENT", 1, act) });
    assert.deepEqual(played.outcomes, ["deferred lost content", fine, fine]);
    assert.deepEqual(contentsOf(played), names, "each was sent once");
    assert.equal(played.server.connections, 2);
  }
});

test("421 to the first content: it is deferred, the others go in another connection", async () => {
  const played = await play({ script: once("CONTENT", 1, { kind: "close", text: "421 4.3.2 going down" }) });
  assert.deepEqual(played.outcomes.slice(1), [fine, fine]);
  assert.equal(played.outcomes[0], "deferred refused content 421");
  assert.equal(played.server.connections, 2);
});

test("no answer to the first content: the others are sent elsewhere, once each", async () => {
  const played = await play({ script: once("CONTENT", 1, { kind: "silence" }) }, { timeLimitsMs: { content: 40 } });
  assert.deepEqual(played.outcomes, ["deferred silent content", fine, fine]);
  assert.deepEqual(contentsOf(played), names);
});

test("each stage has its own time, though one timer looks after all", async () => {
  const shortMs = 20;
  const timeLimitsMs = {
    greeting: shortMs,
    hello: shortMs,
    mail: 1_000,
    rcpt: 1_000,
    data: 1_000,
    content: 3 * shortMs,
  };
  const played = await play({ script: once("CONTENT", 1, { kind: "silence" }) }, { timeLimitsMs });
  assert.deepEqual(played.outcomes, ["deferred silent content", fine, fine]);
});

test("4xx to the second MAIL, which is behind the first's content: the first is delivered, the third goes on", async () => {
  const played = await play({ script: once("MAIL", 2, "451 4.3.1 no room") });
  assert.deepEqual(played.outcomes, [fine, "deferred refused mail 451", fine]);
  assert.equal(played.server.connections, 1);
});

test("the second's recipient is refused: RSET, and the third goes on in the same connection", async () => {
  let isRefused = false;
  const script: Script = (turn, line) => {
    if (turn === "RCPT") isRefused = line.includes("second");
    if (isRefused && turn === "RCPT") return "550 5.1.1 who?";
    return isRefused && turn === "DATA" ? "503 5.5.1 no recipients" : undefined;
  };
  const played = await play({ script });
  assert.deepEqual(played.outcomes, [fine, "bounced refused rcpt 550", fine]);
  assert.equal(played.server.connections, 1);
  const verbs = played.server.peer.lines.map((line) => line.slice(0, 4));
  assert.deepEqual(verbs.slice(7), ["RSET", "MAIL", "RCPT", "DATA", "QUIT"]);
});

test("LMTP: each recipient's reply counts for its message", async () => {
  const script: Script = (turn, _, count) => (turn === "CONTENT" && count === 2 ? "552 5.2.2 full" : undefined);
  const played = await play({ lmtp: true, script });
  assert.deepEqual(played.outcomes, [fine, "bounced refused content 552", fine]);
});

test("maxMessagesPerConnection holds", async () => {
  const played = await play({}, { maxMessagesPerConnection: 2 });
  assert.deepEqual(played.outcomes, [fine, fine, fine]);
  assert.equal(played.server.connections, 2);
});

test("what ends the first by its signal leaves the others whole", async () => {
  const stop = new AbortController();
  await using server = await startScriptServer({ script: once("CONTENT", 1, { kind: "silence" }) });
  await using deliverer = newDeliverer({ maxConnectionsPerSite: 1 });
  const first = deliverer.deliver(task(smtpHop([server]), { recipients: [eve] }), stop.signal);
  const second = deliverer.deliver(task(smtpHop([server]), { recipients: [eve] }), never);
  while (server.peer.contents.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  assert.deepEqual(await summaries(first), ["deferred internal"]);
  assert.deepEqual(await summaries(second), [fine]);
});
