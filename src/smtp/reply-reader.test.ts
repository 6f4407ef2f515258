import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatReply, reply } from "../mail/reply.ts";
import type { Reply } from "../mail/reply.ts";
import { NotSmtp, ReplyReader, replyLimits } from "./reply-reader.ts";

function readAll(...chunks: (string | Uint8Array)[]): Reply[] {
  const reader = new ReplyReader();
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    reader.feed(Buffer.from(chunk as string));
    for (let next = reader.next(); next !== undefined; next = reader.next()) replies.push(next);
  }
  return replies;
}

const dialogue =
  "220 mx.test ESMTP\r\n250-mx.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n";
const replies: Reply[] = [
  reply(220, undefined, "mx.test ESMTP"),
  reply(250, undefined, "mx.test", "PIPELINING", "SIZE 1000"),
  reply(550, "5.1.1", "no", "such user"),
];

test("reads single and multi-line replies, with and without enhanced codes", () => {
  assert.deepEqual(readAll(dialogue), replies);
});

test("reads the same however the bytes are split", () => {
  assert.deepEqual(readAll(...dialogue.split("")), replies, "one byte at a time");
  for (let at = 0; at <= dialogue.length; at += 1) {
    assert.deepEqual(readAll(dialogue.slice(0, at), dialogue.slice(at)), replies, `split at ${at}`);
  }
});

test("takes line ends of LF alone, replies without text, and spaces at the end", () => {
  assert.deepEqual(readAll("250-a\n250\n220 b  \r\n"), [reply(250, undefined, "a", ""), reply(220, undefined, "b")]);
});

test("a reply whose lines have different codes is not SMTP: nobody knows whether it was a yes", () => {
  assert.throws(() => readAll("250-fine\r\n550 not fine\r\n"), /began a reply with 250 and went on with 550/);
  assert.equal(readAll("250 fine\r\n550 not fine\r\n").length, 2);
});

test("control characters of a peer do not get into our logs", () => {
  assert.deepEqual(readAll("550 a\u0000b\u001b[31mc\rd\r\n")[0]?.lines, ["a?b?[31mc?d"]);
});

test("something that is not SMTP is named, with what it said", () => {
  for (const line of ["HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-x\r\n", "\r\n", "99 ok\r\n", "650 ok\r\n", "250x\r\n"]) {
    assert.throws(() => readAll(line), NotSmtp, line);
  }
  assert.throws(() => readAll("HTTP/1.1 400 Bad Request\r\n"), /HTTP\/1\.1 400/);
  assert.throws(() => readAll(Buffer.from([0x15, 0x03, 0x01])), NotSmtp, "a TLS alert has no line end");
});

test("replies before the garbage are still read", () => {
  const reader = new ReplyReader();
  reader.feed(Buffer.from("250 ok\r\ngarbage\r\n"));
  assert.equal(reader.next()?.code, 250);
  assert.throws(() => reader.next(), NotSmtp);
});

test("a line, a reply and an unread heap have limits", () => {
  assert.throws(() => readAll(`250 ${"x".repeat(replyLimits.lineBytes)}`), /longer than/);
  const line = `250-${"x".repeat(1_000)}\r\n`;
  assert.throws(() => readAll(line.repeat(replyLimits.replyBytes / 1_000 + 1)), /a reply is longer/);
  const almost = line.repeat(Math.floor(replyLimits.replyBytes / line.length));
  assert.throws(() => readAll(`${almost}250-${"x".repeat(1_100)}`), /a reply is longer/, "an unfinished line counts");
  const reader = new ReplyReader();
  assert.throws(() => reader.feed(Buffer.alloc(replyLimits.waitingBytes + 1, "2")), NotSmtp);
});

test("bytes that come one by one while nobody reads are kept as replies", () => {
  const reader = new ReplyReader();
  const line = Buffer.from("250 ok\r\n");
  const count = 30_000;
  for (let at = 0; at < count * line.length; at += 1)
    reader.feed(line.subarray(at % line.length, (at % line.length) + 1));
  for (let at = 0; at < count; at += 1) assert.equal(reader.next()?.code, 250);
  assert.equal(reader.next(), undefined);
  assert.equal(reader.isEmpty, true);
});

test("isEmpty tells whether anything came unasked", () => {
  const reader = new ReplyReader();
  assert.equal(reader.isEmpty, true);
  reader.feed(Buffer.from("421-bye\r\n"));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.isEmpty, false);
});

test("what formatReply writes is read back", () => {
  const text = fc.stringMatching(/^[!-/:-~]([ -~]{0,30}[!-~])?$/);
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), fc.array(text, { minLength: 1, maxLength: 5 }), (code, lines) => {
      assert.deepEqual(readAll(formatReply(reply(code, undefined, ...lines))), [reply(code, undefined, ...lines)]);
    }),
  );
});

test("random bytes give replies or NotSmtp, nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      try {
        readAll(...chunks);
      } catch (error) {
        assert.ok(error instanceof NotSmtp);
      }
    }),
  );
});
