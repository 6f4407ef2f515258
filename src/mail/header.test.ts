import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Address } from "./address.ts";
import {
  countReceived,
  fieldValue,
  formatDate,
  formatReceived,
  readHeader,
  sectionEnd,
  splitHeader,
  type StrayLines,
} from "./header.ts";
import type { QueueId } from "./message.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("reads fields up to the empty line, unfolds values, takes the first of a name", () => {
  const header = readHeader(
    bytes("Received: a\r\n\tb\r\nreceived: c\r\nSubject : hi\r\n  there\r\nSubject: two\r\n\r\nReceived: body\r\n"),
  );
  assert.deepEqual(
    header.map(({ name }) => name),
    ["Received", "received", "Subject", "Subject"],
  );
  assert.equal(fieldValue(header, "subject"), "hi there");
  assert.equal(countReceived(header), 2);
});

test("a message without a header section has no fields", () => {
  assert.deepEqual(readHeader(bytes("just a line\r\nReceived: no\r\n")), []);
  assert.deepEqual(readHeader(bytes("\r\nReceived: no\r\n")), []);
});

test("line by line, as the words of RFC 5322 §2.2 say, it is the same", () => {
  const parts = [
    "a",
    "Received",
    "received: ",
    ":",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\r\n ",
    "é",
    "Message-ID: <1>",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 20 }), (chosen) => {
      const text = chosen.join("");
      const read = readHeader(bytes(text)).map(({ name, value }) => ({ name, value }));
      assert.deepEqual(read, readLineByLine(text));
    }),
    { numRuns: 3_000 },
  );
});

const strays = "Subject : a\r\n b\r\nFrom\r\n : c\r\nno field\r\n d\r\nX:\r\n\r\nbody: d\r\n";
for (const [stray, found] of [
  ["end", [["subject", "Subject : a\r\n b\r\n", 2]]],
  [
    "skip",
    [
      ["subject", "Subject : a\r\n b\r\n", 2],
      ["x", "X:\r\n", 1],
    ],
  ],
  [
    "join", // as the most lenient reader finds them
    [
      ["subject", "Subject : a\r\n b\r\n", 2],
      ["from", "From\r\n : c\r\nno field\r\n d\r\n", 4],
      ["x", "X:\r\n", 1],
    ],
  ],
] as const satisfies [StrayLines, unknown][])
  test(`lines that are no field: ${stray}`, () => {
    const fields = splitHeader(strays, stray);
    assert.deepEqual(
      fields.map(({ name, start, end, lines }) => [name, strays.slice(start, end), lines]),
      found,
    );
    for (const { name, start, value } of fields)
      assert.match(strays.slice(start, value), new RegExp(`^${name}\\s*:$`, "i"));
  });

test("what stands at the top and is no field has no name", () => {
  const [first] = splitHeader("no field\r\nX: a\r\n", "join");
  assert.deepEqual(first, { name: "", start: 0, value: 0, end: 10, lines: 1 });
});

test("the empty line is found with CRLF and with LF", () => {
  for (const [text, end] of [
    ["a: b\r\n\r\nc", 8],
    ["a: b\n\nc", 6],
    ["\r\nc", 2],
    ["a: b\r\nc", undefined],
  ] as const)
    assert.equal(sectionEnd(Buffer.from(text)), end, JSON.stringify(text));
});

function readLineByLine(text: string): { name: string; value: string }[] {
  const fields: { name: string; value: string }[] = [];
  for (const line of text.split("\r\n\r\n")[0]!.split(/\r?\n/)) {
    const last = fields.at(-1);
    const [, name, value = ""] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (last !== undefined && /^[ \t]/.test(line)) last.value = `${last.value} ${line.trim()}`;
    else if (name !== undefined) fields.push({ name, value: value.trim() });
    else break;
  }
  return fields;
}

test("dates are RFC 5322's, two-digit days included, whatever was asked before", () => {
  const at = Date.UTC(2026, 10, 2, 3, 4, 5);
  for (const [ms, seconds] of [
    [0, "05"],
    [999, "05"],
    [1_000, "06"],
    [-1, "04"],
    [0, "05"],
  ] as const)
    assert.equal(formatDate(at + ms), `Mon, 02 Nov 2026 03:04:${seconds} +0000`);
});

const arrival = {
  client: { address: "192.0.2.7", port: 1, protocol: "ESMTP", helloName: "client.example" },
  hostname: "mx.example.org",
  queueId: "0123456789abcd" as QueueId,
  at: 0,
  smtpUtf8: false,
  recipients: [{ address: "ann@example.org" as Address }],
} as const;

test("Received tells from whom, to whom, how and when", () => {
  assert.equal(
    formatReceived(arrival),
    "Received: from client.example ([192.0.2.7])\r\n\tby mx.example.org with ESMTP id 0123456789abcd\r\n\tfor <ann@example.org>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n",
  );
});

test("Received does not reveal one of several recipients, and marks TLS and UTF-8", () => {
  const several = { ...arrival, recipients: [...arrival.recipients, ...arrival.recipients] };
  assert.doesNotMatch(formatReceived(several), /for </);
  const tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
  assert.match(
    formatReceived({ ...arrival, smtpUtf8: true, client: { ...arrival.client, tls } }),
    /\(TLSv1\.3 TLS_AES_256_GCM_SHA384\)\r\n\twith UTF8SMTPS id/,
  );
});

test("Received tells of a login, and of TLS before it", () => {
  const tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
  for (const [client, smtpUtf8, word] of [
    [{ account: "ann" }, false, "ESMTPA"],
    [{ account: "ann", tls }, false, "ESMTPSA"],
    [{ account: "ann", tls }, true, "UTF8SMTPSA"],
    [{ tls }, false, "ESMTPS"],
    [{ account: "ann", protocol: "SMTP" }, false, "SMTP"], // RFC 3848 §3 has no word for it
  ] as const) {
    const line = formatReceived({ ...arrival, smtpUtf8, client: { ...arrival.client, ...client } });
    assert.ok(line.includes(` with ${word}\r\n`) || line.includes(`with ${word} id`), `${word}: ${line}`);
    assert.ok(!line.includes("ann "), "without the account's name");
  }
});

test("a hostile EHLO name cannot add a line or close the comment", () => {
  const line = formatReceived({ ...arrival, client: { ...arrival.client, helloName: "x)\r\nBcc: y" } });
  assert.match(line, /^Received: from x\?\?\?Bcc:\?y \(\[/);
  assert.match(
    formatReceived({ ...arrival, client: { ...arrival.client, helloName: "a;<b>" } }),
    /^Received: from a\?\?b\? /,
  );
});
