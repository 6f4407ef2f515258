// DKIM, ARC and DMARC of whole messages: signed by the library's own signer, changed by the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sealMessage } from "mailauth";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { makeKey, signed, type TestKey } from "../../../test/support/signed.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { SpfResult, SpfVerdict } from "../../mail/verdict.ts";
import { type ContentVerdicts, evaluateContent } from "./content.ts";

const now = Date.now();
const key = makeKey("example.org");
const list = makeKey("list.example");
const forwarder = makeKey("forwarder.example");
const weak = makeKey("weak.example", "s1", 512);
const testing = makeKey("testing.example");
const zone = `
${[key, list, forwarder, weak].map(({ record }) => record).join("\n")}
${testing.record.replace("v=DKIM1;", "v=DKIM1; t=y;")}
_dmarc.example.org TXT "v=DMARC1; p=reject; sp=quarantine; np=reject"
sub.example.org A 192.0.2.1
_dmarc.test.example TXT "v=DMARC1; p=reject; t=y"
_dmarc.strict.example TXT "v=DMARC1; p=reject; adkim=s; aspf=s"
_dmarc.slow.example SILENT
late._domainkey.example.org SILENT
broken._domainkey.example.org TXT "v=DKIM1; p="
`;

const letter = "From: Ann <ann@example.org>\r\nTo: ben@example.net\r\nSubject: a letter\r\n\r\nHello Ben\r\n";

const spf = (result: SpfResult, domain: string): SpfVerdict[] => [
  { scope: "mailfrom", domain, result, because: "as the test wants it" },
];

async function evaluate(
  message: string,
  known: { spf?: readonly SpfVerdict[]; at?: number; pieces?: number } = {},
): Promise<ContentVerdicts> {
  const bytes = Buffer.from(message, "latin1");
  const size = known.pieces ?? bytes.length;
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const sender = { client: "192.0.2.1", helo: "mx.example.org", mailFrom: "ann@example.org" as ReversePath };
  return evaluateContent(
    pieces(),
    { ...sender, spf: known.spf ?? spf("none", "example.net"), now: known.at ?? now },
    fakeResolver(zone),
  );
}

const dkimOf = ({ dkim }: ContentVerdicts): string[] => dkim.map(({ domain, result }) => `${domain} ${result}`);

test("a signature passes, however the octets are split, and with the line ends of a file", async () => {
  const message = signed(letter, key);
  for (const pieces of [1, 7, 1_000_000]) {
    const found = await evaluate(message, { pieces });
    assert.deepEqual(dkimOf(found), ["example.org pass"]);
    assert.deepEqual([found.dmarc.result, found.dmarc.alignedBy], ["pass", ["dkim"]]);
  }
  assert.deepEqual(dkimOf(await evaluate(message.replaceAll("\r\n", "\n"))), ["example.org pass"]);
});

const withTag = (message: string, tag: string): string =>
  message.replace("DKIM-Signature: ", `DKIM-Signature: ${tag} `);

const signatures: readonly [what: string, message: () => string, result: string, because: RegExp][] = [
  ["the body changed", () => signed(letter, key) + "more\r\n", "fail", /body was changed after example\.org/],
  [
    "a signed field changed",
    () => signed(letter, key).replace("Subject: a letter", "Subject: win"),
    "fail",
    /header fields were changed/,
  ],
  [
    "the key is not there",
    () => signed(letter, { ...key, selector: "none" }),
    "permerror",
    /no key at none\._domainkey\.example\.org/,
  ],
  ["the key is revoked", () => signed(letter, { ...key, selector: "broken" }), "permerror", /revoked or damaged/],
  ["DNS is slow", () => signed(letter, { ...key, selector: "late" }), "temperror", /could not be had/],
  ["rsa-sha1", () => signed(letter, key, { a: "rsa-sha1" }), "policy", /rsa-sha1 is not safe/],
  ["a key of 512 bits", () => signed(letter, weak), "policy", /fewer than 1024 bits/],
  ["l= leaves a part unsigned", () => signed(letter, key, { l: 5 }), "policy", /l= leaves the last \d+ octets/],
  ["its key is for testing", () => signed(letter, testing), "pass", /only testing \(t=y\)/],
  [
    "a second From field that is not signed",
    () => "From: ceo@bank.example\r\n" + signed(letter, key),
    "policy",
    /only 1 of the 2 From fields/,
  ],
  ["syntax", () => withTag(signed(letter, key), "v=1;"), "neutral", /signature syntax error/],
];
for (const [what, message, result, because] of signatures)
  test(`DKIM ${result}: ${what}`, async () => {
    const { dkim } = await evaluate(message());
    assert.equal(dkim.length, 1);
    assert.equal(dkim[0]!.result, result, dkim[0]!.because);
    assert.match(dkim[0]!.because, because);
  });

test("DKIM policy: expired, by the time of the message", async () => {
  const second = Math.floor(now / 1_000);
  const message = signed(letter, key, { t: second, x: second + 60 });
  const results = await Promise.all([0, 120_000].map((ms) => evaluate(message, { at: now + ms })));
  assert.deepEqual(results.map(dkimOf), [["example.org pass"], ["example.org policy"]]);
  assert.match(results[1]!.dkim[0]!.because, /was good until .*\(x=\)/);
});

test("of many signatures ten are looked at, the author's among them", async () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ ...list, selector: `s${i}` }));
  const flood = many.reduce((message, each) => signed(message, each, { h: "from:to" }), signed(letter, key));
  const { dkim, dmarc } = await evaluate(flood);
  assert.equal(dkim.length, 21);
  assert.equal(dmarc.result, "pass");
  assert.equal(dkim.filter(({ because }) => /more than 10 signatures/.test(because)).length, 11);
});

test("however many signatures there are, DNS is asked for ten keys", async () => {
  const line = "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; h=From; bh=AAAA; b=AAAA; s=";
  const flood = Array.from({ length: 900 }, (_, i) => `${line}s${i}\r\n`).join("") + letter;
  const resolver = fakeResolver(zone);
  const known = { spf: [], client: "192.0.2.1", helo: "", mailFrom: "" as const, now };
  const message = async function* () {
    yield Buffer.from(flood);
  };
  const { dkim } = await evaluateContent(message(), known, resolver);
  assert.equal(dkim.length, 900);
  assert.equal(resolver.questions.filter((question) => question.includes("_domainkey")).length, 10);
});

test("of signatures with l= two are looked at", async () => {
  let message = letter;
  for (const l of [1, 2, 3, 4]) message = signed(message, key, { l, h: "from" });
  const { dkim } = await evaluate(message);
  assert.equal(dkim.filter(({ because }) => /more than 2 signatures .* l=/.test(because)).length, 2);
  assert.ok(dkim.every(({ result }) => result === "policy"));
});

const authors: readonly [from: string, author: string, domain: string | undefined, result: string][] = [
  ["From: a@example.org\r\n", "one", "example.org", "fail"],
  ["From: a@EXAMPLE.org., b@example.org\r\n", "one", "example.org", "fail"],
  ["From: Group: a@example.org;\r\n", "one", "example.org", "fail"],
  ["From: a@sub.example.org\r\n", "one", "sub.example.org", "fail"],
  [`From: a@${Buffer.from("b\u00fc.example").toString("latin1")}\r\n`, "one", "xn--b-eha.example", "none"],
  ["From: a@nothing.example\r\n", "one", "nothing.example", "none"],
  ["From: a@slow.example\r\n", "one", "slow.example", "temperror"],
  ["", "none", undefined, "permerror"],
  ["From:\r\n", "invalid", undefined, "permerror"],
  ["From: Ann\r\n", "invalid", undefined, "permerror"],
  ["From: a@[192.0.2.1]\r\n", "invalid", undefined, "permerror"],
  ["From: a@example.org\r\nFrom: b@example.org\r\n", "several", undefined, "permerror"],
  ["From: a@example.org, b@example.net\r\n", "several", undefined, "permerror"],
  ["From: a@example.org@example.net\r\n", "several", undefined, "permerror"],
  ["From\r\n : a@example.org\r\nFrom: b@example.net\r\n", "several", undefined, "permerror"],
  // full-width letters: mail programs show them, and look them up, as "example.org"
  [`From: a@${Buffer.from("\uff45xample.org").toString("latin1")}\r\n`, "invalid", undefined, "permerror"],
  [`From: ${"a@example.org, ".repeat(2_000)}\r\n`, "invalid", undefined, "permerror"],
];
for (const [from, author, domain, result] of authors)
  test(`the author of ${JSON.stringify(from.slice(0, 40))} is ${author}: ${result}`, async () => {
    const { dmarc } = await evaluate(`${from}Subject: x\r\n\r\nbody\r\n`);
    assert.deepEqual([dmarc.author, dmarc.domain, dmarc.result], [author, domain, result], dmarc.because);
  });

/** As real programs write it, and as forgers do; all that is read as of example.org falls under its policy. */
const readings: readonly [from: string, read: string][] = [
  ["ann@example.org", "example.org"],
  ["<ann@example.org>", "example.org"],
  ["Ann Example <ann@EXAMPLE.org>", "example.org"],
  ["Ann Example<ann@example.org>", "example.org"],
  ["Ann\r\n\tExample\r\n <ann@example.org>", "example.org"],
  ['"Example, Ann" <ann@example.org>', "example.org"],
  ['"Ann \\"the\\" Example" <ann@example.org>', "example.org"],
  ["John Q. Public <ann@example.org>", "example.org"],
  ["Example Inc., Berlin <ann@example.org>", "example.org"],
  ["Example, Ann <ann@example.org>", "example.org"],
  ["Example: Support <ann@example.org>", "example.org"],
  ["[Tracker] Ann <ann@example.org>", "example.org"],
  ["Ann :) <ann@example.org>", "example.org"],
  ["Ann's Shop & Co. <ann@example.org>", "example.org"],
  ["Ann (Sales) <ann@example.org>", "example.org"],
  ["ann@example.org (Ann Example)", "example.org"],
  ["Ann ann@example.org", "example.org"],
  ["Ann <ann@example.org", "example.org"],
  ["=?utf-8?q?=C3=84nn?= <ann@example.org>", "example.org"],
  ["=?utf-8?q?Example,_Ann?= <ann@example.org>", "example.org"],
  ["=?utf-8?q?ann@example.org?= <ann@example.org>", "example.org"],
  ["\u00c4nn <ann@example.org>", "example.org"],
  ["\u5b89\u5a1c <ann@example.org>", "example.org"],
  ["ann@example.org <ann@example.org>", "example.org"],
  ["'ann@example.org' <ann@example.org>", "example.org"],
  ["Ann via List <ann@example.org>, Ben <ben@example.org>", "example.org"],
  ["ann@example.org; ben@example.org", "example.org"],
  ["ann.@example.org", "example.org"],
  ["ann..b@example.org", "example.org"],
  ["<ann@example.org.>", "example.org"],
  ["Team: ann@example.org;", "example.org"],
  ["Nobody:;, ann@example.org", "example.org"],
  ['"ann b"@example.org', "example.org"],
  ["<<ann@example.org>>", "example.org"],
  ["Ann <ann@example.org> (by phone)", "example.org"],
  ['"ann@example.org" <x@evil.example>', "evil.example"],
  ["ann@example.org <x@evil.example>", "evil.example"],
  ['"ann@example.org"@evil.example', "evil.example"],
  ["<x@evil.example> <ann@example.org>", "invalid"],
  ["<ann@example.org> <x@evil.example>", "invalid"],
  ["<ann@example.org,x@evil.example>", "invalid"],
  ["x@evil.example ann@example.org", "invalid"],
  ["<x@evil.example> ann@example.org", "invalid"],
  ["ann@example.org: x@evil.example;", "invalid"],
  ["<@evil.example:ann@example.org>", "invalid"],
  ["<@example.org:x@evil.example>", "invalid"],
  ["ann@example.(c)org", "invalid"],
  ["<ann@example.(c)org>", "invalid"],
  ["ann@example .org", "invalid"],
  ["<ann@example.org x.evil.example>", "invalid"],
  ["ann@example.org\\<x@evil.example>", "invalid"],
  ['"ann@example.org" <x@evil.example', "evil.example"],
  ['"ann@example.org <x@evil.example>', "invalid"],
  ["(ann@example.org <x@evil.example>", "invalid"],
  ["ann@example.org, x@evil.example", "several"],
  ["ann@example.org; x@evil.example", "several"],
  ["ann@[192.0.2.1]", "invalid"],
  ["undisclosed-recipients:;", "invalid"],
];
for (const [from, read] of readings)
  test(`From: ${JSON.stringify(from)} is of ${read}`, async () => {
    const { dmarc } = await evaluate(`From: ${Buffer.from(from).toString("latin1")}\r\nSubject: x\r\n\r\nbody\r\n`);
    assert.equal(dmarc.domain ?? dmarc.author, read, dmarc.because);
  });

const policies: readonly [from: string, sender: SpfVerdict[], policy: string | undefined, result: string][] = [
  ["example.org", spf("pass", "example.org"), "reject", "pass"],
  ["example.org", spf("pass", "bounce.example.org"), "reject", "pass"],
  ["sub.example.org", spf("softfail", "sub.example.org"), "quarantine", "fail"],
  ["no-such.example.org", spf("fail", "example.net"), "reject", "fail"],
  ["test.example", spf("fail", "test.example"), "quarantine", "fail"],
  ["strict.example", spf("pass", "bounce.strict.example"), "reject", "fail"],
  ["example.org", spf("temperror", "example.org"), "reject", "temperror"],
  ["example.org", spf("temperror", "attacker.example"), "reject", "fail"],
];
for (const [from, sender, policy, result] of policies)
  test(`DMARC of ${from} with SPF ${sender[0]!.result} of ${sender[0]!.domain}: ${result}`, async () => {
    const { dmarc } = await evaluate(`From: a@${from}\r\n\r\nbody\r\n`, { spf: sender });
    assert.deepEqual([dmarc.result, dmarc.policy], [result, policy], dmarc.because);
  });

test("a DKIM signature that is not of the author's domain proves nothing of it", async () => {
  const { dmarc, dkim } = await evaluate(signed(letter, list));
  assert.deepEqual([dkim[0]?.result, dmarc.result], ["pass", "fail"]);
  assert.match(dmarc.because, /SPF says none for example\.net, and DKIM signatures that pass are of list\.example/);
});

test("hostile headers cost the signatures, not the author", async () => {
  const header = `X: a${"\r\n a".repeat(50_000)}\r\n`;
  const { dkim, dmarc } = await evaluate(header + signed(letter, key));
  assert.match(dkim[0]!.because, /not looked at: the header section has more than 10000 lines/);
  assert.deepEqual([dmarc.domain, dmarc.result], ["example.org", "fail"]);
});

test("a line without end costs the signatures", async () => {
  const message = signed(letter, key) + "a".repeat(300_000);
  const { dkim } = await evaluate(message, { pieces: 65_536 });
  assert.deepEqual([dkim[0]?.domain, dkim[0]?.result], ["example.org", "permerror"]);
  assert.match(dkim[0]!.because, /line of more than 262144 octets/);
});

const seal = async (
  message: string,
  by: TestKey,
  wishes: { results: string; cv: string; i: number },
): Promise<string> =>
  (
    await sealMessage(Buffer.from(message), {
      signingDomain: by.domain,
      selector: by.selector,
      privateKey: by.privateKey.export({ type: "pkcs8", format: "pem" }),
      authResults: wishes.results,
      cv: wishes.cv,
      i: wishes.i,
    })
  ).toString() + message;

const seen = `${list.domain}; dmarc=pass (p=reject) header.from=example.org; dkim=pass header.d=example.org; spf=fail smtp.mailfrom=ann@example.net`;

test("ARC: who sealed, and what the first of them saw", async () => {
  const once = await seal(letter, list, { results: seen, cv: "none", i: 1 });
  const twice = await seal(`X-Passed: forwarder\r\n${once}`, forwarder, {
    results: `${forwarder.domain}; dmarc=pass header.from=other.example`,
    cv: "pass",
    i: 2,
  });
  const [one, two] = await Promise.all([evaluate(once), evaluate(twice)]);
  assert.deepEqual(
    [one.arc.result, one.arc.sealer, one.arc.earlierSealers],
    ["pass", "list.example", []],
    one.arc.because,
  );
  const { result, sealer, earlierSealers, passed } = two.arc;
  assert.deepEqual([result, sealer, earlierSealers], ["pass", "forwarder.example", ["list.example"]], two.arc.because);
  assert.deepEqual(passed, [
    { method: "dmarc", domain: "example.org" },
    { method: "dkim", domain: "example.org" },
  ]);
});

test("ARC: broken by a change, and undecided without a key", async () => {
  const sealed = await seal(letter, list, { results: seen, cv: "none", i: 1 });
  assert.equal((await evaluate(`${sealed}more\r\n`)).arc.result, "fail");
  assert.equal((await evaluate(sealed.replace("dmarc=pass", "dmarc=none"))).arc.result, "fail");
  const late = await seal(letter, { ...key, selector: "late" }, { results: seen, cv: "none", i: 1 });
  const { arc } = await evaluate(late);
  assert.equal(arc.result, "temperror", arc.because);
});
