import assert from "node:assert/strict";
import { test } from "node:test";
import { readLogLine } from "./log-line.ts";

const lines: readonly [string, ReturnType<typeof readLogLine>][] = [
  [
    "Nov 23 08:00:01 mail postfix/smtp[123]: 4F1: to=<bob@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1.2, dsn=5.1.1, status=bounced (host mx.example.org[192.0.2.1] said: 550 5.1.1 <bob@example.org>: user unknown (in reply to RCPT TO command))",
    {
      recipient: "bob@example.org",
      host: "mx.example.org",
      status: "5.1.1",
      text: "host mx.example.org[192.0.2.1] said: 550 5.1.1 <bob@example.org>: user unknown (in reply to RCPT TO command)",
      givenUp: true,
    },
  ],
  [
    "postfix/smtp[9]: 4F2: to=<x@example.org>, relay=none, delay=9, dsn=4.4.1, status=deferred (connect to mx.example.org[192.0.2.1]:25: Connection timed out)",
    {
      recipient: "x@example.org",
      status: "4.4.1",
      text: "connect to mx.example.org[192.0.2.1]:25: Connection timed out",
      givenUp: false,
    },
  ],
  [
    "sendmail[77]: 5A: to=<c@example.org>, delay=00:00:02, mailer=esmtp, pri=1, relay=mx.example.org. [192.0.2.1], dsn=5.2.2, stat=User mailbox full",
    { recipient: "c@example.org", host: "mx.example.org", status: "5.2.2", text: "User mailbox full", givenUp: true },
  ],
  [
    "2026-11-23 08:00:01 1abCDe-000123-4F ** dave@example.org R=dnslookup T=remote_smtp H=mx.example.org [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<dave@example.org>: 550 no such user",
    {
      recipient: "dave@example.org",
      host: "mx.example.org",
      text: "SMTP error from remote mail server after RCPT TO:<dave@example.org>: 550 no such user",
      givenUp: true,
    },
  ],
  [
    "postfix/smtpd[5]: NOQUEUE: reject: RCPT from a.example.com[192.0.2.9]: 554 5.7.1 <e@example.net>: Relay access denied; from=<f@example.com> to=<e@example.net> proto=ESMTP helo=<a>",
    {
      recipient: "e@example.net",
      stage: "rcpt",
      text: "554 5.7.1 <e@example.net>: Relay access denied",
      givenUp: true,
    },
  ],
  [
    "qmail-send: delivery 12: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no_such_user/",
    { text: "192.0.2.1 does not like recipient. Remote host said: 550 no such user ", givenUp: true },
  ],
  ["postfix/smtp[1]: 4F: to=<a@example.org>, dsn=2.0.0, status=sent (250 2.0.0 Ok)", undefined],
  ["sendmail[7]: to=<c@example.org>, dsn=2.0.0, stat=Sent (ok)", undefined],
  ["550 5.1.1 user unknown", undefined],
];

test("lines of logs: who, where and why", () => {
  for (const [line, report] of lines) assert.deepEqual(readLogLine(line), report, line);
});
