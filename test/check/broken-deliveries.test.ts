// Deliveries in a lab, each broken in one way: what stands in the way is found, with who can fix it and what to change, and
// what would become of the message is said. docs/checks.md has the table; this test rewrites it with --update.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Finding, Level } from "../../src/check/finding.ts";
import { wordsOf } from "../../src/check/words.ts";
import type { Address } from "../../src/mail/address.ts";
import type { QueueId } from "../../src/mail/message.ts";
import { reply } from "../../src/mail/reply.ts";
import { startScriptServer } from "../support/script-server.ts";
import { brokenDeliveries } from "./broken-deliveries.ts";
import { ann, bob, type DeliveryLab, good, host, offers, startDeliveryLab } from "./delivery-lab.ts";
import { compareTable } from "./table.ts";

let lab: DeliveryLab;
/** As found, by what is broken. */
const levels = new Map<string, Level>();
before(async () => {
  lab = await startDeliveryLab();
});
after(() => lab[Symbol.asyncDispose]());

const verdicts = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ id }) => (id.startsWith("verdict.") ? [id.slice("verdict.".length)] : []));

/** What asks for something to be done, or could not be seen; the verdict follows from it. */
const troubles = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ id, level }) => level !== "good" && level !== "note" && !id.startsWith("verdict."));

test("a message without a flaw would be accepted, and nothing is found to be wrong", async () => {
  const { report, lines } = await lab.check({ tlsa: "fits" });
  assert.deepEqual(
    report.findings.filter(({ level }) => level !== "good").map(({ id, values }) => ({ id, ...values })),
    [],
  );
  const found = new Set<string>(report.findings.map(({ id }) => id));
  for (const id of [
    "delivery.accepts",
    "mta-sts.mx-good",
    "dane.good",
    "spf.address-passes",
    "dkim.good",
    "reverse.good",
    "delivery.dmarc-passes",
    "delivery.open",
    "verdict.accepted",
  ])
    assert.ok(found.has(id), id);
  assert.ok(lines.includes(`MAIL FROM:<${ann}> SIZE=10240`));
  assert.ok(lines.includes(`RCPT TO:<${bob}>`));
  assert.match(
    wordsOf(report.findings.at(-1)!).found,
    /^Would be accepted by mx1\.there\.example \[192\.0\.2\.10\]:25$/,
  );
});

for (const broken of brokenDeliveries)
  test(`broken: ${broken.what}`, async () => {
    const { finds, who, change, ends, also = [] } = broken;
    const { report, lines } = await lab.check(broken);
    const { findings } = report;
    const finding = findings.find(({ id }) => id === finds);
    assert.ok(finding, `found only ${findings.map(({ id }) => id).join(", ")}`);
    assert.equal(finding.whoActs, who);
    levels.set(broken.what, finding.level);
    const { todo } = wordsOf(finding);
    assert.match(todo.join("\n"), change);
    for (const text of findings.flatMap((one) => [wordsOf(one).found, ...wordsOf(one).todo]))
      assert.doesNotMatch(text, /[{}|]|undefined|: $/);
    assert.deepEqual(verdicts(findings), [ends]);
    const others = troubles(findings).flatMap(({ id }) => (id === finds || also.includes(id) ? [] : [id]));
    assert.deepEqual(others, []);
    assert.ok(!lines.some((line) => /^(?:DATA|BDAT)/i.test(line)), "nothing is sent");
  });

test("who would be refused is told why, who can act and what to do", async () => {
  const { report } = await lab.check({ script: good({ RCPT: "550 5.1.1 user unknown" }) });
  const verdict = report.findings.at(-1)!;
  const { found, who, todo } = wordsOf(verdict);
  assert.equal(verdict.cause, "no-such-mailbox");
  assert.match(found, /^Would be refused: There is no mailbox with this address/);
  assert.match(who ?? "", /sends the message/);
  assert.ok(todo.length > 0);
  assert.match(verdict.evidence.join("\n"), /user unknown/);
});

test("a smarthost is asked with our login, and that it sends on is told", async () => {
  const script = good({ EHLO: offers("STARTTLS", "8BITMIME", "AUTH PLAIN") });
  const settings = () => ({ route: [{ host: "smart.example", port: 587, username: "home", password: "secret" }] });
  const { report, lines } = await lab.check({ script, settings });
  assert.deepEqual(troubles(report.findings), []);
  assert.ok(lines.includes(`AUTH PLAIN ${Buffer.from("\0home\0secret").toString("base64")}`));
  assert.match(wordsOf(report.findings.at(-1)!).found, /whether smart\.example can send it on is not known/);
  assert.ok(!JSON.stringify(report).includes("secret"));
  const found = new Set<string>(report.findings.map(({ id }) => id));
  assert.ok(found.has("delivery.spf-of-relay"));
  assert.ok(!found.has("spf.address-passes"), "the receiver does not see our address");
});

test("what a smarthost makes of our mail is not guessed: unsigned, DMARC depends on it", async () => {
  const settings = () => ({ dkim: [], route: [{ host: "smart.example" }] });
  const { report } = await lab.check({ settings });
  const found = report.findings.map(({ id }) => id);
  assert.ok(found.includes("delivery.signed-by-relay") && found.includes("delivery.dmarc-unknown"), found.join(" "));
  assert.equal(report.worst, "note");
});

test("what is stopped for another sender does not stop this message", async () => {
  const stopped = {
    address: bob,
    cause: "complaint",
    because: "He complained.",
    since: 0,
    until: Infinity,
    times: 1,
  } as const;
  const { report } = await lab.check({
    control: { suppressions: async () => [{ ...stopped, sender: "news@home.example" }] },
  });
  assert.equal(report.worst, "good");
});

test("what arrived before is told, and keys that cannot be read", async () => {
  const delivered = {
    kind: "delivered",
    at: Date.UTC(2026, 2, 1, 12),
    queueId: "Q0" as QueueId,
    to: bob,
    host: { name: host },
    reply: reply(250, "2.0.0", "ok"),
    attempt: 1,
    steps: [],
  } as const;
  const toAnother = { ...delivered, at: delivered.at + 1, to: ann, host: { name: "elsewhere.example" } };
  const { report } = await lab.check({
    control: { trace: async () => [delivered, toAnother] },
    settings: (dir) => ({ dkim: [{ domain: "home.example", key_files: { s1: `${dir}/none.pem` } }] }),
  });
  const words = report.findings.map((finding) => wordsOf(finding).found).join("\n");
  assert.match(
    words,
    /The last message to bob@there\.example was taken by mx1\.there\.example on 2026-03-01 12:00 UTC/,
  );
  assert.match(words, /The DKIM keys of home\.example cannot be read: .*none\.pem/);
  assert.deepEqual(verdicts(report.findings), ["accepted"]);
});

test("an address literal has no policies, and is asked itself", async () => {
  const { report } = await lab.check({ delivery: { recipient: "bob@[192.0.2.10]" as Address } });
  assert.deepEqual(verdicts(report.findings), ["accepted"]);
  assert.ok(!report.findings.some(({ id }) => id.startsWith("mta-sts.") || id.startsWith("check.")));
});

test("an alias of ours is followed, and each address has a verdict of its own", async () => {
  const settings = (dir: string) => ({
    domain: [
      { name: "home.example", deliver: `maildir:${dir}/{user}`, mailboxes: ["ann"], aliases: { all: ["ann", bob] } },
    ],
  });
  const { report } = await lab.check({ settings, delivery: { recipient: "all@home.example" as Address } });
  const ends = report.findings.filter(({ id }) => id === "verdict.accepted").map(({ about }) => about);
  assert.deepEqual(ends, [ann, bob]);
  assert.equal(report.worst, "good");
});

test("a mailbox server behind a unix socket is asked by LMTP", async () => {
  const path = join(tmpdir(), `waybill-${process.pid}.sock`);
  await using server = await startScriptServer({ script: good({ LHLO: offers("8BITMIME") }), lmtp: true, path });
  const deliver = `lmtp:${path}`;
  const { report } = await lab.check({
    settings: () => ({ domain: [{ name: "home.example", deliver }] }),
    delivery: { recipient: ann },
  });
  assert.equal(report.worst, "good");
  assert.deepEqual(
    server.peer.lines.map((line) => line.split(" ")[0]),
    ["LHLO", "MAIL", "RCPT", "RSET", "QUIT"],
  );
});

test("one host that holds us up costs no more than its time", async () => {
  const { report } = await lab.check({ script: good({ GREETING: { kind: "silence" } }) });
  assert.ok(report.tookMs < 2_000, `${report.tookMs} ms`);
  assert.ok(report.findings.some(({ about }) => about.startsWith(host)));
});

test("docs/checks.md has the table", () =>
  compareTable(
    "delivery",
    brokenDeliveries.map(({ what, finds, who }) => ({ what, finds, who, level: levels.get(what) })),
  ));
