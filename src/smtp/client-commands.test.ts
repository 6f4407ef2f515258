import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Message, QueueId } from "../mail/message.ts";
import { encodeXtext, mailCommand, obstacle, rcptCommand } from "./client-commands.ts";
import { parseExtensions } from "./client-extensions.ts";

const everything = parseExtensions("x SIZE.8BITMIME.SMTPUTF8.DSN.CHUNKING.BINARYMIME".split(/[ .]/));
const nothing = parseExtensions([]);
const host = { name: "mx.test" };

const message: Message = {
  queueId: "q" as QueueId,
  receivedAt: 0,
  reversePath: "ann@a.test" as Address,
  bodyType: "7bit",
  smtpUtf8: false,
  sizeBytes: 120,
  eightBit: false,
};
const bob: Recipient = { address: "bob@b.test" as Address };
const jörg: Recipient = { address: "jörg@b.test" as Address };

test("MAIL tells only what the server knows", () => {
  const full: Message = { ...message, eightBit: true, ret: "hdrs", envid: "a+b=c d" };
  assert.equal(
    mailCommand(full, [bob], everything),
    "MAIL FROM:<ann@a.test> SIZE=120 BODY=8BITMIME RET=HDRS ENVID=a+2Bb+3Dc+20d\r\n",
  );
  assert.equal(mailCommand({ ...full, eightBit: false }, [bob], nothing), "MAIL FROM:<ann@a.test>\r\n");
});

test("the null reverse-path is <>", () => {
  assert.match(mailCommand({ ...message, reversePath: "" }, [bob], nothing), /^MAIL FROM:<>\r\n$/);
});

test("BODY names what the content is", () => {
  assert.match(mailCommand({ ...message, bodyType: "binarymime" }, [bob], everything), / BODY=BINARYMIME/);
  assert.match(mailCommand({ ...message, bodyType: "8bitmime" }, [bob], everything), / BODY=8BITMIME/);
  assert.doesNotMatch(mailCommand(message, [bob], everything), /BODY/);
});

test("SMTPUTF8 when the message, the reverse-path or a recipient needs it", () => {
  assert.match(mailCommand({ ...message, smtpUtf8: true, eightBit: true }, [bob], everything), / SMTPUTF8/);
  assert.doesNotMatch(mailCommand({ ...message, smtpUtf8: true }, [bob], everything), /SMTPUTF8/);
  assert.match(mailCommand({ ...message, reversePath: jörg.address }, [bob], everything), / SMTPUTF8/);
  assert.match(mailCommand(message, [bob, jörg], everything), / SMTPUTF8/);
  assert.doesNotMatch(mailCommand(message, [bob], everything), /SMTPUTF8/);
});

test("RCPT carries the sender's wishes to servers with DSN", () => {
  const wishes: Recipient = { ...bob, notify: ["failure", "delay"], orcpt: { type: "rfc822", address: "b+x@b.test" } };
  assert.equal(
    rcptCommand(wishes, everything),
    "RCPT TO:<bob@b.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bx@b.test\r\n",
  );
  assert.equal(rcptCommand(wishes, nothing), "RCPT TO:<bob@b.test>\r\n");
  assert.equal(rcptCommand({ ...bob, notify: [] }, everything), "RCPT TO:<bob@b.test> NOTIFY=NEVER\r\n");
});

test("an international ORCPT is written in ASCII (RFC 6533 §3)", () => {
  const wishes: Recipient = { ...bob, orcpt: { type: "utf-8", address: "jö+rg@b.test" } };
  assert.match(rcptCommand(wishes, everything), / ORCPT=utf-8;j\\x\{F6\}\\x\{2B\}rg@b\.test\r\n$/);
});

test("xtext: plus, equals, space and what is not ASCII as +HH", () => {
  assert.equal(encodeXtext("a=b+c é~!"), "a+3Db+2Bc+20+C3+A9~!");
});

test("each thing that the server lacks is an obstacle of its own", () => {
  const missing = (changes: Partial<Message>, recipient = bob, offered = nothing): string | undefined => {
    const failure = obstacle({ ...message, ...changes }, recipient, { host, offered });
    return failure?.kind === "unsupported" ? failure.extension : undefined;
  };
  assert.equal(missing({}), undefined);
  assert.equal(missing({ smtpUtf8: true, eightBit: true }), "SMTPUTF8");
  assert.equal(missing({ smtpUtf8: true }), undefined);
  assert.equal(missing({ reversePath: jörg.address }), "SMTPUTF8");
  assert.equal(missing({}, jörg), "SMTPUTF8");
  assert.equal(missing({ eightBit: true }), "8BITMIME");
  assert.equal(missing({ bodyType: "8bitmime" }), undefined, "declared 8-bit, but it is not");
  assert.equal(missing({ bodyType: "binarymime" }), "BINARYMIME");
  assert.equal(missing({ bodyType: "binarymime" }, bob, parseExtensions(["x", "BINARYMIME"])), "BINARYMIME");
  assert.equal(missing({ sizeBytes: 1_001 }, bob, parseExtensions(["x", "SIZE 1000"])), "SIZE");
  assert.equal(missing({ sizeBytes: 1_000 }, bob, parseExtensions(["x", "SIZE 1000"])), undefined);
  assert.equal(missing({ smtpUtf8: true, eightBit: true, bodyType: "binarymime" }, jörg, everything), undefined);
});
