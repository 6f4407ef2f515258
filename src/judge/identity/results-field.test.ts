// The fields that tell the recipient, and forged ones that are taken out. RFC 8601, RFC 7208 §9.1
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdicts } from "../../../test/support/verdicts.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { authenticationResults, receivedSpf, withoutForged } from "./results-field.ts";

const client: Client = { address: "2001:db8::7", port: 1, protocol: "ESMTP", helloName: "mx.example.org" };
const about = { client, mailFrom: "ann@bounce.example" as ReversePath };
const unfolded = (field: string): string => field.replaceAll("\r\n\t", " ").trim();

test("Authentication-Results has each result with its reason and properties", () => {
  const found = verdicts({ dmarc: "fail", policy: "reject", spf: "pass", dkim: "list.example other.example" });
  const field = authenticationResults("here.example", about, found);
  assert.deepEqual(unfolded(field).split("; "), [
    "Authentication-Results: here.example",
    'iprev=pass reason="a reason" policy.iprev="2001:db8::7"',
    'spf=pass reason="a reason" smtp.mailfrom=ann@bounce.example',
    'dkim=pass reason="a reason" header.d=list.example header.s=s1 header.a=rsa-sha256 header.b="abcd/efg"',
    'dkim=pass reason="a reason" header.d=other.example header.s=s1 header.a=rsa-sha256 header.b="abcd/efg"',
    'arc=none reason="a reason" smtp.remote-ip="2001:db8::7"',
    'dmarc=fail reason="a reason" policy.dmarc=reject header.from=example.org',
  ]);
  assert.match(field, /\r\n$/);
  assert.ok(field.split("\r\n").every((line) => line.length <= 78));
});

test("Received-SPF says what was checked, and for whom", () => {
  const { spf } = verdicts({ dmarc: "none", spf: "softfail", because: 'a (strange) "reason" \\' });
  assert.equal(
    unfolded(receivedSpf("here.example", about, spf)),
    'Received-SPF: softfail (a \\(strange\\) "reason" \\\\) client-ip="2001:db8::7"; envelope-from="ann@bounce.example"; helo=mx.example.org; identity=mailfrom; receiver=here.example',
  );
  assert.equal(receivedSpf("here.example", about, []), "");
});

test("nothing that a stranger writes gets out of its place", () => {
  const hostile = 'x"; dmarc=pass\r\nX-Evil: yes\u0000\u202e';
  const found = verdicts({ dmarc: "fail", spf: "pass", dkim: hostile.replaceAll(" ", "_"), because: hostile });
  const mailFrom = '"x\\"; dmarc=pass y"@bounce.example' as ReversePath;
  const evil = { client: { ...client, helloName: hostile }, mailFrom };
  const field = authenticationResults("here.example", evil, found) + receivedSpf("here.example", evil, found.spf);
  assert.ok(
    field.split("\r\n").every((line) => line === "" || /^(?:\t|Authentication-Results:|Received-SPF:)/.test(line)),
  );
  assert.match(field, /^[ -~\t\r\n]*$/);
  const withoutQuoted = unfolded(field).replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  assert.doesNotMatch(withoutQuoted.slice(0, withoutQuoted.indexOf("Received-SPF")), /dmarc=pass/);
});

const forged = [
  "Authentication-Results: here.example; spf=pass\r\n",
  "authentication-RESULTS:here.example 1; spf=pass\r\n",
  "Authentication-Results : (a (nested\\) comment)) HERE.Example.\r\n\t; dkim=pass\r\n",
  'Authentication-Results:\r\n "here\\.example"; dkim=pass\r\n',
  "Authentication-Results\r\n : here.example; dkim=pass\r\n",
  "Authentication-Results: here.example/1; spf=pass\r\n",
  "Authentication-Results: here\r\n .exam\r\n\tple 1; spf=pass\r\n",
  "Authentication-Results: here.example\r\n\tspf=pass\r\n",
  "Authentication-Results: here.example, spf=pass\r\n",
  "Authentication-Results: here.example\u00a0; spf=pass\r\n",
  "Authentication-Results: here.example\r\nnot a field, but read as a part of the one above\r\n",
];
const honest = [
  "Authentication-Results: mx.there.example; spf=pass\r\n",
  "Authentication-Results: sub.here.example; spf=pass\r\n",
  "Authentication-Results: here.example.there.example;\r\n\there.example/1; spf=pass\r\n",
  "Authentication-Results: (here.example) there.example; spf=pass\r\n",
  "ARC-Authentication-Results: i=1; here.example; spf=pass\r\n",
  "X-Note: Authentication-Results: here.example; spf=pass\r\n",
  "Subject: a\r\n Authentication-Results: here.example\r\n",
];
const end = "From: a@b\r\n\r\n";

test("forged results of our name are taken out, others stay", () => {
  for (const field of forged)
    for (const text of [field + end, honest[0] + field + end, end.replace("\r\n\r\n", `\r\n${field}\r\n`)])
      assert.equal(Buffer.from(withoutForged(Buffer.from(text), "here.example")).toString(), text.replace(field, ""));
  const header = Buffer.from(honest.join("") + end);
  assert.equal(withoutForged(header, "here.example"), header);
  const all = Buffer.from(forged.flatMap((field, i) => [field, honest[i]]).join("") + end);
  assert.equal(Buffer.from(withoutForged(all, "here.example")).toString(), honest.join("") + end);
});

test("taking them out takes time in proportion to their length", () => {
  for (const text of [
    "Authentication-Results: here.example\r\n".repeat(20_000),
    `Authentication-Results: ${"(".repeat(500_000)}\r\n`,
    `Authentication-Results: ${" \r\n".repeat(200_000)}here.example\r\n`,
    `${"a".repeat(500_000)}\r\nAuthentication-Results: here.example\r\n`,
  ]) {
    const before = process.cpuUsage().user;
    withoutForged(Buffer.from(text), "here.example");
    const usedMs = (process.cpuUsage().user - before) / 1_000;
    assert.ok(usedMs < 500, `${usedMs} ms`); // some 10; 100 times that if it were quadratic
  }
});
