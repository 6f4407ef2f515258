import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import { type Failure, isPermanent, type Stage } from "../mail/failure.ts";
import { assembleReply, parseReplyLine } from "../mail/reply.ts";
import type { CauseName } from "./explanation.ts";
import { explainFailure, statusOf } from "./failure.ts";
import { languages } from "./languages/reader.ts";

const bob = "bob@example.org" as Address;
const recipient = { recipient: bob };
const host = { name: "mx.example.org", address: "192.0.2.1", port: 25 };
const text = "what the machine said";

const refused = (line: string, stage: Stage = "rcpt"): Failure => {
  const { code, text } = parseReplyLine(line)!;
  return { kind: "refused", host, stage, reply: assembleReply(code, [text]) };
};

/** Every failure, with its cause and its RFC 3463 code. */
const failures: readonly [Failure, CauseName, string][] = [
  [{ kind: "dns", problem: "no-such-domain", name: "example.org", query: "MX" }, "no-such-domain", "5.1.2"],
  [{ kind: "dns", problem: "no-data", name: "example.org", query: "A/AAAA" }, "domain-takes-no-mail", "5.1.2"],
  [{ kind: "dns", problem: "server-failure", name: "example.org", query: "MX" }, "dns-trouble", "4.4.3"],
  [{ kind: "dns", problem: "timeout", name: "example.org", query: "MX" }, "dns-trouble", "4.4.3"],
  [{ kind: "null-mx", domain: "example.org" }, "domain-takes-no-mail", "5.1.10"],
  [{ kind: "mx-is-us", domain: "example.org" }, "mail-loop", "5.4.6"],
  ...(["refused", "no-route", "other"] as const).map((problem): [Failure, CauseName, string] => [
    { kind: "unreachable", host, problem, text },
    "server-unreachable",
    "4.4.1",
  ]),
  [{ kind: "unreachable", host, problem: "timeout", text }, "no-answer", "4.4.1"],
  [{ kind: "unreachable", host, problem: "reset", text }, "server-unreachable", "4.4.2"],
  [{ kind: "lost", host, stage: "mail", text }, "connection-lost", "4.4.2"],
  [{ kind: "lost", host, stage: "content", text }, "connection-lost", "4.4.2"],
  [{ kind: "silent", host, stage: "greeting", timeoutMs: 300_000 }, "connection-lost", "4.4.2"],
  [{ kind: "silent", host, stage: "content", timeoutMs: 600_000 }, "connection-lost", "4.4.2"],
  [{ kind: "not-smtp", host, stage: "greeting", text }, "server-unreachable", "4.5.0"],
  [{ kind: "tls", host, problem: "handshake", text }, "encryption-failed", "4.7.5"],
  [{ kind: "tls", host, problem: "certificate", text }, "encryption-failed", "4.7.5"],
  [{ kind: "tls", host, problem: "not-offered", text }, "encryption-failed", "4.7.4"],
  [{ kind: "unsupported", host, extension: "SMTPUTF8", text }, "feature-missing", "5.6.7"],
  [{ kind: "unsupported", host, extension: "8BITMIME", text }, "feature-missing", "5.6.3"],
  [{ kind: "unsupported", host, extension: "BINARYMIME", text }, "feature-missing", "5.6.3"],
  [{ kind: "unsupported", host, extension: "SIZE", text }, "message-too-big", "5.3.4"],
  [{ kind: "unsupported", host, extension: "AUTH", text }, "login-failed", "4.7.4"],
  [{ kind: "local", problem: "mailbox-full", text }, "mailbox-full", "4.2.2"],
  [{ kind: "local", problem: "no-such-mailbox", text }, "no-such-mailbox", "5.1.1"],
  [{ kind: "local", problem: "not-writable", text }, "own-server-trouble", "4.2.0"],
  [{ kind: "local", problem: "other", text }, "own-server-trouble", "4.3.0"],
  [{ kind: "expired", afterMs: 432_000_000 }, "gave-up-waiting", "4.4.7"],
  [{ kind: "expired", afterMs: 1, last: { kind: "local", problem: "mailbox-full", text } }, "mailbox-full", "4.2.2"],
  [{ kind: "operator", text }, "stopped-by-operator", "5.0.0"],
  [{ kind: "held-back", text }, "held-back", "4.3.2"],
  [{ kind: "internal", text }, "own-server-trouble", "4.3.0"],
  [refused("550 5.1.1 no such user"), "no-such-mailbox", "5.1.1"],
  [refused("452 4.2.2 mailbox full"), "mailbox-full", "4.2.2"],
];

/** What a server says, what it means, and the code that our notice gives. */
const refusals: readonly [string, Stage, CauseName, string][] = [
  ["550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown", "rcpt", "no-such-mailbox", "5.1.1"],
  ["550 no such user here", "rcpt", "no-such-mailbox", "5.1.1"],
  ["552 5.1.1 mailbox full", "rcpt", "mailbox-full", "5.1.1"],
  ["452 4.2.2 The email account that you tried to reach is over quota", "rcpt", "mailbox-full", "4.2.2"],
  ["552 5.3.4 Message size exceeds fixed limit", "mail", "message-too-big", "5.3.4"],
  ["552 no", "content", "message-too-big", "5.3.4"],
  ["551 5.1.6 try elsewhere", "rcpt", "address-moved", "5.1.6"],
  ["556 no mail", "rcpt", "domain-takes-no-mail", "5.1.10"],
  ["553 5.1.3 no", "rcpt", "bad-address", "5.1.3"],
  ["550 5.1.2 no", "rcpt", "no-such-domain", "5.1.2"],
  ["554 5.7.1 <bob@example.org>: Relay access denied", "rcpt", "relaying-denied", "5.7.1"],
  ["550 5.7.26 no", "content", "authentication-failed", "5.7.26"],
  ["550 5.7.25 no", "greeting", "no-reverse-name", "5.7.25"],
  ["450 4.7.1 Greylisted, come back", "rcpt", "greylisted", "4.7.1"],
  ["554 5.7.1 blocked using zen.spamhaus.org", "rcpt", "server-listed", "5.7.1"],
  ["550 5.7.1 this looks like spam", "content", "spam", "5.7.1"],
  ["554 5.7.1 a virus was found", "content", "virus", "5.7.1"],
  ["530 5.7.0 Must issue a STARTTLS command first", "mail", "encryption-needed", "5.7.0"],
  ["535 5.7.8 wrong", "auth", "login-failed", "5.7.8"],
  ["554 no", "auth", "login-failed", "5.7.8"],
  ["554 5.4.6 too many hops", "content", "mail-loop", "5.4.6"],
  ["452 4.3.1 full", "mail", "receiver-storage-full", "4.3.1"],
  ["452 4.5.3 no", "rcpt", "too-many-recipients", "4.5.3"],
];

/** Nothing but the stage tells: no word is put into the server's mouth. */
const bare: readonly [string, Stage, string][] = [
  ["451 hm", "content", "4.3.0"],
  ["554 no", "greeting", "5.3.2"],
  ["550 no", "rcpt", "5.1.0"],
];

test("every failure has a cause, a code, and words in each language that fit into a letter", () => {
  const summaries = new Set<string>();
  for (const [failure, cause, status] of failures) {
    assert.equal(statusOf(failure, isPermanent(failure)), status, JSON.stringify(failure));
    for (const language of languages) {
      const explained = explainFailure(failure, { recipient: bob, language });
      assert.equal(explained.cause, cause, JSON.stringify(failure));
      assert.equal(explained.language, language);
      assert.match(explained.summary, /^[^{}[\]]+[.。]$/);
      for (const step of explained.steps) assert.match(step, /^[^{}[\]]+[.。]$/);
      assert.ok(explained.steps.length > 0);
      summaries.add(explained.summary);
    }
  }
  // alike by intent: 8BITMIME and BINARYMIME; the mailbox that is full or not there, here or at another server
  assert.equal(summaries.size, (failures.length - 3) * languages.length);
});

test("refusals are understood by their words, then their codes", () => {
  for (const [line, stage, cause, status] of refusals) {
    const failure = refused(line, stage);
    assert.equal(explainFailure(failure, recipient).cause, cause, line);
    assert.equal(statusOf(failure, line.startsWith("5")), status, line);
  }
});

test("where nothing but a bare code is said, our code claims no more than the stage", () => {
  for (const [line, stage, status] of bare) assert.equal(statusOf(refused(line, stage), line.startsWith("5")), status);
});

test("a server that the domain names is not blamed on the address", () => {
  const failure: Failure = { kind: "dns", problem: "no-such-domain", name: "mx.other.example", query: "A/AAAA" };
  const { summary, whoActs } = explainFailure(failure, { ...recipient, givenUp: true });
  assert.match(summary, /^Mail for example\.org goes to the server mx\.other\.example/);
  assert.equal(whoActs, "recipient-admin");
});

test("what is still tried needs no sending again, and mostly nobody", () => {
  const failure: Failure = { kind: "unreachable", host, problem: "timeout", text };
  const { permanence, steps, whoActs } = explainFailure(failure, recipient);
  assert.deepEqual({ permanence, whoActs }, { permanence: "temporary", whoActs: "nobody" });
  assert.match(steps[0]!, /do not need to do anything/);
  assert.doesNotMatch(steps.join(" "), /Send the message again/);
  const over = explainFailure(failure, { ...recipient, givenUp: true });
  assert.deepEqual({ ...over, steps: [] }, { ...over, permanence: "over", whoActs: "recipient-admin", steps: [] });
  assert.match(over.steps[0]!, /Send the message again/);
});

test("what will not be tried again is never called temporary, whatever the other side means by its code", () => {
  const failure = refused("550 Mail rate limit exceeded, try again later");
  assert.equal(explainFailure(failure, recipient).permanence, "over");
});

test("an address that cannot be is permanent, a message that cannot be is over", () => {
  assert.equal(explainFailure(refused("550 5.1.1 no such user"), recipient).permanence, "permanent");
  assert.equal(explainFailure(refused("554 5.7.1 this is spam", "content"), recipient).permanence, "over");
});

test("giving up tells what the last reason was and how long it took; waiting is no advice any more", () => {
  const last = refused("450 4.7.1 greylisted");
  const { summary, whoActs, steps, fact } = explainFailure({ kind: "expired", afterMs: 432_000_000, last }, recipient);
  assert.match(summary, /^The other mail server asks all servers.*\. Delivery was tried for 5 days\.$/);
  assert.equal(whoActs, "recipient-admin");
  assert.doesNotMatch(steps.join(" "), /do not need to/);
  assert.equal(fact, "450 4.7.1 greylisted");
  const full = { kind: "expired", afterMs: 1, last: { kind: "local", problem: "mailbox-full", text } } as const;
  const explained = explainFailure(full, recipient);
  assert.deepEqual([explained.permanence, explained.whoActs], ["over", "recipient"]);
  assert.equal(explained.steps[1], "Send the message again when they have made room.");
});

test("a login that fails is our server's, not the sender's", () => {
  const { summary, steps } = explainFailure(refused("535 5.7.8 Authentication failed", "auth"), recipient);
  assert.match(summary, /did not let your mail server log in/);
  assert.doesNotMatch(steps.join(" "), /password/);
});

test("what went wrong inside our machine is not for strangers", () => {
  const secret = "EACCES /var/mail/secret";
  for (const failure of [
    { kind: "internal", text: secret },
    { kind: "local", problem: "other", text: secret },
    { kind: "held-back", text: secret },
  ] as const) {
    const explained = explainFailure(failure, recipient);
    assert.doesNotMatch(JSON.stringify(explained), /secret/);
    assert.notEqual(explained.fact, "");
  }
});

test("international domains are shown as people write them; hostile names stay on their line", () => {
  const idn = "a@xn--hxajbheg2az3al.example" as Address;
  assert.match(explainFailure({ kind: "null-mx", domain: "x" }, { recipient: idn }).summary, /παράδειγμα\.example/);
  for (const domain of ["xn--a", "xn--foo-", "xn--99999999999"]) {
    const { summary } = explainFailure({ kind: "null-mx", domain }, { recipient: `a@${domain}` as Address });
    assert.ok(summary.includes(domain), "what is no Punycode stays as it is");
  }
  const failure: Failure = { kind: "dns", problem: "no-data", name: "a\r\nb$&\u202e", query: "MX" };
  const { fact, summary } = explainFailure(failure, recipient);
  assert.doesNotMatch(`${fact} ${summary}`, /[\r\n\u202e]/);
  assert.match(summary, /a b\$&/);
});
