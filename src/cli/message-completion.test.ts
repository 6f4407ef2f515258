import assert from "node:assert/strict";
import { test } from "node:test";
import { completeMessage } from "./message-completion.ts";

const submitter = { author: "ann@here.example", at: Date.UTC(2026, 2, 1, 12), messageId: "<m1@here.example>" };
const complete = (raw: string, change = {}) => {
  const { content, ...rest } = completeMessage(Buffer.from(raw), { ...submitter, ...change });
  return { text: content.toString(), ...rest };
};

const added = [
  "From: ann@here.example\r\n",
  "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n",
  "Message-ID: <m1@here.example>\r\n",
].join("");
const all = "From: bob@x.example\r\nDate: Sun, 01 Mar 2026 11:00:00 +0000\r\nMessage-ID: <m0@x.example>\r\n";

test("what is missing is added, what is there stays", () => {
  assert.equal(complete("Subject: hi\n\nbody\n").text, `Subject: hi\r\n${added}\r\nbody\n`);
  assert.equal(complete(`${all}\r\nbody\r\n`).text, `${all}\r\nbody\r\n`);
  assert.equal(complete(all.toUpperCase().replaceAll("\r", "")).text, `${all.toUpperCase()}\r\n`);
});

test("a text without a header is a body, nothing is lost", () => {
  assert.equal(complete("just words: \n").text, `${added}\r\njust words: \n`);
  assert.equal(complete(" indented\n").text, `${added}\r\n indented\n`);
  assert.equal(complete("\n\nbody").text, `${added}\r\n\nbody`);
  assert.equal(complete("").text, `${added}\r\n`);
  assert.equal(complete("Subject: hi\nbody at once\n").text, `Subject: hi\r\n${added}\r\nbody at once\n`);
});

test("the separator line of mbox files is left out", () => {
  assert.equal(complete(`From ann Sun Mar  1 12:00:00 2026\n${all}\nx`).text, `${all}\r\nx`);
});

test("Bcc goes, folded or not, and its recipients are told", () => {
  const { text, recipients } = complete(
    `${all}To: Bob <bob@x.example>, "Doe, C." <carol@x.example>\nBCC: dave@x.example,\n\teve@x.example\nCc: Team: f@x.example, root;\nSubject: s\n\nBcc: body`,
  );
  assert.doesNotMatch(text.split("\r\n\r\n")[0]!, /bcc|dave|eve/i);
  assert.match(text, /Subject: s\r\n\r\nBcc: body$/);
  assert.deepEqual(recipients, [
    "bob@x.example",
    "carol@x.example",
    "dave@x.example",
    "eve@x.example",
    "f@x.example",
    "root",
  ]);
});

test("Resent fields name the recipients of this sending", () => {
  const { recipients, text } = complete(
    "To: bob@x.example\nResent-To: carol@x.example\nResent-Bcc: dave@x.example\n\nx",
  );
  assert.deepEqual(recipients, ["carol@x.example", "dave@x.example"]);
  assert.doesNotMatch(text, /dave/);
});

test("a full name stands in From as RFC 5322 wants it", () => {
  const from = (fullName: string) => /^From: .*$/m.exec(complete("\n", { fullName }).text)?.[0];
  assert.equal(from("Ann Example"), "From: Ann Example <ann@here.example>");
  assert.equal(from('Ann "A." Example'), String.raw`From: "Ann \"A.\" Example" <ann@here.example>`);
  assert.equal(from("Jürgen"), "From: =?utf-8?B?SsO8cmdlbg==?= <ann@here.example>");
  assert.equal(from("Ann\nBcc: eve@x.example"), 'From: "Ann Bcc: eve@x.example" <ann@here.example>');
});

test("a header in UTF-8 asks for SMTPUTF8; other bytes pass as they are", () => {
  assert.equal(complete("Subject: Grüße\n\n").needsSmtpUtf8, true);
  assert.equal(complete("Subject: hi\n\nGrüße").needsSmtpUtf8, false);
  const raw = Buffer.from("Subject: Gr\u00fc\u00dfe\n\n\u00e9", "latin1");
  const { content, needsSmtpUtf8 } = completeMessage(raw, submitter);
  assert.equal(needsSmtpUtf8, false);
  assert.match(content.toString("latin1"), /^Subject: Gr\u00fc\u00dfe\r\n.*\u00e9$/s);
});
