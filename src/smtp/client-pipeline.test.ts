// Two messages in one session, the second written behind the content of the first. RFC 2920 §3.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryWire } from "../../test/support/memory-wire.ts";
import { offering } from "../../test/support/scripted-peer.ts";
import type { Script } from "../../test/support/scripted-peer.ts";
import type { Address } from "../mail/address.ts";
import type { Message, QueueId } from "../mail/message.ts";
import { clientTimeLimits } from "./client-limits.ts";
import type { ClientSession } from "./client-session.ts";
import { openSession } from "./client-session.ts";
import type { Consignment, Settled } from "./client-transaction.ts";
import { sendMessage } from "./client-transaction.ts";

type Protocol = "smtp" | "lmtp";

const open = async (script?: Script, protocol: Protocol = "smtp") => {
  const wire = new MemoryWire(script, protocol);
  const how = { hostname: "us.test", tls: "never", timeLimitsMs: clientTimeLimits, tell: () => {} } as const;
  const session = await openSession(wire, { ...how, protocol });
  wire.writes.length = 0;
  return { wire, session };
};

const from = (sender: string, ...recipients: string[]): Consignment => {
  const message: Message = {
    queueId: sender as QueueId,
    receivedAt: 0,
    reversePath: `${sender}@a.test` as Address,
    bodyType: "7bit",
    smtpUtf8: false,
    sizeBytes: 20,
    eightBit: false,
  };
  return {
    message,
    recipients: recipients.map((name) => ({ address: `${name}@b.test` as Address })),
    open: async () => contentOf(sender),
  };
};

async function* contentOf(sender: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`from ${sender}\r\n`);
}

const summary = (result: Settled): string => {
  if (result.kind === "accepted") return `accepted ${result.reply.code}`;
  const { because } = result;
  if (because.kind === "refused") return `refused ${because.stage} ${because.reply.code}`;
  return "stage" in because ? `${because.kind} ${because.stage}` : because.kind;
};

/** Each message is begun when the one before is written; those that were never begun are missing. */
async function sendAll(session: ClientSession, consignments: readonly Consignment[]): Promise<string[][]> {
  const sending: Promise<Settled[]>[] = [];
  const begin = (): void => {
    const next = consignments[sending.length];
    if (next) sending.push(sendMessage(session, next, begin));
  };
  begin();
  for (let i = 0; i < sending.length; i += 1) await sending[i];
  return (await Promise.all(sending)).map((settled) => settled.map(summary));
}

const two = [from("ann", "bob", "eve"), from("joe", "sue")];
const fine = [["accepted 250", "accepted 250"], ["accepted 250"]];

/** The usual, but `act` at the nth turn of this name. */
const at =
  (turn: string, nth: number, act: ReturnType<Script>): Script =>
  (now, _, count) =>
    now === turn && count === nth ? act : undefined;

test("three messages: each envelope is written behind the content before it", async () => {
  const { wire, session } = await open();
  assert.deepEqual(await sendAll(session, [...two, from("kim", "lea")]), [...fine, ["accepted 250"]]);
  assert.deepEqual(
    wire.writes.map((text) => text.split(/[ \r]/, 1)[0]),
    ["MAIL", "from", "MAIL", "from", "MAIL", "from"],
  );
  assert.deepEqual(
    wire.peer.contents.map((content) => content.toString()),
    ["from ann\r\n", "from joe\r\n", "from kim\r\n"],
  );
  assert.equal(session.isQuiet, true);
  assert.equal(session.transactions, 3);
});

test("LMTP: the replies to each accepted recipient come before the next message's", async () => {
  const script: Script = (turn, line, count) => {
    if (line.includes("bob")) return "550 who?";
    return turn === "CONTENT" ? ["250 eve has it", "452 sue is full", "250 kim has it"][count - 1] : undefined;
  };
  const { session } = await open(script, "lmtp");
  assert.deepEqual(await sendAll(session, [two[0]!, from("joe", "sue", "kim")]), [
    ["refused rcpt 550", "accepted 250"],
    ["refused content 452", "accepted 250"],
  ]);
  assert.equal(session.isQuiet, true);
});

test("a content that is refused does not touch the next message", async () => {
  for (const text of ["554 spam", "451 later"]) {
    const { session } = await open(at("CONTENT", 1, text));
    const code = text.slice(0, 3);
    assert.deepEqual(await sendAll(session, two), [Array(2).fill(`refused content ${code}`), fine[1]]);
    assert.equal(session.isQuiet, true);
  }
});

test("an envelope that is refused does not touch the message before; RSET makes the session good again", async () => {
  let mails = 0;
  const refusing: Readonly<Record<string, string>> = { RCPT: "503 MAIL first", DATA: "503 MAIL first" };
  const { wire, session } = await open((turn, _, count) => {
    if (turn === "MAIL") mails = count;
    return mails < 2 ? undefined : turn === "MAIL" ? "451 slow down" : refusing[turn];
  });
  assert.deepEqual(await sendAll(session, two), [fine[0], ["refused mail 451"]]);
  assert.equal(session.isQuiet, false);
  await session.reset();
  assert.equal(session.isQuiet, true);
  assert.equal(wire.peer.lines.at(-1), "RSET");
});

test("the session ends with the first message: of the second nothing but the envelope went out", async () => {
  const faults: readonly [ReturnType<Script>, string][] = [
    [{ kind: "reset" }, "lost content"],
    [{ kind: "close", text: "421 going down" }, "refused content 421"],
    ["421 going down", "refused content 421"],
    [{ kind: "silence" }, "silent content"],
    ["HTTP/1.1 400 Bad Request", "not-smtp content"],
    ["354 odd", "not-smtp content"],
  ];
  for (const [act, expected] of faults) {
    const { wire, session } = await open(at("CONTENT", 1, act));
    assert.deepEqual(await sendAll(session, two), [[expected, expected], ["lost mail"]], JSON.stringify(act));
    assert.equal(wire.peer.contents.length, 1);
    assert.equal(wire.isOpen, false);
  }
});

test("LMTP: the session ends between the replies to the first message", async () => {
  const { session } = await open(at("CONTENT", 2, { kind: "reset" }), "lmtp");
  assert.deepEqual(await sendAll(session, two), [["accepted 250", "lost content"], ["lost mail"]]);
});

test("421 to the second MAIL: the first message is through", async () => {
  for (const act of ["421 enough", { kind: "close", text: "421 enough" }] as const) {
    const { session } = await open(at("MAIL", 2, act));
    assert.deepEqual(await sendAll(session, two), [fine[0], ["refused mail 421"]]);
  }
});

test("a reply too many puts no content where it does not belong", async () => {
  const { wire, session } = await open(at("CONTENT", 1, "250 queued\r\n250 really"));
  assert.deepEqual(await sendAll(session, two), [fine[0], ["not-smtp data"]]);
  assert.deepEqual(wire.peer.contents.map(String), ["from ann\r\n"]);
  assert.equal(wire.isOpen, false);
});

test("a message that begins after the session ended is not sent, and says so", async () => {
  const { wire, session } = await open();
  session.end({ kind: "silent", host: wire.host, stage: "content", timeoutMs: 1 });
  assert.deepEqual(await sendAll(session, [two[1]!]), [["lost mail"]]);
  assert.deepEqual(wire.writes, []);
});

test("no message is written behind one that is not through: without PIPELINING, crowded out, withdrawn, cut", async () => {
  const contents = (script: Script) => open(script).then(async ({ session }) => (await sendAll(session, two)).length);
  assert.equal(await contents(offering([])), 1, "without PIPELINING");
  assert.equal(await contents(at("RCPT", 2, "452 too many")), 2, "the rest went in a transaction of its own");
  assert.equal(await contents(at("DATA", 1, "451 no")), 1);
  assert.equal(await contents(offering(["PIPELINING"], { RCPT: "550 who?" })), 1, "no content at all");
  assert.equal(await contents(at("DATA", 1, "354 go on\r\n250 thanks")), 1, "it spoke out of turn");
});

test("too many recipients: the next message waits until the rest is through", async () => {
  const { wire, session } = await open(at("RCPT", 2, "452 too many"));
  assert.deepEqual(await sendAll(session, two), fine);
  assert.deepEqual(
    wire.peer.lines.filter((line) => line.startsWith("RCPT")).map((line) => line.slice(9, 12)),
    ["bob", "eve", "eve", "sue"],
  );
});

test("content that cannot be read ends the session; the message before is through", async () => {
  const { wire, session } = await open();
  const broken = { ...two[1]!, open: () => Promise.reject(new Error("no such body")) };
  assert.deepEqual(await sendAll(session, [two[0]!, broken]), [fine[0], ["internal"]]);
  assert.equal(wire.isOpen, false);
  assert.equal(wire.peer.contents.length, 1);
});
