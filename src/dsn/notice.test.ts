// Goldens: test/golden/dsn/NAME.json is the request, NAME.eml what is written. After a wanted change of the text:
// UPDATE=1 node --test src/dsn/notice.test.ts
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import PostalMime from "postal-mime";
import { field, parseRequest, readNotice } from "../../test/golden/dsn/read-notice.ts";
import type { Address } from "../mail/address.ts";
import { fieldValue } from "../mail/header.ts";
import { type NoticeRequest, writeNotice } from "./notice.ts";

const folder = join(import.meta.dirname, "../../test/golden/dsn");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length));
const update = process.env["UPDATE"] === "1" || process.argv.includes("--update");

const request = (name: string): NoticeRequest => parseRequest(readFileSync(join(folder, `${name}.json`), "utf8"));
const notice = (name: string) => readNotice(writeNotice(request(name)).body);
const lastOf = <T>(items: readonly T[]): T => items.at(-1)!;

for (const name of names) {
  test(`golden ${name}`, () => {
    const { body } = writeNotice(request(name));
    const file = join(folder, `${name}.eml`);
    if (update) writeFileSync(file, body);
    assert.equal(Buffer.from(body).toString(), readFileSync(file, "utf8"), `rewrite with UPDATE=1 if this is wanted`);
  });

  test(`${name} is well formed`, async () => {
    const asked = request(name);
    const { body, bodyType, smtpUtf8, messageId } = writeNotice(asked);
    const { header, parts, groups } = readNotice(body);
    assert.equal(parts.length, 3);
    assert.equal(bodyType, body.some((byte) => byte > 127) ? "8bitmime" : "7bit");
    assert.equal(
      smtpUtf8,
      header.some(({ value }) => /[^\p{ASCII}]/u.test(value)),
    );
    assert.equal(field(header, "Message-ID"), messageId);
    assert.equal(field(header, "To"), `<${asked.message.reversePath}>`);
    assert.equal(field(header, "Auto-Submitted"), "auto-replied");
    assert.equal(groups.length, asked.recipients.length + 1);
    for (const required of ["Reporting-MTA", "Arrival-Date"]) field(groups[0]!, required);
    for (const group of groups.slice(1)) {
      for (const required of ["Final-Recipient", "Action", "Status"]) field(group, required);
    }
    const read = await PostalMime.parse(body, { rfc822Attachments: true });
    assert.equal(read.from?.address, "MAILER-DAEMON@mail.example.net");
    assert.match(read.text ?? "", /^Your message /);
    assert.deepEqual(
      read.attachments.map(({ mimeType }) => mimeType),
      parts.slice(1).map(({ type }) => type),
    );
  });

  test(`${name} begins in plain words`, () => {
    const [opening = "", whom = "", why = ""] = notice(name).parts[0]!.text.split("\r\n\r\n");
    assert.match(opening, /^Your message (?:could not be|was) /);
    assert.doesNotMatch(opening, /\d/);
    assert.match(whom, /@/);
    assert.doesNotMatch(`${opening} ${why}`, /\b[245]\d\d\b|SMTP|DNS|\bMX\b|RCPT/);
  });
}

test("the report of a refusal has the reply, the host and the times", () => {
  const [message, recipient] = notice("failed-unknown-user").groups;
  assert.equal(field(message!, "Original-Envelope-Id"), "QQ314159");
  assert.deepEqual(Object.fromEntries(recipient!.map(({ name, value }) => [name, value])), {
    "Original-Recipient": "rfc822;Bob@Example.org",
    "Final-Recipient": "rfc822;bob@example.org",
    Action: "failed",
    Status: "5.1.1",
    "Remote-MTA": "dns; mx.example.org",
    "Diagnostic-Code":
      "smtp; 550-5.1.1 <bob@example.org>: Recipient address rejected: 550 5.1.1 User unknown in virtual mailbox table",
    "Last-Attempt-Date": "Sun, 22 Nov 2026 09:00:04 +0000",
  });
});

test("it answers the original, and says which message it was", () => {
  const { header, parts } = notice("failed-unknown-user");
  assert.equal(field(header, "Subject"), "Not delivered: Lunch on Friday");
  assert.equal(field(header, "In-Reply-To"), "<lunch-1@example.net>");
  assert.equal(field(header, "References"), "<lunch-1@example.net>");
  assert.match(parts[0]!.text, /Subject: Lunch on Friday\r\n +Sent: +Sun, 22 Nov 2026 10:00:00 \+0100/);
  assert.ok(
    parts[0]!.text.trimEnd().endsWith("User\r\n    unknown in virtual mailbox table"),
    "the other's words are last",
  );
});

test("recipients with one cause stand together", () => {
  const { parts } = notice("failed-several-causes");
  assert.match(parts[0]!.text, /bob@example\.org\r\n +carol@example\.org\r\n\r\nThere is no mailbox/);
  assert.equal(parts[0]!.text.match(/What you can do:/g)?.length, 4);
});

test("a delay says until when, and that nothing is to be done", () => {
  const { groups, parts } = notice("delayed");
  assert.match(
    parts[0]!.text.replaceAll("\r\n", " "),
    /do not need to do anything: we keep trying until Friday 27 November 2026, 09:00 UTC/,
  );
  assert.equal(field(groups[1]!, "Will-Retry-Until"), "Fri, 27 Nov 2026 09:00:00 +0000");
  assert.equal(field(groups[1]!, "Status"), "4.4.1");
  assert.match(field(groups[1]!, "Diagnostic-Code"), /^x-waybill; mx\.example\.org \[192\.0\.2\.1\], connect, timeout/);
});

test("the path of a socket is nobody's MTA name, an address is one in brackets", () => {
  assert.equal(fieldValue(notice("delivered").groups[1]!, "Remote-MTA"), undefined);
  assert.equal(field(notice("failed-several-causes").groups[3]!, "Remote-MTA"), "dns; [192.0.2.9]");
});

test("an international report speaks UTF-8; to an ASCII world, in escapes", () => {
  const asked = request("smtputf8");
  const international = readNotice(writeNotice(asked).body);
  assert.deepEqual(
    international.parts.map(({ type }) => type),
    ["text/plain; charset=utf-8", "message/global-delivery-status", "message/global-headers"],
  );
  assert.equal(field(international.groups[1]!, "Original-Recipient"), "utf-8;βάσω@παράδειγμα.example");
  const message = { ...asked.message, smtpUtf8: false, reversePath: "ann@example.net" } as NoticeRequest["message"];
  const ascii = readNotice(writeNotice({ ...asked, message }).body);
  assert.equal(ascii.parts[1]!.type, "message/delivery-status");
  assert.equal(
    field(ascii.groups[1]!, "Final-Recipient"),
    String.raw`utf-8;\x{3B2}\x{3AC}\x{3C3}\x{3C9}@xn--hxajbheg2az3al.example`,
  );
});

test("the message comes back whole only if asked for, after a failure, and if its lines can stand in a report", () => {
  const asked = request("returned-whole");
  const third = (change: Partial<NoticeRequest>) => lastOf(readNotice(writeNotice({ ...asked, ...change }).body).parts);
  assert.equal(third({}).type, "message/rfc822");
  assert.equal(third({}).encoding, "8bit");
  assert.equal(third({}).text, Buffer.from(asked.original.bytes).toString());
  const headerOnly = [
    third({ action: "delivered" }),
    third({ message: { ...asked.message, ret: "hdrs" } }),
    third({ original: { ...asked.original, whole: false } }),
    ...["a\nb", "a\rb", "a\0b", "a".repeat(999)].map((body) =>
      third({ original: { bytes: Buffer.from(`Subject: x\r\n\r\n${body}\r\n`), whole: true } }),
    ),
  ];
  assert.deepEqual(
    headerOnly.map(({ type }) => type),
    headerOnly.map(() => "text/rfc822-headers"),
  );
  assert.equal(headerOnly[3]!.text, "Subject: x\r\n");
});

test("lines of 998 octets can stand in a report wherever they are, one more cannot", () => {
  const asked = request("returned-whole");
  const typeOf = (body: string) => {
    const original = { bytes: Buffer.from(`Subject: x\r\n\r\n${body}\r\n`), whole: true };
    return lastOf(readNotice(writeNotice({ ...asked, original }).body).parts).type;
  };
  const [fits, tooLong] = ["a".repeat(998), "a".repeat(999)];
  assert.equal(typeOf(`${fits}\r\n${fits}\r\n\r\n${fits}`), "message/rfc822");
  for (const body of [`${tooLong}\r\nb`, `b\r\n${tooLong}`, `${fits}\r\n${tooLong}\r\n${fits}`, "a".repeat(5_000)])
    assert.equal(typeOf(body), "text/rfc822-headers");
});

test("each recipient's failure is described once, whatever the number of places that need it", () => {
  const asked = request("failed-unknown-user");
  let described = 0;
  const failure = {
    kind: "unreachable",
    host: { name: "mx.example.org" },
    problem: "timeout",
    get text() {
      described += 1;
      return "no answer";
    },
  } as const;
  const recipients = ["bob", "eve", "dan"].map((name) => ({
    recipient: { address: `${name}@example.org` as Address },
    failure,
  }));
  writeNotice({ ...asked, recipients });
  assert.equal(described, recipients.length);
});

test("a boundary that occurs in the message is not used", () => {
  const { header, parts } = notice("returned-whole");
  assert.match(field(header, "Content-Type"), /boundary="=_0123456789abce\.1"/);
  assert.match(lastOf(parts).text, /^--=_0123456789abce\.0$/m);
});

test("hostile words add no field and no part, and are cut", () => {
  const { header, groups, parts } = notice("hostile-reply");
  const names = new Set([...header, ...groups.flat()].map(({ name }) => name.toLowerCase()));
  assert.ok(!names.has("bcc") && !names.has("x-evil") && !names.has("x"));
  assert.equal(groups[1]!.filter(({ name }) => name === "Action").length, 1);
  assert.equal(fieldValue(groups[1]!, "Original-Recipient"), undefined);
  assert.ok(parts[0]!.text.length < 3_000 && parts[1]!.text.length < 2_500);
  assert.ok(!parts[0]!.text.includes("\u001b") && !parts[0]!.text.includes("\u202e"));
});

test("a subject that decodes to an encoded word stays the text that it is", async () => {
  const asked = request("null-mx");
  const subject = "=?utf-8?Q?=3D=3Futf-8=3FQ=3F=3D0D=3D0ABcc=3A-x=3F=3D?=";
  const original = { bytes: Buffer.from(`Subject: ${subject}\r\n\r\n`), whole: false };
  const read = await PostalMime.parse(writeNotice({ ...asked, original }).body);
  assert.equal(read.subject, "Not delivered: =?utf-8?Q?=0D=0ABcc:-x?=");
});

test("a notice to nobody is a mistake of the caller", () => {
  const asked = request("null-mx");
  assert.throws(() => writeNotice({ ...asked, message: { ...asked.message, reversePath: "" } }), /return address/);
});
