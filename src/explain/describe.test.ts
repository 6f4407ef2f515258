import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import { type Failure, isPermanent, type Stage } from "../mail/failure.ts";
import { assembleReply, parseReplyLine } from "../mail/reply.ts";
import { describe, durationText, statusOf } from "./describe.ts";

const bob = "bob@example.org" as Address;
const host = { name: "mx.example.org", address: "192.0.2.1", port: 25 };
const text = "what the machine said";

const refused = (line: string, stage: Stage = "rcpt"): Failure => {
  const { code, text } = parseReplyLine(line)!;
  return { kind: "refused", host, stage, reply: assembleReply(code, [text]) };
};

/** Every failure, with its RFC 3463 code. */
const failures: readonly [Failure, string][] = [
  [{ kind: "dns", problem: "no-such-domain", name: "example.org", query: "MX" }, "5.1.2"],
  [{ kind: "dns", problem: "no-data", name: "example.org", query: "A/AAAA" }, "5.1.2"],
  [{ kind: "dns", problem: "server-failure", name: "example.org", query: "MX" }, "4.4.3"],
  [{ kind: "dns", problem: "timeout", name: "example.org", query: "MX" }, "4.4.3"],
  [{ kind: "null-mx", domain: "example.org" }, "5.1.10"],
  [{ kind: "mx-is-us", domain: "example.org" }, "5.4.6"],
  ...(["refused", "timeout", "no-route", "other"] as const).map((problem): [Failure, string] => [
    { kind: "unreachable", host, problem, text },
    "4.4.1",
  ]),
  [{ kind: "unreachable", host, problem: "reset", text }, "4.4.2"],
  [{ kind: "lost", host, stage: "mail", text }, "4.4.2"],
  [{ kind: "lost", host, stage: "content", text }, "4.4.2"],
  [{ kind: "silent", host, stage: "greeting", timeoutMs: 300_000 }, "4.4.2"],
  [{ kind: "silent", host, stage: "content", timeoutMs: 600_000 }, "4.4.2"],
  [{ kind: "not-smtp", host, stage: "greeting", text }, "4.5.0"],
  [{ kind: "tls", host, problem: "handshake", text }, "4.7.5"],
  [{ kind: "tls", host, problem: "certificate", text }, "4.7.5"],
  [{ kind: "tls", host, problem: "not-offered", text }, "4.7.4"],
  [{ kind: "unsupported", host, extension: "SMTPUTF8", text }, "5.6.7"],
  [{ kind: "unsupported", host, extension: "8BITMIME", text }, "5.6.3"],
  [{ kind: "unsupported", host, extension: "BINARYMIME", text }, "5.6.3"],
  [{ kind: "unsupported", host, extension: "SIZE", text }, "5.3.4"],
  [{ kind: "unsupported", host, extension: "AUTH", text }, "4.7.4"],
  [{ kind: "local", problem: "mailbox-full", text }, "4.2.2"],
  [{ kind: "local", problem: "no-such-mailbox", text }, "5.1.1"],
  [{ kind: "local", problem: "not-writable", text }, "4.2.0"],
  [{ kind: "local", problem: "other", text }, "4.3.0"],
  [{ kind: "expired", afterMs: 432_000_000 }, "4.4.7"],
  [{ kind: "expired", afterMs: 432_000_000, last: { kind: "local", problem: "mailbox-full", text } }, "4.2.2"],
  [{ kind: "operator", text }, "5.0.0"],
  [{ kind: "internal", text }, "4.3.0"],
  [refused("550 5.1.1 gone"), "5.1.1"],
  [refused("452 4.2.2 gone"), "4.2.2"],
];

/** What a server says, and a word of what the sender is to understand. */
const refusals: readonly [string, Stage, RegExp, string][] = [
  ["550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown", "rcpt", /no mailbox/, "5.1.1"],
  ["550 no such user here", "rcpt", /no mailbox/, "5.1.1"],
  ["552 5.1.1 mailbox full", "rcpt", /mailbox is full/, "5.1.1"],
  ["452 4.2.2 The email account that you tried to reach is over quota", "rcpt", /mailbox is full/, "4.2.2"],
  ["552 5.3.4 Message size exceeds fixed limit", "mail", /larger/, "5.3.4"],
  ["552 5.2.3 no", "content", /larger/, "5.2.3"],
  ["552 no", "content", /larger/, "5.3.4"],
  ["550 5.2.1 no", "rcpt", /closed/, "5.2.1"],
  ["551 5.1.6 try elsewhere", "rcpt", /moved/, "5.1.6"],
  ["556 no mail", "rcpt", /does not take any mail/, "5.1.10"],
  ["553 5.1.3 no", "rcpt", /cannot read this address/, "5.1.3"],
  ["550 5.1.2 no", "rcpt", /does not know the domain example\.org/, "5.1.2"],
  ["554 5.7.1 <bob@example.org>: Relay access denied", "rcpt", /does not take mail for that domain/, "5.7.1"],
  ["550 5.7.26 no", "content", /really comes from you/, "5.7.26"],
  ["421 4.7.0 rate limited because it is unauthenticated, see SPF", "content", /really comes from you/, "4.7.0"],
  ["421 5.7.32 not aligned", "content", /has a rule/, "4.7.1"],
  ["550 5.7.25 no", "greeting", /name of our mail server/, "5.7.25"],
  ["450 4.7.1 Greylisted, come back", "rcpt", /servers that it does not know to call again/, "4.7.1"],
  ["451 4.7.1 Please try again later", "rcpt", /call again later/, "4.7.1"],
  ["554 5.7.1 blocked using zen.spamhaus.org", "rcpt", /does not trust our mail server/, "5.7.1"],
  ["550 5.7.1 this looks like spam", "content", /for spam/, "5.7.1"],
  ["550 5.7.1 no, see https://example.org/spam", "content", /has a rule/, "5.7.1"],
  ["554 5.7.1 a virus was found", "content", /dangerous/, "5.7.1"],
  ["421 4.7.28 no", "mail", /too much mail/, "4.7.28"],
  ["550 5.7.2 no", "rcpt", /Only some people/, "5.7.2"],
  ["530 5.7.0 Must issue a STARTTLS command first", "mail", /encrypted/, "5.7.0"],
  ["535 5.7.8 wrong", "auth", /log in/, "5.7.8"],
  ["554 5.4.6 too many hops", "content", /circle/, "5.4.6"],
  ["550 5.6.0 bare LF", "content", /not written as/, "5.6.0"],
  ["452 4.3.1 full", "mail", /no room/, "4.3.1"],
  ["452 4.5.3 no", "rcpt", /no more recipients/, "4.5.3"],
  ["450 4.2.0 not now", "rcpt", /mailbox cannot take mail at present/, "4.2.0"],
  ["421 4.3.2 shutting down", "greeting", /busy or out of order/, "4.3.2"],
  ["503 5.5.1 what?", "data", /did not understand/, "5.5.1"],
  ["451 hm", "content", /at present/, "4.3.0"],
  ["554 no", "greeting", /refuses to take mail from our mail server/, "5.3.2"],
  ["550 no", "mail", /from your address/, "5.1.0"],
  ["550 no", "rcpt", /for this address/, "5.1.0"],
  ["554 no", "content", /when it had seen it/, "5.0.0"],
];

test("every failure has a code, and words of its own that fit into a letter", () => {
  const summaries = new Set<string>();
  for (const [failure, status] of failures) {
    const { summary, steps } = describe(failure, bob);
    assert.equal(statusOf(failure, isPermanent(failure)), status, JSON.stringify(failure));
    assert.match(summary, /^[A-Z][^{}]*\.$/);
    assert.doesNotMatch(summary, /SMTP|\bMX\b|\bDNS\b|\bTLS\b|\d{3}|\. [A-Z]/, "one sentence, no jargon");
    for (const step of steps) assert.match(step, /^[A-Z][^{}]*\.$/);
    assert.ok(steps.length > 0);
    summaries.add(summary);
  }
  // alike by intent: 8BITMIME and BINARYMIME; the mailbox that is full or not there, here or at another server
  assert.equal(summaries.size, failures.length - 3);
});

test("refusals are understood by their words, then their codes, then their stage", () => {
  for (const [line, stage, words, status] of refusals) {
    const failure = refused(line, stage);
    assert.match(describe(failure, bob).summary, words, line);
    assert.equal(statusOf(failure, line.startsWith("5")), status, line);
  }
});

test("a server that the domain names is not blamed on the address", () => {
  const failure: Failure = { kind: "dns", problem: "no-such-domain", name: "mx.other.example", query: "A/AAAA" };
  const { summary, whoActs } = describe(failure, bob);
  assert.match(summary, /^Mail for example\.org goes to the server mx\.other\.example/);
  assert.equal(whoActs, "their-admin");
});

test("giving up tells how long it took and what the last reason was; waiting is no advice any more", () => {
  const last = refused("450 4.7.1 greylisted");
  const { summary, whoActs, evidence } = describe({ kind: "expired", afterMs: 432_000_000, last }, bob);
  assert.match(summary, /^For 5 days we could not deliver your message: the other mail server asks/);
  assert.equal(whoActs, "their-admin");
  assert.equal(evidence, "450 4.7.1 greylisted");
});

test("what went wrong inside our machine is not for strangers", () => {
  const failure: Failure = { kind: "internal", text: "EACCES /var/mail/secret" };
  assert.equal(describe(failure, bob).evidence, "internal error");
});

test("international domains are shown as people write them; hostile names stay on their line", () => {
  const idn = "a@xn--hxajbheg2az3al.example" as Address;
  assert.match(describe({ kind: "null-mx", domain: "x" }, idn).summary, /παράδειγμα\.example/);
  const { evidence, summary } = describe({ kind: "dns", problem: "no-data", name: "a\r\nb$&", query: "MX" }, bob);
  assert.doesNotMatch(`${evidence} ${summary}`, /[\r\n]/);
  assert.match(summary, /a b\$&/);
});

test("durations take the largest unit that gives two or more", () => {
  const cases: [number, string][] = [
    [432_000_000, "5 days"],
    [36 * 3_600_000, "36 hours"],
    [90 * 60_000, "90 minutes"],
    [60_000, "60 seconds"],
    [1_000, "1 second"],
  ];
  for (const [ms, text] of cases) assert.equal(durationText(ms), text);
});
