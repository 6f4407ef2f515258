import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "./address.ts";
import { mendHeader } from "./mend-header.ts";

const facts = {
  now: Date.UTC(2026, 2, 1, 12),
  newMessageId: () => "<1@mail.example.org>",
  author: "ann@example.org" as Address,
};
const date = "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n";
const id = "Message-ID: <1@mail.example.org>\r\n";
const from = "From: ann@example.org\r\n";
const whole = `${date}Message-Id: <x@y>\r\nfrom: Ann <ann@example.org>\r\n`;

const mended = (text: string, more: Partial<Parameters<typeof mendHeader>[1]> = {}): string =>
  Buffer.from(mendHeader(Buffer.from(text), { ...facts, ...more })).toString();

test("what is whole comes back as it is", () => {
  const texts = [
    `${whole}\r\n`,
    whole,
    `${whole}Subject: a\r\n b\r\n\tc\r\nX: ü\r\n\r\n`,
    `${whole.replaceAll("\r\n", "\n")}\n`,
    `Date : 1 Jan 26 1:02 GMT (winter)\r\n${whole.replace(date, "")}\r\n`,
    `${whole}Received: from a\r\n\r\n`,
  ];
  for (const text of texts) {
    const header = Buffer.from(text);
    assert.equal(mendHeader(header, facts), header, text);
  }
  const latin1 = Buffer.concat([Buffer.from(`${whole}Subject: `), Buffer.from([0xfc, 0xff, 0x0d, 0x0a, 0x0d, 0x0a])]);
  assert.equal(mendHeader(latin1, facts), latin1);
});

test("what is missing is added, what is wrong or not for others' eyes goes, and the rest stays byte for byte", () => {
  const rest = `${whole}\r\n`;
  const cases: [name: string, before: string, after: string][] = [
    ["nothing but a subject", "Subject: hi\r\n\r\n", `${date}${id}${from}Subject: hi\r\n\r\n`],
    ["an empty header", "\r\n", `${date}${id}${from}\r\n`],
    ["nothing", "", `${date}${id}${from}`],
    ["no header, only text", "Hello Ben,\r\nhow", `${date}${id}${from}\r\nHello Ben,\r\nhow`],
    ["Bcc, in any case, over lines", `BCC : a@b,\r\n c@d\r\n${rest}`, rest],
    ["Resent-Bcc, Return-Path", `Resent-Bcc: a@b\r\nReturn-Path: <a@b>\r\n${rest}`, rest],
    ["empty fields", "Date:\r\nMessage-ID: \r\nFrom: a@b\r\n\r\n", `${date}${id}From: a@b\r\n\r\n`],
    [
      "a date in words of its own",
      `Date: 2026-03-01 12:00\r\nMessage-ID: <x@y>\r\n${from}\r\n`,
      `${date}Message-ID: <x@y>\r\n${from}\r\n`,
    ],
    ["a Message-ID that is none", `${date}Message-ID: x@y\r\n${from}\r\n`, `${id}${date}${from}\r\n`],
    ["a line from an mbox", `From ann Sun Mar  1 12:00:00 2026\r\n${rest}`, rest],
    [
      "a line that is no field, and fields behind it",
      `${whole}no field\r\nFrom: b@c\r\n\r\n`,
      `${whole}\r\nno field\r\nFrom: b@c\r\n\r\n`,
    ],
    ["a line that goes on with nothing", ` x\r\n${rest}`, `${date}${id}${from}\r\n x\r\n${rest}`],
  ];
  for (const [name, before, after] of cases) {
    assert.equal(mended(before), after, name);
    assert.equal(mended(after), after, `${name}, once more`);
  }
});

test("an author is needed only where there is none, and may be international", () => {
  assert.equal(mended(`${date}${id}\r\n`, { author: undefined }), `${date}${id}\r\n`);
  const author = "änn@example.org" as Address;
  assert.equal(mended(`${date}${id}\r\n`, { author }), `From: ${author}\r\n${date}${id}\r\n`);
});

test("what a signature covers stays as it is, be it there or not", () => {
  const signature = (names: string): string => `DKIM-Signature: v=1; a=rsa-sha256; d=x;\r\n\th=${names}; b=abc\r\n`;
  const bad = "Date: x\r\nBcc: a@b\r\n\r\n";
  const cases: [string, string][] = [
    [signature("From:Date : bcc:\r\n\tMESSAGE-ID"), `${signature("From:Date : bcc:\r\n\tMESSAGE-ID")}${bad}`],
    [signature("from:date"), `${id}${signature("from:date")}Date: x\r\n\r\n`],
    [signature("bcc"), `${date}${id}${from}${signature("bcc")}Bcc: a@b\r\n\r\n`],
    [`${signature("from")}${signature("date")}`, `${id}${signature("from")}${signature("date")}Date: x\r\n\r\n`],
    ["DKIM-Signature: bh=date; hh=date\r\n", `${date}${id}${from}DKIM-Signature: bh=date; hh=date\r\n\r\n`],
  ];
  for (const [signatures, after] of cases) assert.equal(mended(`${signatures}${bad}`), after);
});

test("a long header costs little", () => {
  const long = `${whole}X:${"\r\n x".repeat(200_000)}\r\n${"Y: z\r\n".repeat(50_000)}\r\n`;
  const header = Buffer.from(long);
  assert.equal(mendHeader(header, facts), header);
});
