import assert from "node:assert/strict";
import { test } from "node:test";
import { assembleReply, formatReply, isPositive, isTransient, parseReplyLine, reply, replyText } from "./reply.ts";

test("the enhanced code stands on every line. RFC 2034 §4", () => {
  assert.equal(
    formatReply(reply(550, "5.1.1", "no such user", "try another")),
    "550-5.1.1 no such user\r\n550 5.1.1 try another\r\n",
  );
  assert.equal(formatReply(reply(354, undefined, "go on")), "354 go on\r\n");
  assert.equal(formatReply(reply(250, "2.0.0")), "250 2.0.0 \r\n");
});

test("for people, one line", () => {
  assert.equal(replyText(reply(550, "5.1.1", "no such user;", "try another")), "550 5.1.1 no such user; try another");
  assert.equal(replyText(reply(250, undefined)), "250");
});

test("lines of other servers", () => {
  assert.deepEqual(parseReplyLine("250-PIPELINING"), { code: 250, last: false, text: "PIPELINING" });
  assert.deepEqual(parseReplyLine("250 ok"), { code: 250, last: true, text: "ok" });
  assert.deepEqual(parseReplyLine("250"), { code: 250, last: true, text: "" });
  assert.deepEqual(parseReplyLine("220 b\u00fccher ready"), { code: 220, last: true, text: "b\u00fccher ready" });
  for (const bad of ["", "25", "150 ok", "600 ok", "2500 ok", "250ok", "250_ok", " 250 ok", "HTTP/1.1 400"])
    assert.equal(parseReplyLine(bad), undefined, bad);
});

test("what was written is read again", () => {
  for (const one of [
    reply(550, "5.1.1", "no such user", "try another"),
    reply(250, undefined, "a", "b"),
    reply(421, "4.7.0", "bye"),
  ]) {
    const lines = formatReply(one)
      .split("\r\n")
      .slice(0, -1)
      .map((line) => parseReplyLine(line)!);
    assert.deepEqual(
      lines.map(({ last }) => last),
      lines.map((_, index) => index === lines.length - 1),
    );
    assert.deepEqual(
      assembleReply(
        lines[0]!.code,
        lines.map(({ text }) => text),
      ),
      one,
    );
  }
});

test("the first line's enhanced code counts, if its class fits. RFC 2034 §3", () => {
  assert.deepEqual(assembleReply(550, ["5.7.1 no", "because"]), reply(550, "5.7.1", "no", "because"));
  assert.deepEqual(assembleReply(550, ["5.7.1 no", "5.7.1 because"]), reply(550, "5.7.1", "no", "because"));
  assert.deepEqual(assembleReply(550, ["4.7.1 no"]), reply(550, undefined, "4.7.1 no"));
  assert.deepEqual(assembleReply(550, ["5.7.1"]), reply(550, "5.7.1", ""));
  assert.deepEqual(assembleReply(250, ["10.0.0.1 greets"]), reply(250, undefined, "10.0.0.1 greets"));
  assert.deepEqual(assembleReply(250, []), reply(250, undefined, ""));
});

test("classes. RFC 5321 §4.2.1", () => {
  assert.deepEqual(
    [250, 354, 421, 550].map((code) => isPositive(reply(code, undefined))),
    [true, true, false, false],
  );
  assert.deepEqual(
    [250, 354, 421, 550].map((code) => isTransient(reply(code, undefined))),
    [false, false, true, false],
  );
});
