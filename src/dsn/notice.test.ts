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
    const { header, letter, report, original, groups } = readNotice(body);
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
    assert.equal(read.text?.trim().replaceAll("\r\n", "\n"), letter.plain.trim().replaceAll("\r\n", "\n"));
    const [title = ""] = letter.plain.split("\r\n\r\n");
    assert.ok(read.html?.includes(`>${title.replaceAll("\r\n", " ")}</h1>`));
    assert.deepEqual(
      read.attachments.map(({ mimeType }) => mimeType),
      [report.type, original.type],
    );
  });

  test(`${name} begins in plain words`, () => {
    const [opening = "", whom = "", why = ""] = notice(name).letter.plain.split("\r\n\r\n");
    assert.doesNotMatch(opening, /\d/);
    assert.match(whom, /@/);
    assert.doesNotMatch(`${opening} ${why}`, /\b[245]\d\d\b|SMTP|DNS|\bMX\b|RCPT/);
  });
}

test("docs/notices.md shows the letters as they are", () => {
  const file = join(import.meta.dirname, "../../docs/notices.md");
  const page = readFileSync(file, "utf8");
  const shown = page.replaceAll(
    /(<!-- letter: ([\w-]+) -->\n)(?:```\n[^`]*```\n)?/g,
    (_, mark: string, name: string) => {
      return `${mark}\`\`\`\n${notice(name).letter.plain.replaceAll("\r\n", "\n")}\`\`\`\n`;
    },
  );
  if (update) writeFileSync(file, shown);
  assert.equal(readFileSync(file, "utf8"), shown, "rewrite with UPDATE=1 if this is wanted");
});

test("each reader is written to in a language, and told which", () => {
  const language = (change: Partial<NoticeRequest>) => {
    const { header, letter } = readNotice(writeNotice({ ...request("null-mx"), ...change }).body);
    const told = field(header, "Content-Language");
    assert.match(letter.html, new RegExp(`^<!DOCTYPE html>\r\n<html lang="${told}" dir="ltr">`));
    return told;
  };
  const saying = (...fields: string[]) => ({
    original: { bytes: Buffer.from(`${fields.join("\r\n")}\r\n\r\n`), whole: false },
  });
  assert.equal(language({}), "en");
  assert.equal(language({ language: "es" }), "es");
  assert.equal(language({ language: "es", ...saying("Content-Language: ja", "Subject: x") }), "ja");
  assert.equal(language(saying("Content-Type: text/plain; charset=Shift_JIS")), "ja");
  assert.equal(language(saying("Content-Language: tlh")), "en");
  const message = { ...request("null-mx").message, reversePath: "jo@example.at" as Address };
  assert.equal(language({ message, language: "fr" }), "de");
});

test("times stand in the zone of the message; of an odd Date field, when we got it", () => {
  const sent = (date: string) => {
    const original = { bytes: Buffer.from(`Subject: x\r\nDate: ${date}\r\n\r\n`), whole: false };
    const { plain } = readNotice(writeNotice({ ...request("null-mx"), original }).body).letter;
    return /Sent: +(.*)\r/.exec(plain)?.[1];
  };
  assert.equal(sent("Sun, 22 Nov 2026 10:00:00 +0530 (IST)"), "Sunday, 22 November 2026 at 10:00 GMT+5:30");
  assert.equal(sent("22 Nov 2026 10:00 -0000"), "Sunday, 22 November 2026 at 10:00 UTC");
  assert.equal(sent("Sun, 22 Nov 2026 10:00:00 +9999"), "Sunday, 22 November 2026 at 09:00 UTC");
  assert.equal(sent("Sun, 22 Nov 2026 10:00:00"), "Sunday, 22 November 2026 at 09:00 UTC");
  assert.equal(sent("yesterday"), "Sunday, 22 November 2026 at 09:00 UTC");
});

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
  const { header, letter } = notice("failed-unknown-user");
  assert.equal(field(header, "Subject"), "Not delivered: Lunch on Friday");
  assert.equal(field(header, "In-Reply-To"), "<lunch-1@example.net>");
  assert.equal(field(header, "References"), "<lunch-1@example.net>");
  assert.match(letter.plain, /Subject: Lunch on Friday\r\n +Sent: +Sunday, 22 November 2026 at 10:00 GMT\+1/);
  const [, details = ""] = letter.plain.split("Technical details");
  assert.match(
    details.replaceAll(/\s+/g, " "),
    /answered: 550 5\.1\.1 <bob@example\.org>: .* virtual mailbox table 550: /,
  );
});

test("recipients with one cause stand together", () => {
  const { plain, html } = notice("failed-several-causes").letter;
  assert.match(plain, /bob@example\.org\r\n +carol@example\.org\r\n\r\nWhat happened\r\nThere is no mailbox/);
  assert.equal(plain.match(/^What you can do\r$/gm)?.length, 4);
  assert.equal(html.match(/<ol /g)?.length, 4);
  assert.match(html, /<li><bdi[^>]*>bob@example\.org<\/bdi><\/li>\r\n<li><bdi[^>]*>carol@example\.org<\/bdi><\/li>/);
});

test("a delay says until when, and that nothing is to be done", () => {
  const { groups, letter } = notice("delayed");
  assert.match(
    letter.plain.replaceAll("\r\n", " "),
    /do not need to do anything\. We are still trying until Friday, 27 November 2026 at 10:00 GMT\+1/,
  );
  assert.match(letter.plain.replaceAll("\r\n", " "), /Do not send the message again: it could arrive twice\./);
  assert.doesNotMatch(letter.plain, /What you can do|Who can set it right/);
  assert.equal(field(groups[1]!, "Will-Retry-Until"), "Fri, 27 Nov 2026 09:00:00 +0000");
  assert.equal(field(groups[1]!, "Status"), "4.4.1");
  assert.match(
    field(groups[1]!, "Diagnostic-Code"),
    /^x-waybill; mx\.example\.org \[192\.0\.2\.1\] did not take the connection in time: connect ETIMEDOUT/,
  );
});

test("bad news says what it means for the other addresses; addresses with other fates stand apart", () => {
  const others = /At any other address you wrote to, the message has most likely arrived\./;
  for (const name of ["failed-unknown-user", "delayed"])
    assert.match(notice(name).letter.plain.replaceAll("\r\n", " "), others, name);
  for (const name of ["delivered", "relayed"])
    assert.doesNotMatch(notice(name).letter.plain.replaceAll("\r\n", " "), others, name);
  const { plain, html } = notice("failed-several-causes").letter;
  assert.equal(plain.match(/^-+\r$/gm)?.length, 3);
  assert.equal(html.match(/<hr /g)?.length, 3);
});

test("the path of a socket is nobody's MTA name, an address is one in brackets", () => {
  assert.equal(fieldValue(notice("delivered").groups[1]!, "Remote-MTA"), undefined);
  assert.equal(field(notice("failed-several-causes").groups[3]!, "Remote-MTA"), "dns; [192.0.2.9]");
});

test("an international report speaks UTF-8; to an ASCII world, in escapes", () => {
  const asked = request("smtputf8");
  const international = readNotice(writeNotice(asked).body);
  assert.deepEqual(
    [international.report.type, international.original.type],
    ["message/global-delivery-status", "message/global-headers"],
  );
  assert.equal(field(international.groups[1]!, "Original-Recipient"), "utf-8;βάσω@παράδειγμα.example");
  const message = { ...asked.message, smtpUtf8: false, reversePath: "ann@example.net" } as NoticeRequest["message"];
  const ascii = readNotice(writeNotice({ ...asked, message }).body);
  assert.equal(ascii.report.type, "message/delivery-status");
  assert.equal(
    field(ascii.groups[1]!, "Final-Recipient"),
    String.raw`utf-8;\x{3B2}\x{3AC}\x{3C3}\x{3C9}@xn--hxajbheg2az3al.example`,
  );
});

test("the message comes back whole only if asked for, after a failure, and if its lines can stand in a report", () => {
  const asked = request("returned-whole");
  const third = (change: Partial<NoticeRequest>) => readNotice(writeNotice({ ...asked, ...change }).body).original;
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
    return readNotice(writeNotice({ ...asked, original }).body).original.type;
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
  const { header, original } = notice("returned-whole");
  assert.match(field(header, "Content-Type"), /boundary="=_0123456789abce\.1"/);
  assert.match(original.text, /^--=_0123456789abce\.0$/m);
});

test("hostile words add no field and no part, and are cut", () => {
  const { header, groups, letter, report } = notice("hostile-reply");
  const names = new Set([...header, ...groups.flat()].map(({ name }) => name.toLowerCase()));
  assert.ok(!names.has("bcc") && !names.has("x-evil") && !names.has("x"));
  assert.equal(groups[1]!.filter(({ name }) => name === "Action").length, 1);
  assert.equal(fieldValue(groups[1]!, "Original-Recipient"), undefined);
  assert.ok(letter.plain.length < 3_000 && letter.html.length < 5_000 && report.text.length < 2_500);
  for (const text of Object.values(letter)) assert.doesNotMatch(text, /(?![\r\n])\p{Cc}|\u202e/u);
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
