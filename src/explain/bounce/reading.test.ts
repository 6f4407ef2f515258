// The steps of reading a bounce, each on the mail that is hard for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findAddresses, readTypedAddress } from "./addresses.ts";
import { decodeText } from "./charsets.ts";
import { decodeBase64, decodeQuotedPrintable } from "./encodings.ts";
import { decodeWords, parameter, readHeader } from "./header.ts";
import { htmlText } from "./html-text.ts";
import { type Part, readMessage, textOf } from "./mime.ts";
import { messagesOf, octetsOf, readLimits, readOctets } from "./octets.ts";
import { hostIn, stageIn, statusIn, withoutRepeatedCodes } from "./reply-text.ts";
import { reportLines } from "./report-lines.ts";
import { readStatusPart } from "./status-part.ts";
import { whyOf } from "./why.ts";
import { isTelling, labelKind, readDivider } from "./words.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("of a huge message the head and the tail are read", () => {
  const size = readLimits.headBytes + readLimits.tailBytes + 5_000_000;
  const message = new Uint8Array(size).fill(0x61);
  message.set(bytes("From: a\r\n"), 0);
  message.set(bytes("the end"), size - 7);
  const octets = readOctets(message);
  assert.equal(octets.length, readLimits.headBytes + readLimits.tailBytes + 1 - 1); // CRLF is one, the seam is one more
  assert.ok(octets.startsWith("From: a\na") && octets.endsWith("the end"));
});

test("line ends of any kind are line ends", () => {
  for (const end of ["\n", "\r", "\r\n", "\r\r\n"])
    assert.equal(readOctets(bytes(`a${end}é${end}`)), "a\n\u00c3\u00a9\n", end);
});

test("a mailbox file has several messages", () => {
  const one = "From x@example.org Mon May  6 10:00:00 2024\nSubject: 1\n\nFrom here on";
  assert.deepEqual(messagesOf(`${one}\n\n${one}`), [`${one}\n\n`, one]);
  assert.equal(messagesOf(`Subject: 1\n\n${one}`).length, 1);
});

test("text is read in its charset, or in the one that it is in", () => {
  const octets = (...codes: number[]): string => String.fromCharCode(...codes);
  const cases: readonly (readonly [string, string, string])[] = [
    [octetsOf(bytes("größer")), "us-ascii", "größer"],
    [octetsOf(bytes("größer")), "iso-8859-1", "größer"],
    [octets(0x67, 0x72, 0xf6, 0xdf, 0x65, 0x72), "utf-8", "gr\ufffd\ufffder"],
    [octets(0x67, 0x72, 0xf6, 0xdf, 0x65, 0x72), "", "größer"],
    [octets(0x67, 0x72, 0xf6, 0xdf, 0x65, 0x72), "x-no-such", "größer"],
    [octets(0x1b, 0x24, 0x42, 0x24, 0x33, 0x1b, 0x28, 0x42), "us-ascii", "こ"],
    [octets(0xa4, 0xb3, 0xa4, 0xce), "ISO-2022-JP", "この"],
    [octets(0x82, 0xb1, 0x82, 0xcc), "", "この"],
    [octets(0xef, 0xdb, 0xc9, 0xc2, 0xcb, 0xc1), "koi8-r", "Ошибка"],
    [octets(0xce, 0xf8, 0xe8, 0xe1, 0xea, 0xe0), "windows-1251", "Ошибка"],
  ];
  for (const [text, label, expected] of cases) assert.equal(decodeText(text, label), expected, `${label}: ${expected}`);
});

test("transfer encodings are undone as far as they go", () => {
  assert.equal(decodeQuotedPrintable("a=3Db=\nc= \nd=E4=zz"), "a=bcd\u00e4=zz");
  assert.equal(decodeBase64("YWJj\nZGVm"), "abcdef");
  assert.equal(decodeBase64("YWJj\nZG"), "abcd");
  assert.equal(decodeBase64("YWJj\n-- \nA footer!"), "abc\n-- \nA footer!");
});

test("header fields are read, folded, encoded or broken off", () => {
  const { header, bodyAt } = readHeader(
    "\n\n>From x Mon\nSubject: =?utf-8?Q?Gr=C3?=\n =?utf-8?Q?=BC=C3=9Fe?= an\nX: 1\nno field\n\nbody",
  );
  assert.equal(header.text("subject"), "Grüße an");
  assert.equal(header.get("x"), "1");
  assert.equal(bodyAt, "\n\n>From x Mon\nSubject: =?utf-8?Q?Gr=C3?=\n =?utf-8?Q?=BC=C3=9Fe?= an\nX: 1\n".length);
  assert.equal(decodeWords("=?iso-2022-jp?B?GyRCJDMbKEI=?= and =?x?Z?no?="), "こ and =?x?Z?no?=");
  assert.equal(parameter('text/plain; x-charset=no;\n charset = "UTF-8"', "charset"), "UTF-8");
});

const outline = ({ type, parts }: Part): unknown => (parts.length === 0 ? type : [type, ...parts.map(outline)]);

test("parts are found where boundaries are wrong, cut off or unsaid", () => {
  const body = "--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n";
  const cases: readonly (readonly [string, unknown])[] = [
    [
      `Content-Type: multipart/report; boundary=b\n\n${body}`,
      ["multipart/report", "text/plain", "message/delivery-status"],
    ],
    [
      `Content-Type: multipart/report; boundary=c\n\n${body}`,
      ["multipart/report", "text/plain", "message/delivery-status"],
    ],
    [`Content-Type: multipart/report\n\n${body}`, ["multipart/report", "text/plain", "message/delivery-status"]],
    [`Subject: no type\n\n${body}`, ["multipart/mixed", "text/plain", "message/delivery-status"]],
    [`Content-Type: multipart/mixed; boundary=b\n\n--bb\n\n--b--\nrest`, ["multipart/mixed", "text/plain"]],
    ["Content-Type: text/plain\n\nann@example.org failed\n\n--b\nContent-Type: text/html\n\nx", "text/plain"],
  ];
  for (const [message, expected] of cases) assert.deepEqual(outline(readMessage(message)), expected, message);
});

test("parts in parts end somewhere", () => {
  const nested = Array.from(
    { length: 50 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
  ).join("");
  const depthOf = ({ parts }: Part): number => 1 + Math.max(0, ...parts.map(depthOf));
  assert.ok(depthOf(readMessage(`${nested}\nx`)) <= 10);
  const many = `Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\nx\n".repeat(5_000)}`;
  assert.ok(readMessage(many).parts.length <= 100);
});

test("HTML is read as its words", () => {
  const html =
    "<html><style>p{x:y}</style><p>Not <b>delivered</b> to<br>&lt;ann@example.org&gt;&nbsp;<ann@example.org><td>caf&eacute;&#33;";
  assert.equal(htmlText(html), "Not delivered to\n<ann@example.org> <ann@example.org> café!");
  assert.equal(textOf(readMessage("Content-Type: text/plain\n\n<html><body>a<p>b")), "a\nb");
});

test("addresses are found whatever stands around them", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["<ann@example.org>: no", ["ann@example.org"]],
    ["[SMTP:ann@example.org] 'bob@example.com'.", ["ann@example.org", "bob@example.com"]],
    ['"ann b"@example.org', ['"ann b"@example.org']],
    ["宛先ann@example.orgは jörg@bücher.example、", ["ann@example.org", "jörg@bücher.example"]],
    ["ann@[192.0.2.1] @example.org ann@ a@b@c.example", ["ann@[192.0.2.1]", "a@b"]],
    ["cannot open /var/mail/ann@example.org", ["ann@example.org"]],
    ["mailto:ann+tag=x@example.org?subject=a", ["ann+tag=x@example.org"]],
  ];
  for (const [line, expected] of cases)
    assert.deepEqual(
      findAddresses(line)
        .map(({ address }) => address)
        .slice(0, expected.length),
      expected,
      line,
    );
  assert.equal(readTypedAddress("rfc822; <ann@example.org>"), "ann@example.org");
  assert.equal(readTypedAddress("utf-8; j\\x{F6}rg@example.org"), "jörg@example.org");
  assert.equal(readTypedAddress("rfc822;ann+40example.org"), "ann@example.org");
  assert.equal(readTypedAddress("rfc822; |/usr/bin/filter --all"), "");
});

test("what a line says of the reply that it quotes", () => {
  assert.equal(statusIn("550 5.0.0 oh (#5.1.1)"), "5.1.1");
  assert.equal(statusIn("host 5.6.7.8 and 15.1.1"), undefined);
  assert.equal(stageIn("SMTP error after RCPT TO:<a@b.example>"), "rcpt");
  assert.equal(stageIn("(in reply to end of DATA command)"), "data");
  assert.equal(stageIn("we take no mail from you"), undefined);
  assert.equal(hostIn("host mx.example.org [192.0.2.1]: 550 no"), "mx.example.org");
  assert.equal(hostIn("192.0.2.1 does not like recipient."), "192.0.2.1");
  assert.equal(withoutRepeatedCodes("550-5.7.1 one\n550-5.7.1 two\n550 5.7.1 three"), "550 5.7.1 one two three");
  assert.equal(withoutRepeatedCodes("550-one 550-two 550 three"), "550 one two three");
});

test("why a recipient failed is said by the refusal, not by what stands around it", () => {
  const cases: readonly (readonly [string, object])[] = [
    [
      "host mx.example.org[192.0.2.1] said: 550 5.1.1 No such\n    user (in reply to RCPT TO command)",
      { text: "550 5.1.1 No such user", code: 550, status: "5.1.1", stage: "rcpt", host: "mx.example.org" },
    ],
    [
      "... while talking to mx.example.org.:\n>>> DATA\n<<< 550-5.7.1 Blocked\n<<< 550 5.7.1 for spam\n554 5.0.0 Service unavailable",
      { text: "550 5.7.1 Blocked for spam", stage: "data", host: "mx.example.org" },
    ],
    [
      "<<< 421 busy\n... while talking to mx2.example.org.:\n>>> RCPT To:<a@b.example>\n<<< 550 unknown user",
      { code: 550 },
    ],
    ["Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 553 no", { code: 553 }],
    [
      "(reason: 550 Mailbox (ann) is closed)\n(expanded from: <x@example.org>)",
      { text: "550 Mailbox (ann) is closed" },
    ],
    [
      "Sorry, no mailbox here by that name. (#5.1.1)",
      { text: "Sorry, no mailbox here by that name. (#5.1.1)", status: "5.1.1" },
    ],
    ["Reason: mailbox is full", { text: "mailbox is full" }],
    [
      "Error Type: SMTP\nError Description: No server\n  was found.\nAdditional information: Sorry.",
      { text: "No server was found." },
    ],
    [
      "host mx.example.org [192.0.2.1]\nDelay reason: Timeout after 421 seconds: 550 is no reply",
      { text: "Timeout after 421 seconds: 550 is no reply" },
    ],
    [
      'Command died with status 75:\n"/bin/filter". Command output: 550 no',
      { text: 'Command died with status 75: "/bin/filter". Command output: 550 no' },
    ],
  ];
  for (const [block, expected] of cases) assert.partialDeepStrictEqual(whyOf(block.split("\n")), expected, block);
  assert.equal(whyOf(["", "This is a permanent error; I've given up.", "550"])?.text, "550");
  assert.equal(whyOf(["", "-----"]), undefined);
});

test("words that say nothing are known", () => {
  for (const text of ["550 5.0.0 Service unavailable", "smtp; 550", "<ann@example.org>", "255"])
    assert.equal(isTelling(text), false, text);
  for (const text of ["550 full mailbox", "宛先不明です", "User unknown"]) assert.equal(isTelling(text), true, text);
  assert.equal(labelKind("Failed address"), "recipient");
  assert.equal(labelKind("From"), "other");
  assert.equal(labelKind("Weather"), undefined);
});

test("the message that comes back is cut off", () => {
  for (const line of [
    "--- Below this line is a copy of the message.",
    "   ----- Original message -----",
    "Original message headers:",
    "-------- 元のメール --------",
  ])
    assert.ok(readDivider(line).isDivider, line);
  for (const line of [
    "Original message size: 12",
    "The original message was received at noon",
    "said: 550 not accepted -- sorry",
  ])
    assert.ok(!readDivider(line).isDivider, line);
  const cut = reportLines("It failed.\n--- Below this line is a copy of the message.\nHello ann@example.org");
  assert.deepEqual([cut.lines, cut.returned], [["It failed."], "Hello ann@example.org"]);
  const { lines, returned } = reportLines("It failed.\n\nReceived: from a\nFrom: b\nSubject: c\n\nHello");
  assert.deepEqual(lines, ["It failed.", ""]);
  assert.ok(returned.startsWith("Received:"));
});

test("a delivery status is read with its mistakes", () => {
  const { groups, reportedBy, envelopeId } = readStatusPart(
    [
      "Reporting-MTA: dns; mx.example.net",
      "Original-Envelope-Id: 12",
      "",
      "Action: failed (really)",
      "Status: 5.1.1 (no such user)",
      "",
      "Final-Recipient: rfc822;ann@example.org",
      "Final-Recipient: bob@example.com",
      "Original-Recipient: rfc822;robert@example.com",
      "Status: 5.0.0",
      "Diagnostic-Code: X-Unix; 67",
      "Diagnostic-Code: smtp; 550-5.2.1 This mailbox",
      "550 5.2.1 is closed",
      "Action: expired",
    ].join("\n"),
  );
  assert.equal(reportedBy, "mx.example.net");
  assert.equal(envelopeId, "12");
  assert.deepEqual(groups, [
    { address: "ann@example.org", action: "failed", status: "5.1.1", diagnostic: "no such user" },
    {
      address: "bob@example.com",
      originalAddress: "robert@example.com",
      action: "failed",
      status: "5.0.0",
      diagnostic: "550 5.2.1 This mailbox is closed",
      diagnosticType: "smtp",
    },
  ]);
});
