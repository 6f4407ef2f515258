// Addresses in all scripts, to hosts that know them and to one that does not. RFC 6531, RFC 6533.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";

const content = "Subject: Grüße\r\n\r\nAlles Gute!\r\n";

test("an international address reaches a host that offers SMTPUTF8", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  await lab.send({ from: "you@home.lab SMTPUTF8 BODY=8BITMIME", to: ["jürgen@accepts.lab"], content });
  const mail = await lab.mail("jürgen@accepts.lab");
  assert.ok(mail.content.toString("utf8").endsWith(content));
  assert.match(mail.content.toString("utf8"), /^Received: .*\r\n.* with UTF8SMTP id /, "RFC 6531 §4.3");
});

test("a host that lacks SMTPUTF8: not sent crippled, but returned with the reason", async () => {
  await using lab = await startLab({ names: ["notls"] });
  await lab.send({ from: "you@home.lab SMTPUTF8 BODY=8BITMIME", to: ["jürgen@notls.lab"], content });
  const { because } = await lab.event("bounced", "jürgen@notls.lab");
  assert.ok(because.kind === "unsupported" && because.extension === "SMTPUTF8");
  const mail = await lab.mail("you@home.lab");
  const notice = openNotice(mail);
  assert.match(notice.letter, /jürgen@notls\.lab/);
  assert.match(notice.letter, /Grüße/);
  assertPlainWords(notice);
  assert.ok(notice.recipients.has("utf-8;jürgen@notls.lab"));
  await lab.assertEmpty();
});

test("without SMTPUTF8 such an address is refused at once, with the reason", async () => {
  await using lab = await startLab();
  await assert.rejects(lab.send({ from: "you@home.lab", to: ["jürgen@accepts.lab"] }), /55[03] 5\.\d\.\d+ .*SMTPUTF8/);
});
