// Whatever strangers say, the structure of a notice holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { field, readNotice } from "../../test/golden/dsn/read-notice.ts";
import type { Address } from "../mail/address.ts";
import type { Failure, Stage } from "../mail/failure.ts";
import { fieldValue } from "../mail/header.ts";
import type { QueueId } from "../mail/message.ts";
import type { EnhancedCode } from "../mail/reply.ts";
import { asciiText, clean } from "../mail/foreign-text.ts";
import { foldField, wrap } from "./lines.ts";
import { type NoticeRequest, writeNotice } from "./notice.ts";

const dangerous = [
  "\r\n", "\n", "\r", "\0", " ", "\t", "\u001b", "\u0085", "\u2028", "\u202e", "é", "日本", "😀", "\ud83d", "=?utf-8?Q?=0D=0A?=",
  "--=_0123456789abce.0", "--=_0123456789abce.0--", "Bcc: x@y.z", "Action: delivered", ": ", "=", '<a href="', "&#60;", "<".repeat(400), "x".repeat(1_200), "é".repeat(600),
]; // prettier-ignore
const text = fc
  .array(fc.oneof(fc.constantFrom(...dangerous), fc.string({ unit: "binary" })), { maxLength: 12 })
  .map((pieces) => pieces.join(""));
const host = fc.record(
  { name: fc.oneof(text, fc.constantFrom("mx.example.org", "192.0.2.1")), address: text, port: fc.nat(65_535) },
  { requiredKeys: ["name"] },
);
const stage = fc.constantFrom<Stage>(
  "greeting",
  "hello",
  "starttls",
  "auth",
  "mail",
  "rcpt",
  "data",
  "content",
  "quit",
);
const ms = fc.integer({ min: 0, max: 1e9 });
const reply = fc.record(
  {
    code: fc.integer({ min: 200, max: 599 }),
    enhanced: fc.constantFrom<EnhancedCode>("2.0.0", "4.7.1", "5.1.1", "5.2.999"),
    lines: fc.array(text, { minLength: 1, maxLength: 30 }),
  },
  { requiredKeys: ["code", "lines"] },
);
const kind = <K extends Failure["kind"]>(name: K) => fc.constant(name);
const simple: fc.Arbitrary<Failure> = fc.oneof(
  fc.record({
    kind: kind("dns"),
    problem: fc.constantFrom("no-such-domain", "no-data", "server-failure", "timeout"),
    name: text,
    query: fc.constantFrom("MX", "A/AAAA"),
  }),
  fc.record({ kind: fc.constantFrom("null-mx", "mx-is-us"), domain: text }),
  fc.record({ kind: kind("unreachable"), host, problem: fc.constantFrom("refused", "timeout", "other"), text }),
  fc.record({ kind: kind("refused"), host, stage, reply }),
  fc.record({ kind: fc.constantFrom("lost", "not-smtp"), host, stage, text }),
  fc.record({ kind: kind("silent"), host, stage, timeoutMs: ms }),
  fc.record({ kind: kind("tls"), host, problem: fc.constantFrom("handshake", "certificate", "not-offered"), text }),
  fc.record({ kind: kind("unsupported"), host, extension: fc.constantFrom("SMTPUTF8", "SIZE", "AUTH"), text }),
  fc.record({ kind: fc.constantFrom("operator", "internal"), text }),
);
const failure: fc.Arbitrary<Failure> = fc.oneof(
  simple,
  fc.record({ kind: kind("expired"), afterMs: ms, last: simple }, { requiredKeys: ["kind", "afterMs"] }),
);
const address = fc.constantFrom(
  "bob@example.org",
  '"a  b"@example.org',
  "jörg@example.org",
  "a@xn--hxajbheg2az3al.example",
  "a@[192.0.2.1]",
  '"\u0085\u202e"@example.org',
) as fc.Arbitrary<Address>;

const recipients = fc.array(
  fc.record(
    {
      recipient: fc.record({ address, orcpt: fc.record({ type: text, address: text }) }, { requiredKeys: ["address"] }),
      failure,
      host,
      reply,
      attemptedAt: ms,
      willRetryUntil: ms,
    },
    { requiredKeys: ["recipient"] },
  ),
  { minLength: 1, maxLength: 30 },
);
const message = fc.record(
  {
    queueId: fc.constant("0123456789abcd" as QueueId),
    receivedAt: ms,
    reversePath: address,
    bodyType: fc.constant("8bitmime" as const),
    smtpUtf8: fc.boolean(),
    ret: fc.constantFrom("full" as const, "hdrs" as const),
    envid: text,
    sizeBytes: ms,
    eightBit: fc.boolean(),
    messageId: text,
  },
  { requiredKeys: ["queueId", "receivedAt", "reversePath", "bodyType", "smtpUtf8", "sizeBytes", "eightBit"] },
);
const original = fc.record({
  bytes: fc
    .tuple(text, text, fc.oneof(text, fc.uint8Array()))
    .map(([subject, other, body]) =>
      Buffer.concat([Buffer.from(`Subject: ${subject}\r\nX-Other: ${other}\r\n\r\n`), Buffer.from(body as string)]),
    ),
  whole: fc.boolean(),
});
const request: fc.Arbitrary<NoticeRequest> = fc.record({
  action: fc.constantFrom("failed", "delayed", "delivered", "relayed"),
  message,
  recipients,
  original,
  hostname: fc.constant("mail.example.net"),
  noticeId: fc.constant("0123456789abce" as QueueId),
  at: ms,
  language: fc.constantFrom("en", "de", "fr", "es", "ja"),
});

/** All that our HTML is made of: nothing runs, nothing is fetched. */
const allowedTags =
  /<!DOCTYPE html>|<\/?(?:html|head|body|title|div|h1|h2|p|ul|ol|li|table|hr|tr|th|td|blockquote|strong|bdi)(?: (?:lang|dir|style|scope)="[^"<>]*")*>|<meta (?:charset|name)="[^"<>]*"(?: content="[^"<>]*")?>/g;

test("random failures and texts never break the structure", () => {
  fc.assert(
    fc.property(request, (request) => {
      const { body, bodyType } = writeNotice(request);
      const { header, report, groups, letter } = readNotice(body); // it asserts parts, line lengths, line ends, ASCII, fields
      assert.doesNotMatch(letter.html.replaceAll(allowedTags, ""), /[<>]|&(?!(?:amp|lt|gt);)/);
      assert.equal(groups.length, request.recipients.length + 1);
      assert.ok(bodyType === "8bitmime" || !body.some((byte) => byte > 127));
      if (report.type === "message/delivery-status") assert.equal(report.encoding, "7bit");
      const names = header.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const group of groups.slice(1)) {
        assert.equal(field(group, "Action"), request.action);
        assert.ok(request.action === "delayed" || fieldValue(group, "Will-Retry-Until") === undefined);
        assert.match(field(group, "Status"), /^[245]\.\d{1,3}\.\d{1,3}$/);
        assert.equal(new Set(group.map(({ name }) => name)).size, group.length);
      }
    }),
    { numRuns: 200 },
  );
});

test("words that grow in HTML still stand in short lines", () => {
  const words = "<".repeat(500);
  const [asked] = fc.sample(request, { numRuns: 1, seed: 1 });
  const failure: Failure = { kind: "operator", text: words };
  const recipients = [{ recipient: { address: "bob@example.org" as Address }, failure }];
  const original = { bytes: Buffer.from(`Subject: ${words}\r\n\r\n`), whole: false };
  const { letter } = readNotice(
    writeNotice({ ...asked!, action: "failed", language: "en", recipients, original }).body,
  );
  assert.ok(letter.html.includes("&lt;".repeat(190)));
});

test("a cut behind a space leaves one space", () => {
  assert.equal(clean(`${"a".repeat(13)} ${"b".repeat(10)}`, 20), `${"a".repeat(13)} [...]`);
});

test("cleaned text is one line of bounded length, and cleaning again changes nothing", () => {
  fc.assert(
    fc.property(text, (text) => {
      const cleaned = clean(text, 100);
      assert.ok(cleaned.length <= 100);
      assert.ok(cleaned.isWellFormed());
      assert.doesNotMatch(cleaned, /[\p{Cc}\u2028\u2029\u202e]| {2}|^ | $/u);
      assert.equal(clean(cleaned, 100), cleaned);
      assert.match(asciiText(cleaned), /^[ -~]*$/);
    }),
  );
});

test("folding keeps every character but the spaces of cut words", () => {
  fc.assert(
    fc.property(text, text, (first, second) => {
      const values = [clean(first, 3_000), clean(second, 3_000)];
      const folded = foldField("X-Test", ...values);
      assert.equal(folded.replaceAll(/\s/g, ""), `X-Test:${values.join("")}`.replaceAll(/\s/g, ""));
      for (const line of folded.split("\r\n")) assert.ok(Buffer.byteLength(line) <= 998);
      assert.match(folded, /^[^\r\n]*\r\n(?:[ ]+[^ \r\n][^\r\n]*\r\n)*$/);
    }),
  );
});

test("short words are folded at 78 and wrapped at 72", () => {
  const words = "word ".repeat(60).trim();
  const folded = foldField("Subject", words).trimEnd().split("\r\n");
  assert.ok(folded.every((line) => line.length <= 78) && folded.length < 6);
  const wrapped = wrap(words, "  - ");
  assert.ok(wrapped.every((line) => line.length <= 72) && wrapped.length < 7);
  assert.match(wrapped[1]!, /^ {4}word/);
});
