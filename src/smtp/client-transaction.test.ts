import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryWire } from "../../test/support/memory-wire.ts";
import { offering } from "../../test/support/scripted-peer.ts";
import type { Script } from "../../test/support/scripted-peer.ts";
import type { Address } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Message, QueueId } from "../mail/message.ts";
import { clientTimeLimits } from "./client-limits.ts";
import type { ClientSession } from "./client-session.ts";
import { openSession } from "./client-session.ts";
import type { Settled } from "./client-transaction.ts";
import { sendMessage } from "./client-transaction.ts";

const message: Message = {
  queueId: "q" as QueueId,
  receivedAt: 0,
  reversePath: "ann@a.test" as Address,
  bodyType: "7bit",
  smtpUtf8: false,
  sizeBytes: 20,
  eightBit: false,
};
const recipient = (name: string): Recipient => ({ address: `${name}@b.test` as Address });
const two = [recipient("bob"), recipient("eve")];

interface Sending {
  readonly script?: Script;
  readonly protocol?: "smtp" | "lmtp";
  readonly message?: Partial<Message>;
  readonly recipients?: readonly Recipient[];
  readonly content?: readonly string[];
}

async function send(
  how: Sending,
): Promise<{ wire: MemoryWire; session: ClientSession; settled: string[]; results: Settled[] }> {
  const protocol = how.protocol ?? "smtp";
  const wire = new MemoryWire(how.script, protocol);
  const opening = {
    hostname: "us.test",
    protocol,
    tls: "never",
    timeLimitsMs: clientTimeLimits,
    tell: () => {},
  } as const;
  const session = await openSession(wire, opening);
  wire.writes.length = 0;
  const results = await sendMessage(session, {
    message: { ...message, ...how.message },
    recipients: how.recipients ?? two,
    open: async () => chunksOf(how.content ?? ["Subject: x\r\n\r\nhello\r\n"]),
  });
  return { wire, session, results, settled: results.map(summary) };
}

async function* chunksOf(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** "accepted 250", "refused rcpt 550", "lost mail" */
function summary(result: Settled): string {
  if (result.kind === "accepted") return `accepted ${result.reply.code}`;
  const { because } = result;
  if (because.kind === "refused") return `refused ${because.stage} ${because.reply.code}`;
  return "stage" in because ? `${because.kind} ${because.stage}` : because.kind;
}

const noPipelining = ["8BITMIME", "CHUNKING", "BINARYMIME"];

test("pipelining: MAIL, RCPTs and DATA in one write; content and final dot in another", async () => {
  const { wire, session, settled } = await send({});
  assert.deepEqual(settled, ["accepted 250", "accepted 250"]);
  assert.deepEqual(wire.writes, [
    "MAIL FROM:<ann@a.test> SIZE=20\r\nRCPT TO:<bob@b.test>\r\nRCPT TO:<eve@b.test>\r\nDATA\r\n",
    "Subject: x\r\n\r\nhello\r\n.\r\n",
  ]);
  assert.equal(session.isQuiet, true);
  assert.equal(session.transactions, 1);
});

test("no pipelining: one command, one reply", async () => {
  const { wire, settled } = await send({ script: offering(noPipelining) });
  assert.deepEqual(settled, ["accepted 250", "accepted 250"]);
  assert.equal(wire.writes.length, 5);
});

for (const offered of [["PIPELINING"], noPipelining]) {
  const how = offered[0] === "PIPELINING" ? "pipelined" : "one by one";
  const play = (turns: Readonly<Record<string, string>>) => send({ script: offering(offered, turns) });

  test(`${how}: a refused recipient does not touch the other`, async () => {
    const base = offering(offered);
    const script: Script = (turn, line, count) => (line.includes("bob") ? "550 5.1.1 who?" : base(turn, line, count));
    const { settled, session } = await send({ script });
    assert.deepEqual(settled, ["refused rcpt 550", "accepted 250"]);
    assert.equal(session.isQuiet, true);
  });

  test(`${how}: MAIL refused; the session goes on after RSET`, async () => {
    const { settled, session, wire } = await play({ MAIL: "550 no", RCPT: "503 MAIL first", DATA: "503 MAIL first" });
    assert.deepEqual(settled, ["refused mail 550", "refused mail 550"]);
    assert.equal(session.isQuiet, false);
    await session.reset();
    assert.equal(session.isQuiet, true);
    assert.equal(wire.peer.lines.at(-1), "RSET");
  });

  test(`${how}: all recipients refused, no content is sent`, async () => {
    const { settled, wire } = await play({ RCPT: "450 later", DATA: "503 no recipients" });
    assert.deepEqual(settled, ["refused rcpt 450", "refused rcpt 450"]);
    assert.deepEqual(wire.peer.contents, []);
  });

  test(`${how}: DATA or the content refused: all accepted share it`, async () => {
    assert.deepEqual((await play({ DATA: "451 later" })).settled, ["refused data 451", "refused data 451"]);
    const { settled, session } = await play({ CONTENT: "554 spam" });
    assert.deepEqual(settled, ["refused content 554", "refused content 554"]);
    assert.equal(session.isQuiet, true, "after the final dot the transaction is over");
  });

  test(`${how}: 421 at a recipient defers all that are not settled`, async () => {
    const base = offering(offered);
    const script: Script = (turn, line, count) => {
      if (line.includes("bob")) return "550 5.1.1 who?";
      return line.includes("eve") ? { kind: "close", text: "421 too much" } : base(turn, line, count);
    };
    const { settled, session } = await send({ script, recipients: [...two, recipient("joe")] });
    assert.deepEqual(settled, ["refused rcpt 550", "refused rcpt 421", "refused rcpt 421"]);
    assert.equal(session.ended?.kind, "refused");
  });
}

test("pipelining: no recipient, yet 354: the dot alone, and what it answers is of no interest (RFC 2920 §3.1)", async () => {
  for (const CONTENT of ["554 no recipients", "250 ok"]) {
    const { wire, settled, session } = await send({ script: offering(["PIPELINING"], { RCPT: "550 who?", CONTENT }) });
    assert.deepEqual(settled, ["refused rcpt 550", "refused rcpt 550"]);
    assert.equal(wire.writes.at(-1), ".\r\n");
    assert.equal(session.isQuiet, true);
  }
});

test("lost after the final dot: deferred, for nobody knows", async () => {
  const { settled } = await send({ script: (turn) => (turn === "CONTENT" ? { kind: "reset" } : undefined) });
  assert.deepEqual(settled, ["lost content", "lost content"]);
});

test("a reply given before the connection broke is read", async () => {
  const { settled } = await send({
    script: (turn) => (turn === "CONTENT" ? { kind: "close", text: "552 too big" } : undefined),
  });
  assert.deepEqual(settled, ["refused content 552", "refused content 552"]);
});

const early: readonly [string, string][] = [
  ["250 2.0.0 queued", "not-smtp content"],
  ["354 go on", "not-smtp content"],
  ["552 too big", "refused content 552"],
  ["451 no room", "refused content 451"],
];

for (const protocol of ["smtp", "lmtp"] as const) {
  test(`${protocol}: what comes before the final dot may refuse the message, but not take it`, async () => {
    for (const [words, expected] of early) {
      for (const kind of ["say", "close"] as const) {
        // the others settle one by one in LMTP, and nothing more comes
        const other = kind === "say" ? "silent content" : "lost content";
        const isShared = protocol === "smtp" || expected.startsWith("not-smtp");
        const script: Script = (turn) => (turn === "DATA" ? { kind, text: `354 go on\r\n${words}` } : undefined);
        const { settled, wire, session } = await send({ protocol, script });
        assert.deepEqual(settled, [expected, isShared ? expected : other], `${kind} ${words}`);
        assert.equal(wire.writes.length, 1, "no content went out");
        assert.equal(session.isQuiet, false);
        assert.equal(wire.isOpen, false);
      }
    }
  });
}

test("LMTP: early replies, each for its recipient", async () => {
  const script: Script = (turn) => (turn === "DATA" ? "354 go on\r\n552 full\r\n250 queued" : undefined);
  assert.deepEqual((await send({ protocol: "lmtp", script })).settled, ["refused content 552", "not-smtp content"]);
});

test("a chunk is not sent to a server that spoke out of turn; its word may refuse the message, but not take it", async () => {
  for (const [words, expected] of early) {
    const { settled, wire } = await send({
      message: { bodyType: "binarymime" },
      content: ["a", "b"],
      script: (turn) => (turn === "CHUNK" ? { kind: "close", text: `250 got it\r\n${words}` } : undefined),
    });
    assert.deepEqual(settled, [expected, expected], words);
    assert.equal(wire.peer.lines.at(-1), "BDAT 1");
  }
});

test("250 to DATA is no SMTP", async () => {
  const { settled, wire } = await send({ script: offering([], { DATA: "250 ok" }) });
  assert.deepEqual(settled, ["not-smtp data", "not-smtp data"]);
  assert.equal(wire.isOpen, false);
});

test("too many recipients: the rest goes at once in a further transaction", async () => {
  for (const code of [452, 552]) {
    let accepted = 0;
    const script: Script = (turn) => {
      if (turn === "MAIL") accepted = 0;
      if (turn !== "RCPT") return undefined;
      accepted += 1;
      return accepted > 2 ? `${code} too many recipients` : undefined;
    };
    const recipients = ["a", "b", "c", "d", "e"].map(recipient);
    const { settled, wire } = await send({ script, recipients });
    assert.deepEqual(settled, Array(5).fill("accepted 250"));
    assert.equal(wire.peer.contents.length, 3);
  }
});

test("too many recipients, and not one was taken: deferred", async () => {
  const { settled, wire } = await send({ script: offering([], { RCPT: "452 too many recipients" }) });
  assert.deepEqual(settled, ["refused rcpt 452", "refused rcpt 452"]);
  assert.equal(wire.peer.lines.filter((line) => line.startsWith("MAIL")).length, 1);
});

test("100 recipients a transaction, or what LIMITS says", async () => {
  const recipients = Array.from({ length: 120 }, (_, i) => recipient(`r${i}`));
  const mails = (wire: MemoryWire): number => wire.peer.lines.filter((line) => line.startsWith("MAIL")).length;
  assert.equal(mails((await send({ recipients })).wire), 2);
  const { wire, settled } = await send({ recipients, script: offering(["PIPELINING", "LIMITS RCPTMAX=50"]) });
  assert.equal(mails(wire), 3);
  assert.ok(settled.every((text) => text === "accepted 250"));
});

test("LMTP: each accepted recipient has its own reply, in order (RFC 2033 §4.2)", async () => {
  const script: Script = (turn, line, count) => {
    if (line.includes("bob")) return "550 who?";
    return turn === "CONTENT" ? ["250 eve has it", "452 joe is full"][count - 1] : undefined;
  };
  const { settled } = await send({ protocol: "lmtp", script, recipients: [...two, recipient("joe")] });
  assert.deepEqual(settled, ["refused rcpt 550", "accepted 250", "refused content 452"]);
});

test("LMTP: lost between the replies: those that have one keep it", async () => {
  const script: Script = (turn, _, count) => (turn === "CONTENT" && count === 2 ? { kind: "reset" } : undefined);
  assert.deepEqual((await send({ protocol: "lmtp", script })).settled, ["accepted 250", "lost content"]);
});

test("binary content goes by BDAT, octet for octet", async () => {
  const content = ["a\nb\r", ".\r\n", "\0.\n"];
  const { wire, settled } = await send({ message: { bodyType: "binarymime" }, content });
  assert.deepEqual(settled, ["accepted 250", "accepted 250"]);
  assert.equal(wire.peer.contents[0]?.toString(), content.join(""));
  assert.deepEqual(
    wire.peer.lines.filter((line) => line.startsWith("BDAT")),
    ["BDAT 4", "BDAT 3", "BDAT 3 LAST"],
  );
  assert.ok(!wire.peer.lines.includes("DATA"));
});

test("a refused chunk settles all; the rest is not sent", async () => {
  const { settled, session, wire } = await send({
    message: { bodyType: "binarymime" },
    content: ["a", "b", "c"],
    script: (turn) => (turn === "CHUNK" ? "552 too big" : undefined),
  });
  assert.deepEqual(settled, ["refused content 552", "refused content 552"]);
  assert.equal(session.isQuiet, false);
  assert.equal(wire.peer.lines.at(-1), "BDAT 1");
});

test("what the server lacks fails without a word to it; others go on", async () => {
  const { wire, settled } = await send({
    script: offering(["PIPELINING"]),
    recipients: [recipient("bob"), recipient("jörg")],
  });
  assert.deepEqual(settled, ["accepted 250", "unsupported"]);
  assert.equal(wire.peer.lines.filter((line) => line.startsWith("RCPT")).length, 1);
  const binary = await send({ script: offering([]), message: { bodyType: "binarymime" } });
  assert.deepEqual(binary.settled, ["unsupported", "unsupported"]);
  assert.deepEqual(binary.wire.writes, []);
});

test("content that cannot be read is our fault: no final dot, connection closed", async () => {
  const wire = new MemoryWire();
  const opening = {
    hostname: "us.test",
    protocol: "smtp",
    tls: "never",
    timeLimitsMs: clientTimeLimits,
    tell: () => {},
  } as const;
  const session = await openSession(wire, opening);
  // eslint-disable-next-line require-yield
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw new Error("disk on fire");
  }
  const results = await sendMessage(session, { message, recipients: two, open: async () => broken() });
  assert.deepEqual(results.map(summary), ["internal", "internal"]);
  assert.equal(wire.isOpen, false);
  assert.deepEqual(wire.peer.contents, []);
});
