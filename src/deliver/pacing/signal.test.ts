import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure, Stage } from "../../mail/failure.ts";
import { assembleReply } from "../../mail/reply.ts";
import { type Signal, signalOf } from "./signal.ts";

const host = { name: "mx.test" };

/** As sites say it: reply, stage, and what it means for our pace. */
const table: readonly [string, Stage, Signal][] = [
  // greylisting, and what looks like it
  ["451 4.7.1 Greylisting in action, please come back in 00:05:00", "rcpt", "none"],
  ["450 4.2.0 <a@b.test>: Recipient address rejected: Greylisted, see http://postgrey.test/help", "rcpt", "none"],
  ["451 4.7.1 graylisted, try again later", "content", "none"],
  ["421 4.7.0 you have been greylisted", "greeting", "none"],
  ["451-192.0.2.1 is not yet authorized to deliver mail. Please try later.", "rcpt", "none"],
  ["450 4.3.2 Service currently unavailable", "rcpt", "none"],
  ["451 4.7.1 Please try again later", "rcpt", "none"],
  ["451 4.3.0 temporary failure, please try again later", "rcpt", "none"],
  // one recipient, one message
  ["452 4.2.2 mailbox full, quota exceeded", "rcpt", "none"],
  ["450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more", "rcpt", "none"],
  ["452 4.5.3 Too many recipients", "rcpt", "none"],
  ["550 5.1.1 no such user", "rcpt", "none"],
  ["552 5.3.4 message exceeds the size limit", "mail", "none"],
  ["552 5.3.4 Maximum message length exceeded", "mail", "none"],
  ["550 5.5.3 too many recipients", "data", "none"],
  ["554 5.7.1 Message rejected due to content restrictions", "content", "none"],
  ["451 4.3.0 local error in processing", "content", "none"],
  ["421 4.4.2 idle too long, closing", "mail", "none"],
  ["421 4.4.2 mx.test Error: timeout exceeded", "mail", "none"],
  ["535 5.7.8 authentication failed", "auth", "none"],
  // too many at once
  ["421 4.3.2 too many connections, try again later", "greeting", "connections"],
  ["421 4.7.0 mx.test Error: too many connections from 192.0.2.1", "greeting", "connections"],
  ["421 4.7.0 Too many concurrent SMTP connections; please try again later.", "greeting", "connections"],
  ["421 Connection limit exceeded", "greeting", "connections"],
  ["421 4.3.2 The maximum number of concurrent connections has exceeded a limit", "greeting", "connections"],
  ["452 4.3.2 Connections from this host have exceeded the limit", "mail", "connections"],
  [
    "421 Connection refused, too many sessions from this host. Lower the number of concurrent sessions.",
    "greeting",
    "connections",
  ],
  ["421 4.4.5 Service unavailable, concurrency limit reached", "greeting", "connections"],
  ["421 Trop de connexions, veuillez verifier votre configuration", "greeting", "connections"],
  ["421 RP-003 The mail server has exceeded the connection limit", "greeting", "connections"],
  ["421 4.4.5 All server ports are busy", "greeting", "connections"],
  ["554 5.7.1 too many simultaneous connections", "greeting", "connections"],
  // too many in one session
  ["421 Max message per connection reached, closing transmission channel", "mail", "messages"],
  ["421 4.7.0 Too many messages for this session", "mail", "messages"],
  ["452 4.5.3 too many messages in this connection", "mail", "messages"],
  ["421 4.4.2 The mail server has exceeded maximum number of messages per connection", "mail", "messages"],
  // too many in a time
  ["421 4.7.28 Our system has detected an unusual rate of unsolicited mail", "content", "rate"],
  ["421-4.7.0 [192.0.2.1 15] Our system has detected an unusual rate of", "content", "rate"],
  ["450 4.7.1 Error: too much mail from 192.0.2.1", "mail", "rate"],
  ["450 4.7.1 Error: too many messages, slow down", "rcpt", "rate"],
  ["421 4.7.0 Connection rate limit exceeded", "greeting", "rate"],
  ["451 Too many connections received this hour from 192.0.2.1", "greeting", "rate"],
  ["550 Ip frequency limited", "mail", "rate"],
  ["451 4.7.1 You are sending too fast", "content", "rate"],
  ["452 4.3.1 Sender's hourly quota of 100 messages per hour exceeded", "mail", "rate"],
  ["451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)", "mail", "slow"],
  ["451 4.7.550 please come again", "mail", "rate"],
  // not now, and not soon
  [
    "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
    "greeting",
    "stop",
  ],
  ["421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred", "greeting", "stop"],
  [
    "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)",
    "mail",
    "stop",
  ],
  ["421 RP-001 The mail server IP has exceeded the rate limit", "greeting", "stop"],
  ["421 [HCM1] Your mail was deferred", "greeting", "stop"],
  ["421 4.7.0 192.0.2.1 temporarily blocked, reputation too low", "greeting", "stop"],
  // under pressure
  ["421 4.3.2 system is too busy", "greeting", "slow"],
  ["421 4.3.0 try again later", "mail", "slow"],
  ["451 4.7.0 Temporarily throttled", "content", "slow"],
  ["450 4.7.0 message temporarily deferred, try again later", "content", "slow"],
  ["451 Resources temporarily unavailable, slow down please", "mail", "slow"],
  ["452 4.3.1 Insufficient system storage", "mail", "slow"],
  ["421 mx.test shutting down", "rcpt", "slow"],
  // no to us as a whole: no reason to hurry
  ["554 no mail from you", "greeting", "cold"],
  ["550 5.7.1 Client host blocked using zen.spamhaus.test", "rcpt", "cold"],
  ["554 5.7.1 Service refused: your IP 192.0.2.1 is on our block list", "mail", "cold"],
];

for (const [text, stage, signal] of table) {
  test(`${stage}: ${text} → ${signal}`, () => {
    const reply = assembleReply(Number(text.slice(0, 3)), [text.slice(4)]);
    assert.equal(signalOf({ kind: "refused", host, stage, reply }), signal);
  });
}

test("no connection, a broken one, and what has nothing to do with the site", () => {
  const silent = (stage: Stage): Failure => ({ kind: "silent", host, stage, timeoutMs: 1 });
  const lost = (stage: Stage): Failure => ({ kind: "lost", host, stage, text: "" });
  assert.equal(signalOf({ kind: "unreachable", host, problem: "refused", text: "" }), "unreachable");
  assert.deepEqual([silent("greeting"), lost("greeting"), lost("hello")].map(signalOf), Array(3).fill("unreachable"));
  assert.deepEqual([silent("content"), lost("mail"), lost("rcpt")].map(signalOf), Array(3).fill("connections"));
  assert.equal(signalOf({ kind: "internal", text: "a bug" }), "none");
  assert.equal(signalOf({ kind: "tls", host, problem: "handshake", text: "" }), "none");
});
