// Mail accounts in a lab, each broken in one way: the doctor finds it, says who can fix it and what to change, and its verdict
// is one that a person can act on; a healthy one is in order. docs/checks.md has the table. Rewrite it with:
// node test/check/broken-accounts.test.ts --update
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccountReport } from "../../src/check/account/check-account.ts";
import { verdictText } from "../../src/check/account/verdict-words.ts";
import type { Finding, Level } from "../../src/check/finding.ts";
import { wordsOf } from "../../src/check/words.ts";
import { type AccountLab, address, domain, pageOf, right, startAccountLab } from "./account-lab.ts";
import { brokenAccounts } from "./broken-accounts.ts";
import { password } from "./mailbox-host.ts";
import { compareTable } from "./table.ts";

let lab: AccountLab;
/** As found, by what is broken. */
const levels = new Map<string, Level>();
before(async () => {
  lab = await startAccountLab();
});
after(() => lab[Symbol.asyncDispose]());

/** What asks for something to be done, or could not be seen. */
const troubles = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ level }) => level === "error" || level === "warning" || level === "unknown");

const saidOf = ({ verdict }: AccountReport): string => verdictText(verdict).join(" ");

test("the perfect account is in order, all of it was tried, and nothing is left of the test message", async () => {
  const report = await lab.check({});
  assert.deepEqual(
    troubles(report.findings).map(({ id, values }) => ({ id, ...values })),
    [],
  );
  assert.ok(report.checks.every(({ ended }) => ended === "done"));
  const good = new Set(report.findings.filter(({ level }) => level === "good").map(({ id }) => id));
  for (const id of ["settings.found", "receive.good", "send.good", "message.good"] as const)
    assert.ok(good.has(id), id);
  assert.equal(
    saidOf(report),
    "Receiving with IMAP works. Receiving with POP3 works. Sending works. A test message to yourself arrived, and was removed.",
  );
  assert.deepEqual(report.settings, [right.incoming[0], right.incoming[2], right.outgoing[0]]);
  assert.equal(lab.mailbox.mails.length, 1);
});

test("the person's address is told to those who need it, the password to mail servers only", async () => {
  const { findings } = await lab.check({ pages: { [pageOf.autoconfig]: { status: 404 } } });
  const told = lab.asked.filter((text) => /ann(?:@|%40)/.test(text)).map((text) => text.split(/[ /?]/)[1]);
  assert.deepEqual(new Set(told), new Set([`autoconfig.${domain}`, domain, `autodiscover.${domain}`]));
  assert.ok(lab.asked.some((text) => text.startsWith(`GET ${pageOf.directory}`)));
  assert.ok(lab.asked.every((text) => !text.includes("horse")));
  assert.doesNotMatch(
    JSON.stringify(findings),
    new RegExp(`${password}|${Buffer.from(`\0${address}\0${password}`).toString("base64")}`),
  );
  const asked = findings.find(({ id }) => id === "settings.asked");
  assert.equal(asked?.values["directory"], "directory.example");
});

test("what is typed as it should be is tried alone, and in order", async () => {
  const { imap, smtp } = { imap: right.incoming[1]!, smtp: right.outgoing[1]! };
  const report = await lab.check({ question: { typed: [imap, smtp] } });
  assert.deepEqual(troubles(report.findings), []);
  assert.match(saidOf(report), /^Receiving works\. Sending works\./);
  assert.deepEqual(report.settings, [imap, smtp]);
});

test("without the password nobody logs in, and the verdict says so", async () => {
  const report = await lab.check({ question: { password: undefined } });
  assert.deepEqual(lab.mailbox.logins, []);
  assert.deepEqual(troubles(report.findings), []);
  assert.match(saidOf(report), /Sending: the server answers as it should\. Whether the login works was not tried\.$/);
});

test("POP3 alone finds the message, too", async () => {
  const report = await lab.check({ question: { typed: [right.incoming[2]!, right.outgoing[0]!] } });
  assert.deepEqual(troubles(report.findings), []);
  assert.match(saidOf(report), /arrived, and was removed\.$/);
  assert.equal(lab.mailbox.mails.length, 1);
});

test("a login that is refused is tried once more with another user name only if one was said, and no third time", async () => {
  await lab.check({ question: { password: "wrong", typed: [right.incoming[0]!], username: "ann" } });
  assert.deepEqual(lab.mailbox.logins, ["ann:wrong", `${address}:wrong`]);
  await lab.check({ question: { password: "wrong", typed: [right.incoming[0]!] } });
  assert.deepEqual(lab.mailbox.logins, [`${address}:wrong`]);
});

test("of a domain that does not exist, or that nobody could ask for, nobody is told to put settings there", async () => {
  const gone = { drop: ["@", "imap", "pop", "smtp", "mx", "auto"], pages: { [pageOf.directory]: { status: 404 } } };
  for (const broken of [{ ...gone, srv: "none" } as const, { dnsFails: "SERVFAIL", srv: "silent" } as const]) {
    const { findings } = await lab.check(broken);
    assert.deepEqual(
      findings.filter(({ id }) => id.startsWith("settings.")).map(({ id }) => id),
      [],
    );
  }
  assert.equal((await lab.check({ dnsFails: "SERVFAIL", srv: "silent" })).worst, "unknown");
});

test("the form has the user name that the settings say, unless a login has proven the typed one", async () => {
  const names = ({ settings }: AccountReport) => new Set(settings.map(({ username }) => username));
  for (const question of [{ password: undefined }, { password: "wrong" }]) {
    const report = await lab.check({ question: { ...question, username: "ann" } });
    assert.deepEqual(names(report), new Set([address]));
    assert.equal(report.findings.filter(({ id }) => id === "typed.username").length, 1);
  }
  const { username: _, ...imap } = right.incoming[0]!;
  const typed = await lab.check({ question: { password: undefined, username: "ann", typed: [imap] } });
  assert.deepEqual(names(typed), new Set([address]));
  const proven = await lab.check({ host: { username: "ann" }, question: { username: "ann" } });
  assert.deepEqual(names(proven), new Set(["ann"]));
  assert.ok(!proven.findings.some(({ id }) => id === "typed.username"));
});

test("a guessed server whose certificate is another's is not shown as the setting", async () => {
  const pages = Object.fromEntries(
    [pageOf.autoconfig, pageOf.autodiscover, pageOf.directory].map((page) => [page, { status: 404 }]),
  );
  assert.deepEqual((await lab.check({ pages, srv: "none", certificate: "other-name" })).settings, []);
  assert.equal((await lab.check({ pages, srv: "none" })).settings.length, 3);
});

test("a web server's certificate that proves nothing is told in our words, OpenSSL's stand below", async () => {
  const { findings } = await lab.check({ isWebStrange: true });
  const found = findings.find(({ id }) => id === "settings.web-certificate");
  assert.match(wordsOf(found!).found, /: its certificate [a-z ]+$/);
  assert.match(found!.evidence.join(), /unable|self/);
});

for (const broken of brokenAccounts)
  test(`broken: ${broken.what}`, async () => {
    const { finds, who, change, verdict, also = [] } = broken;
    const report = await lab.check(broken);
    const { findings } = report;
    const finding = findings.find(({ id }) => id === finds);
    const found = troubles(findings).map(({ id }) => id);
    assert.ok(finding, `found only ${found.join(", ")}`);
    assert.equal(finding.whoActs, who);
    levels.set(broken.what, finding.level);
    assert.match(wordsOf(finding).todo.join("\n"), change ?? /^$/);
    assert.match(saidOf(report), verdict);
    assert.deepEqual(
      found.filter((id) => id !== finds && !also.includes(id)),
      [],
    );
  });

test("docs/checks.md has the table", () =>
  compareTable(
    "account",
    brokenAccounts.map(({ what, finds, who }) => ({ what, finds, who, level: levels.get(what) })),
  ));
