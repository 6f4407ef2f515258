// SMTP smuggling: nothing but CRLF.CRLF ends a message, neither on its way in nor on its way out. RFC 5321 §4.1.1.4.
// The next hop is one that takes LF, CR and NUL for what they are not: what could be smuggled into it would be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCarried } from "../support/carried.ts";
import { RawClient } from "../support/raw-client.ts";
import { routeTo, runServer, type Settings } from "../support/running-server.ts";
import { everyExtension, type SinkOptions, startSink } from "../support/sink.ts";
import { suite } from "../support/suites.ts";

const { skip, read } = suite("smtp");

interface Suite {
  readonly not_an_end_of_data: readonly string[];
}

/** Innocent text, though it looks like an end. */
const harmless = new Set(["\r\n .\r\n"]);

const sequences = (): readonly string[] => (JSON.parse(read("smuggling.json").toString()) as Suite).not_an_end_of_data;

const envelope = { from: "outer@client.test", to: ["ann@sink.test"] };
const opening = "MAIL FROM:<outer@client.test>\r\nRCPT TO:<ann@sink.test>\r\nDATA\r\n";
const smuggled =
  "MAIL FROM:<smuggler@evil.test>\r\nRCPT TO:<victim@sink.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello";
const outer = (sequence: string): string => `Subject: outer\r\n\r\nbefore${sequence}${smuggled}\r\n`;

async function open(offers: SinkOptions["offers"] = ["PIPELINING", "8BITMIME"], settings: Settings = {}) {
  const stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink({ gullible: true, offers }));
  const patient = { max_errors: 10_000 };
  const server = stack.use(await runServer({ route: [routeTo(sink.port)], receive: patient, ...settings }));
  const client = stack.use(await RawClient.open(server.port));
  const received = (): number => server.events.all.filter(({ kind }) => kind === "received").length;
  return { sink, server, client, received, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

type Way = Awaited<ReturnType<typeof open>>;

/** The message was refused, or arrived as one message; the commands behind it count, and are in step with the replies. */
async function assertOne({ sink, client, received }: Way, sequence: string, replies: readonly string[]): Promise<void> {
  const name = JSON.stringify(sequence);
  const isHarmless = harmless.has(sequence);
  assert.match(replies[0]!, isHarmless ? /^250 2\.0\.0 / : /^550 5\.6\.0 /, name);
  assert.match(replies[1]!, /^250 2\.0\.0 ok/, name);
  // the session goes on, and its next message is the next that leaves
  const content = Buffer.from(`Subject: next\r\n\r\n${name}\r\n`);
  const before = received();
  assert.match(await client.data({ ...envelope, from: "next@client.test" }, content), /^250 /);
  assert.equal(received(), before + 1);
  const taken = await sink.taken.count(received());
  assert.equal(taken.length, received(), name);
  assert.ok(taken.every(({ mail }) => !mail.includes("smuggler")));
  if (isHarmless)
    assertCarried(taken.find(({ mail }) => mail.includes("outer"))!.content, Buffer.from(outer(sequence)));
}

test("the next hop of these tests can be smuggled into", { skip }, async () => {
  await using sink = await startSink({ gullible: true });
  await using client = await RawClient.open(sink.port);
  for (const sequence of sequences()) {
    const before = sink.taken.all.length;
    await client.ask(opening, 3);
    // 4 more replies when it falls for it: to the content, and to the smuggled commands
    await client.ask(`${outer(sequence)}.\r\n`, harmless.has(sequence) ? 1 : 5);
    assert.equal(sink.taken.all.length, before + (harmless.has(sequence) ? 1 : 2), JSON.stringify(sequence));
  }
});

test("by DATA, in one piece", { skip }, async () => {
  await using way = await open();
  for (const sequence of sequences()) {
    await way.client.ask(opening, 3);
    await assertOne(way, sequence, await way.client.ask(`${outer(sequence)}.\r\nNOOP\r\n`, 2));
  }
});

test("by DATA, each octet in a TCP segment of its own", { skip }, async () => {
  await using way = await open();
  for (const sequence of sequences()) {
    await way.client.ask(opening, 3);
    await assertOne(way, sequence, await way.client.askSlowly(Buffer.from(`${outer(sequence)}.\r\nNOOP\r\n`), 2));
  }
});

test("by DATA, in two TCP segments, split at every octet around the sequence", { skip }, async () => {
  await using way = await open();
  for (const sequence of sequences()) {
    const bytes = Buffer.from(`${outer(sequence)}.\r\nNOOP\r\n`);
    const around = bytes.indexOf("before") + "before".length;
    for (let at = around - 1; at <= around + sequence.length + 1; at += 1) {
      await way.client.ask(opening, 3);
      await assertOne(way, sequence, await way.client.askInTwo(bytes, at, 2));
    }
  }
});

test("by BDAT: dots and line ends that fall on a chunk's end are content", { skip }, async () => {
  await using way = await open();
  const content = Buffer.from(`Subject: outer\r\n\r\nbefore\r\n.\r\n${smuggled}\r\n.\r\n`);
  const around = content.indexOf("\r\n.\r\n");
  for (let at = around - 1; at <= around + 6; at += 1) {
    const before = way.sink.taken.all.length;
    assert.match(await way.client.bdat(envelope, [content.subarray(0, at), content.subarray(at)]), /^250 /);
    const taken = await way.sink.taken.count(before + 1);
    assert.equal(way.received(), before + 1);
    assertCarried(taken[before]!.content, content);
  }
});

test("by BDAT: bare CR, LF and NUL are refused as in DATA", { skip }, async () => {
  await using way = await open();
  for (const sequence of sequences()) {
    const content = Buffer.from(outer(sequence));
    const around = content.indexOf("before") + "before".length;
    for (let at = around; at <= around + sequence.length; at += 1) {
      const answered = await way.client.bdat(envelope, [content.subarray(0, at), content.subarray(at)]);
      await assertOne(way, sequence, [answered, ...(await way.client.ask("NOOP\r\n"))]);
    }
  }
});

test("binary content leaves counted, and never by DATA", { skip }, async () => {
  await using way = await open(everyExtension);
  for (const sequence of sequences()) {
    const content = Buffer.from(`${outer(sequence)}${sequence}QUIT${sequence}`);
    const before = way.sink.taken.all.length;
    assert.match(await way.client.bdat({ ...envelope, parameters: "BODY=BINARYMIME" }, [content]), /^250 /);
    const taken = await way.sink.taken.count(before + 1);
    assert.equal(taken[before]!.by, "BDAT");
    assertCarried(taken[before]!.content, content);
  }
});

test("a notice about binary content smuggles nothing, though the header it returns is hostile", { skip }, async () => {
  await using way = await open(["PIPELINING", "8BITMIME", "DSN"]);
  for (const [i, sequence] of sequences().entries())
    for (const [j, ret] of ["HDRS", "FULL"].entries()) {
      const from = `outer${i}-${j}@client.test`;
      const header = `Subject: a${sequence}${smuggled}\r\nX${sequence}: ${sequence}\r\n`;
      const content = Buffer.from(`${header}\r\nbody${sequence}${smuggled}${sequence}`);
      const parameters = `BODY=BINARYMIME RET=${ret}`;
      assert.match(await way.client.bdat({ ...envelope, from, parameters }, [content]), /^250 /);
      const notice = await way.sink.taken.first(({ rcpts }) => rcpts.some((rcpt) => rcpt.includes(from)));
      assert.match(notice.mail, /^MAIL FROM:<>/);
      assert.doesNotMatch(notice.content.toString("latin1"), /\r(?!\n)|(?<!\r)\n|\0/);
    }
  assert.equal(way.sink.taken.all.length, sequences().length * 2);
});
