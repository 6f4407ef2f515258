import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { readHeader } from "../../mail/header.ts";
import { replyText } from "../../mail/reply.ts";
import type { Check, Facts, Finding, Phase } from "../check.ts";
import { senders } from "./senders.ts";
import { singleFields } from "./single-fields.ts";

const rights: Readonly<Record<string, readonly string[]>> = {
  "ann@example.org": ["ann@example.org", "*@sales.example.org"],
  app: ["*"],
  mute: [],
};
const checks: readonly Check[] = [
  ...senders({
    rightsOf: (account) => (rights[account] === undefined ? undefined : { maySendAs: rights[account] }),
    separatorOf: (domain) => (domain === "example.org" ? "+" : ""),
  }),
  singleFields,
];

const client: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" };

/** The first that says anything: its code and words; "" if none does. */
function judged(phase: Phase, facts: Omit<Facts, "client" | "trusted">, account: string | undefined): string {
  const known = { ...facts, client: { ...client, ...(account && { account }) }, trusted: true };
  const due = checks.filter((check) => check.phase === phase);
  const findings = due.map((check) => check.judge(known) as Finding);
  const no = findings.find(({ kind }) => kind !== "nothing");
  return no?.kind === "refuse" ? replyText(no.reply) : (no?.kind ?? "");
}

const mail = (reversePath: string, account: string | undefined = "ann@example.org"): string =>
  judged("mail", { reversePath: reversePath as Address }, account);

const content = (header: string, account: string | undefined = "ann@example.org"): string =>
  judged(
    "content",
    {
      content: {
        sizeBytes: 1,
        hops: 0,
        header: readHeader(Buffer.from(`${header}\r\n\r\n`)),
        recipients: [],
        identity: { kind: "account", name: account },
      },
    },
    account,
  );

test("MAIL FROM", () => {
  const allowed = ["ann@example.org", "ANN@example.org", "ann+news@example.org", "any@sales.example.org", ""];
  for (const path of allowed) assert.equal(mail(path), "", path);
  const denied = [
    "ben@example.org",
    "ann+@example.com",
    "annx@example.org",
    "any+x@b.sales.example.org",
    "+ann@example.org",
  ];
  for (const path of denied)
    assert.match(mail(path), /^550 5\.7\.1 you are logged in as ann@example\.org, which/, path);
  assert.equal(
    mail("ben@example.org"),
    "550 5.7.1 you are logged in as ann@example.org, which may not send as ben@example.org; change the From address in your mail app to ann@example.org, or ask the administrator of this server to allow it",
  );
  assert.equal(mail("anyone@anywhere.example", "app"), "");
  assert.match(
    mail("bü@x.example", "mute"),
    /may not send as b\?@x\.example; change the From address in your mail app, or ask/,
  );
  assert.match(
    mail("ann@example.org", "gone@example.org"),
    /^550 5\.7\.1 the account gone@example\.org is no longer there/,
  );
  assert.equal(judged("mail", { reversePath: "x@y.example" as Address }, undefined), "", "who is not logged in");
});

test("From and Sender", () => {
  const cases: [header: string, said: RegExp][] = [
    ["From: Ann <ann@example.org>", /^$/],
    ["From: Ann <ann+x@example.org>, b@sales.example.org\r\nSender: ann@example.org", /^$/],
    ["Subject: no From at all", /^$/],
    ["From: The Boss <boss@example.org>", /^550 5\.7\.1 .* may not send as boss@example\.org/],
    ["FROM : boss@example.org", /^550 5\.7\.1/],
    ["From: ann@example.org, boss@example.org\r\nSender: ann@example.org", /^550 5\.7\.1 .*boss@/],
    ["From: ann@example.org\r\nSender: boss@example.org", /^550 5\.7\.1 .*boss@/],
    ["From: ann@example.org\r\nFrom: boss@example.org", /^550 5\.7\.1 .*boss@/],
    ["From: ann@example.org\r\nfrom: ann@example.org", /^554 5\.6\.0 this message has several From fields/],
    ["From: ann@example.org, b@sales.example.org", /^554 5\.6\.0 .*several authors and no Sender/],
    [
      "From: ann@example.org <boss@example.org",
      /^554 5\.6\.0 the From field .* cannot be read|no address that can be read/,
    ],
    ["From:", /^554 5\.6\.0 the From field of this message has no address that can be read; write it as: Ann/],
    ["From: a@sales.example.org\r\nSubject: a\r\nSUBJECT: b", /^554 5\.6\.0 this message has several Subject fields/],
    ["From: a@sales.example.org\r\nTo: a@b.example\r\nTo: c@d.example", /^$/],
  ];
  for (const [header, said] of cases) assert.match(content(header), said, header);
  assert.equal(content("From: anyone@anywhere.example", "app"), "");
});
