// `waybill spf`, `dkim`, `dmarc` and `arc` against a DNS server on loopback: what a person types and sees.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dkimSign, sealMessage } from "mailauth";
import { main } from "../../src/cli/waybill.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { type DnsServer, startDnsServer } from "../../src/lab/dns-server.ts";
import { chunks } from "./fake-ports.ts";

const key = (bits: number) => {
  const pair = generateKeyPairSync("rsa", { modulusLength: bits });
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }),
    record: `v=DKIM1; k=rsa; p=${pair.publicKey.export({ type: "spki", format: "der" }).toString("base64")}`,
  };
};
const strong = key(2_048);
const weak = key(1_024);

const zone = parseZone(`
good.example TXT "v=spf1 ip4:192.0.2.0/24 -all"
open.example TXT "v=spf1 ptr +all"
tilde.example TXT "v=spf1 include:good.example a:%{d} ~all"
tilde.example A 198.51.100.1
two.example TXT "v=spf1 mx -all"
two.example TXT "v=spf1 ip4:192.0.2.1 ~all"
typo.example TXT "v=spf1 ip:192.0.2.1 -all"
comma.example TXT "v=spf1 a, mx -all"
joined.example TXT "spf1 a mx -all"
bare.example A 192.0.2.1
equals.example TXT "v=spf1 ip4:192.0.2.1 include=mail.example all mx"
many.example TXT "v=spf1 include:five.example include:five2.example mx -all"
five.example TXT "v=spf1 a:tilde.example a:tilde.example a:tilde.example a:tilde.example -all"
five2.example TXT "v=spf1 a:tilde.example a:tilde.example a:tilde.example a:tilde.example -all"
voids.example TXT "v=spf1 a:gone1.example a:gone2.example a:gone3.example -all"
lost.example TXT "v=spf1 include:gone.example -all"
moved.example TXT "v=spf1 redirect=good.example"
rude.example TXT "v=spf1 exp=why.rude.example -all"
why.rude.example TXT "go away, %{i}"
included.example TXT "v=spf1 ip4:192.0.2.9 include:included.example -all"
ring1.example TXT "v=spf1 redirect=ring2.example"
ring2.example TXT "v=spf1 include:ring1.example"
early.example TXT "v=spf1 -all ip4:192.0.2.1"
early-a.example TXT "v=spf1 -all a:tilde.example"
faults.example TXT "v=spf1 ip4:192.0.2.300 a mx:: -all"
plain.example TXT "v=spf1 ip4:192.0.2.9"
named.example TXT "v=spf1 -ip4:192.0.2.1 +all"
evil.example TXT "v=spf1 \u001b[2J\u0007 -all"
broken.example SERVFAIL
s._domainkey.good.example TXT "${strong.record}"
weak._domainkey.good.example TXT "${weak.record}"
old._domainkey.good.example TXT "v=DKIM1; p="
s._domainkey.mail.good.example TXT "${strong.record}"
s._domainkey.list.example TXT "${strong.record}"
s._domainkey.other.example TXT "${strong.record}"
_dmarc.good.example TXT "v=DMARC1; p=reject; rua=mailto:d@good.example"
_dmarc.mild.example TXT "v=DMARC1; p=none"
_dmarc.odd.example TXT "v=DMARC1; p=rejct; pct=50; rua=d@odd.example"
_dmarc.twin.example TXT "v=DMARC1; p=none; rua=mailto:d@twin.example"
_dmarc.twin.example TXT "v=DMARC1; p=reject; rua=mailto:d@twin.example"
_dmarc.afar.example TXT "v=DMARC1; p=reject; rua=mailto:d@good.example"
_dmarc.broken.example SERVFAIL
`);

let server: DnsServer;
let dir: string;

before(async () => {
  server = await startDnsServer({ zone });
  dir = await mkdtemp(join(tmpdir(), "waybill-"));
});

after(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

/** All but the end of a line. */
const control = /[^\P{Cc}\n]/u;

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function waybill(words: readonly string[], { input = "", isTTY = false } = {}): Promise<Said> {
  const written = { out: "", error: "" };
  const asked = words.includes("--resolver") ? [] : ["--resolver", `127.0.0.1:${server.port}`];
  const code = await main(["node", "waybill", ...words, ...asked], {
    stdin: chunks(input),
    stdout: { write: (text) => (written.out += text), ...(isTTY && { isTTY, columns: 60 }) },
    stderr: { write: (text) => (written.error += text) },
    environment: { NO_COLOR: "1" },
    world: { now: () => Date.UTC(2026, 2, 1), random: () => 0, sleep: async () => {} },
    machine: "here.example",
    user: "ann",
  });
  return { code, ...written };
}

const spf = (domain: string, ...more: string[]): string[] => [
  ..."spf --ip 192.0.2.1 --helo mx.good.example --mail-from".split(" "),
  `ann@${domain}`,
  ...more,
];

const spfCases: readonly { domain: string; code: number; result: string; says: readonly RegExp[] }[] = [
  {
    domain: "good.example",
    code: 0,
    result: "pass",
    says: [/ip4:192\.0\.2\.0\/24: matches → pass: 192\.0\.2\.1 is in it/],
  },
  {
    domain: "open.example",
    code: 0,
    result: "pass",
    says: [/> "\+all" .* every machine of the Internet/, /> "ptr" .* discouraged/],
  },
  {
    domain: "moved.example",
    code: 0,
    result: "pass",
    says: [/redirect=good\.example: nothing matched, so the record of good\.example decides \(DNS lookup 1 of/],
  },
  {
    domain: "tilde.example",
    code: 0,
    result: "pass",
    says: [/^- DNS|^\? DNS, TXT of tilde/m, /^ {2}= Record of good\.example/m, /good\.example says pass/],
  },
  {
    domain: "two.example",
    code: 1,
    result: "permerror",
    says: [/has 2 SPF records, and only one is allowed: .*"v=spf1 mx ip4:192\.0\.2\.1 -all"/],
  },
  {
    domain: "typo.example",
    code: 1,
    result: "permerror",
    says: [/> Correct "ip:192\.0\.2\.1" .* did you mean ip4:192\.0\.2\.1\?/],
  },
  {
    domain: "comma.example",
    code: 1,
    result: "permerror",
    says: [/> Correct "a," .*separated by spaces only; leave out the ","/],
  },
  {
    domain: "joined.example",
    code: 1,
    result: "none",
    says: [/"spf1 a mx -all", which is no SPF record: it must begin with "v=spf1"/],
  },
  {
    domain: "bare.example",
    code: 1,
    result: "none",
    says: [/> Publish a TXT record at bare\.example .*"v=spf1 ip4:192\.0\.2\.1 -all"/],
  },
  { domain: "gone.example", code: 1, result: "none", says: [/gone\.example does not exist in DNS/] },
  {
    domain: "many.example",
    code: 1,
    result: "permerror",
    says: [
      /takes 11 DNS lookups, and at most 10 are allowed: include:five\.example costs 5, include:five2\.example costs 5, mx costs 1/,
    ],
  },
  {
    domain: "voids.example",
    code: 1,
    result: "permerror",
    says: [/More than 2 terms lead to names that have no records, the last is "a:gone3\.example"/],
  },
  {
    domain: "lost.example",
    code: 1,
    result: "permerror",
    says: [/"include:gone\.example" .* leads to gone\.example, which has no SPF record/],
  },
  {
    domain: "rude.example",
    code: 1,
    result: "fail",
    says: [
      /> 192\.0\.2\.1 is not among the senders of rude\.example/,
      /"v=spf1 exp=why\.rude\.example ip4:192\.0\.2\.1 -all"/,
    ],
  },
  {
    domain: "equals.example",
    code: 0,
    result: "pass",
    says: [
      /"include=mail\.example" .* write "include:mail\.example"/,
      /What stands after "all" .* move "all" to the end: "v=spf1 ip4:192\.0\.2\.1 include=mail\.example mx all"/,
    ],
  },
  {
    domain: "evil.example",
    code: 1,
    result: "permerror",
    says: [/Correct "\[2J" in the TXT record of evil\.example: it has characters/],
  },
  {
    domain: "included.example",
    code: 1,
    result: "permerror",
    says: [
      /permerror: the record of included\.example includes itself/,
      /> Remove "include:included\.example" from the record of included\.example/,
    ],
  },
  {
    domain: "ring1.example",
    code: 1,
    result: "permerror",
    says: [/include one another without end: ring1\.example → ring2\.example → ring1\.example/],
  },
  {
    domain: "early.example",
    code: 1,
    result: "fail",
    says: [/What to change\n> What stands after "-all" .* move "-all" to the end: "v=spf1 ip4:192\.0\.2\.1 -all"\n$/],
  },
  {
    domain: "early-a.example",
    code: 1,
    result: "fail",
    says: [/publish "v=spf1 a:tilde\.example ip4:192\.0\.2\.1 -all"/, /move "-all" to the end/],
  },
  {
    domain: "faults.example",
    code: 1,
    result: "permerror",
    says: [
      /"ip4:192\.0\.2\.300" and "mx::" in the record of faults\.example are wrong/,
      /^x "mx::" is wrong: /m,
      /> Correct "ip4:192\.0\.2\.300" .*\n> Correct "mx::" /,
    ],
  },
  { domain: "plain.example", code: 1, result: "neutral", says: [/End the record with -all/] },
  {
    domain: "broken.example",
    code: 75,
    result: "temperror",
    says: [/TXT of broken\.example: server failure/, /see to the name servers/],
  },
];

for (const { domain, code, result, says } of spfCases)
  test(`spf of ${domain}: ${result}, and what to change`, async () => {
    const told = await waybill(spf(domain));
    assert.equal(told.code, code, told.error);
    assert.match(told.out, new RegExp(`^[+x!] ${result}: `, "m"));
    for (const words of says) assert.match(told.out, words);
    assert.doesNotMatch(told.out, control, "texts of strangers are made harmless");
    assert.doesNotMatch(told.out, /not certain/);
  });

test("spf --json: one object with result, explanation and steps", async () => {
  const { out } = await waybill(spf("tilde.example", "--json"));
  assert.equal(out.split("\n").length, 2);
  const told = JSON.parse(out);
  assert.deepEqual([told.result, told.explanation, told.domain], ["pass", null, "tilde.example"]);
  assert.deepEqual(
    told.steps.map(({ kind, matched }: { kind: string; matched?: boolean }) => [kind, matched]),
    [
      ["question", undefined],
      ["record", undefined],
      ["mechanism", true],
      ["mechanism", undefined],
      ["mechanism", undefined],
      ["check", undefined],
      ["result", undefined],
    ],
  );
  const [question] = told.dnsQuestions;
  assert.deepEqual([question.type, typeof question.tookMs, question.answer.kind], ["TXT", "number", "no-such-domain"]);
  assert.equal(JSON.parse((await waybill(spf("rude.example", "--json"))).out).explanation, "go away, 192.0.2.1");
});

test("spf: the null reverse-path asks for HELO; what is no address is said, and nothing fails", async () => {
  const nobody = await waybill("spf --ip 192.0.2.1 --mail-from <> --helo good.example".split(" "));
  assert.equal(nobody.code, 0);
  assert.match(nobody.out, /pass: .*HELO name good\.example, because MAIL FROM is empty/);
  assert.equal((await waybill("spf --ip 2001:db8::1 --mail-from ann@[1.2.3.4] --helo x".split(" "))).code, 1);
  const wrong = await waybill("spf --ip mx.example --mail-from <> --helo x".split(" "));
  assert.deepEqual(
    [wrong.code, wrong.error],
    [64, '--ip: "mx.example" is not an IP address. Write 192.0.2.1 or 2001:db8::1.\n'],
  );
});

/** What the verdict calls the term that matched; strangers read it in Authentication-Results. */
const terms: readonly [record: string, shown: string][] = [
  ["-a:gone.example +a:host.example -all", "a:host.example"],
  ["a:HOST.example/24 -all", "a:HOST.example/24"],
  ["a -all", "a"],
  ["mx -all", "mx"],
  ["?mx:posts.example/30 -all", "?mx:posts.example/30"],
  ["a:%{h} -all", "a:host.example"],
  ["include:inner.example -all", "include:inner.example, there a:host.example"],
  ["redirect=inner.example", "a:host.example"],
  ["ptr:host.example -all", "ptr:host.example"],
  ["mx:none.example ~all", "~all"],
];

for (const [record, shown] of terms)
  test(`spf: of "${record}" the term that matched is ${shown}`, async () => {
    const own = await startDnsServer({
      zone: parseZone(`
term.example TXT "v=spf1 ${record}"
term.example A 192.0.2.1
term.example MX 5 host.example
posts.example MX 5 host.example
inner.example TXT "v=spf1 a:other.example a:host.example -all"
other.example A 192.0.2.8
host.example A 192.0.2.1
1.2.0.192.in-addr.arpa PTR mx.host.example
mx.host.example A 192.0.2.1`),
    });
    try {
      const words = "spf --json --ip 192.0.2.1 --helo host.example --mail-from ann@term.example --resolver".split(" ");
      const { because } = JSON.parse((await waybill([...words, `127.0.0.1:${own.port}`])).out);
      assert.ok(because.includes(` (${shown})`), because);
    } finally {
      await own.close();
    }
  });

const spfReasons: readonly [domain: string, reason: string][] = [
  ["good.example", "listed"],
  ["rude.example", "not-listed"],
  ["plain.example", "not-listed"],
  ["named.example", "excluded"],
  ["bare.example", "no-record"],
  ["gone.example", "no-such-domain"],
  ["localhost", "not-a-domain"],
  ["two.example", "two-records"],
  ["faults.example", "syntax-error"],
  ["lost.example", "no-record-at-target"],
  ["ring1.example", "includes-itself"],
  ["many.example", "too-many-lookups"],
  ["voids.example", "too-many-void-lookups"],
  ["broken.example", "dns-failed"],
];

test("spf --json: a reason that programs can rely on, and the advice", async () => {
  for (const [domain, reason] of spfReasons) {
    const told = JSON.parse((await waybill(spf(domain, "--json"))).out);
    assert.equal(told.reason, reason, domain);
    assert.ok(Array.isArray(told.advice) && told.advice.length > 0 === (reason !== "listed"), domain);
  }
});

test("spf: what has no @ is a typing error, and no sender", async () => {
  const wrong = await waybill("spf --ip 192.0.2.1 --mail-from good.example".split(" "));
  assert.deepEqual(
    [wrong.code, wrong.out, wrong.error],
    [
      64,
      "",
      '--mail-from: "good.example" is not an address, it has no @. Write ann@example.org, or <> for the null reverse-path.\n',
    ],
  );
  for (const [mailFrom, code] of [
    ["@good.example", 0],
    ["Macro Error@good.example", 0],
    ["foo@[1.2.3.5]", 1],
  ] as const)
    assert.equal((await waybill(["spf", "--ip", "192.0.2.1", "--mail-from", mailFrom])).code, code, mailFrom);
});

test("on a terminal it is wrapped, and nested by indentation", async () => {
  const { out } = await waybill(spf("rude.example"), { isTTY: true });
  assert.match(out, /^✘ -all: matches → fail/m);
  assert.match(out, /^→ 192\.0\.2\.1 is not among/m);
  assert.ok(
    out
      .split("\n")
      .slice(1)
      .every((line) => line.length <= 60),
  );
});

const letter = [
  "From: Ann <ann@good.example>",
  "To: bob@here.example",
  "Subject: Lunch",
  "Date: Sun, 1 Mar 2026 12:00:00 +0000",
  "Message-ID: <1@good.example>",
  "",
  "Shall we?",
  "",
].join("\r\n");

async function signed(options: Partial<Parameters<typeof dkimSign>[1]> = {}, text = letter): Promise<string> {
  const one = {
    signingDomain: "good.example",
    selector: "s",
    privateKey: strong.privateKey,
    headerList: ["From", "To", "Subject", "Date", "Message-ID"],
    ...options,
  };
  const { signatures, errors } = await dkimSign(text, { ...one, signatureData: [one] });
  assert.deepEqual(errors, []);
  return signatures + text;
}

const dkimCases: readonly {
  name: string;
  message: () => Promise<string>;
  code: number;
  says: readonly RegExp[];
}[] = [
  {
    name: "whole",
    message: () => signed(),
    code: 0,
    says: [
      /^\+ pass: good\.example vouches/m,
      /Key: RSA, 2048 bits/,
      /The body is as it was signed/,
      /Signed fields: message-id, date, subject, to, from/,
    ],
  },
  {
    name: "whole, in a file with LF",
    message: async () => (await signed()).replaceAll("\r\n", "\n"),
    code: 0,
    says: [/^\+ pass/m, /The body is as it was signed/],
  },
  {
    name: "twice, once with a key that is not there",
    message: async () => signed({}, await signed({ selector: "nokey" })),
    code: 0,
    says: [
      /^\+ Signature 1: .*selector s,/m,
      /^x Signature 2: .*selector nokey,/m,
      /^ {2}x permerror: there is no key/m,
    ],
  },
  {
    name: "with a footer of a list",
    message: async () => `List-Id: <lunch.list.example>\r\n${await signed()}-- \r\nlunch@list.example\u001b[2J\r\n`,
    code: 1,
    says: [
      /without its last 2 lines, which were added later: "--", "lunch@list\.example \[2J"/,
      /Lines were added .* the mailing list <lunch\.list\.example> did it/,
    ],
  },
  {
    name: "with another text",
    message: async () => (await signed()).replace("Shall", "Will"),
    code: 1,
    says: [/The text was changed after signing/],
  },
  {
    name: "with another Subject",
    message: async () => (await signed()).replace("Subject: Lunch", "Subject: Dinner"),
    code: 1,
    says: [/The text is as it was signed, so either a signed field was changed/],
  },
  {
    name: "of a key that is not there",
    message: () => signed({ selector: "nokey" }),
    code: 1,
    says: [/> Publish the public key .* TXT record at nokey\._domainkey\.good\.example: "v=DKIM1; k=rsa; p=…"/],
  },
  {
    name: "of a revoked key",
    message: () => signed({ selector: "old" }),
    code: 1,
    says: [/The key was revoked/, /sign with the new selector/],
  },
  {
    name: "of a short key",
    message: () => signed({ selector: "weak", privateKey: weak.privateKey }),
    code: 0,
    says: [/1024 bits; weak/, /make a new one of 2048 bits/],
  },
  {
    name: "without Subject",
    message: () => signed({ headerList: ["From"] }),
    code: 0,
    says: [/Not signed, .*subject/, /sign these fields too/],
  },
  {
    name: "in part",
    message: () => signed({ maxBodyLength: 5 }),
    code: 1,
    says: [/l=5: only the first 5 octets/, /leave l= out/],
  },
  {
    name: "long ago",
    message: () => signed({ signTime: new Date(0), expires: new Date(86_400_000) }),
    code: 1,
    says: [/expired at 1970-01-02/, /too old/],
  },
  { name: "not at all", message: async () => letter, code: 1, says: [/none: the message has no DKIM signature/] },
];

for (const { name, message, code, says } of dkimCases)
  test(`dkim of a message signed: ${name}`, async () => {
    const told = await waybill(["dkim"], { input: await message() });
    assert.equal(told.code, code, told.out + told.error);
    for (const words of says) assert.match(told.out, words);
    assert.doesNotMatch(told.out, control);
  });

test("dkim: a file, by the command's name; one that is not there is said", async () => {
  const file = join(dir, "letter.eml");
  await writeFile(file, await signed());
  const { code, out } = await waybill(["dkim", "verify", file, "--json"]);
  assert.equal(code, 0);
  const told = JSON.parse(out);
  assert.deepEqual([told.result, told.signatures[0].domain, told.signatures.length], ["pass", "good.example", 1]);
  const missing = await waybill(["dkim", join(dir, "absent.eml")]);
  assert.deepEqual(
    [missing.code, missing.error],
    [66, `Cannot read ${join(dir, "absent.eml")}: there is no such file.\n`],
  );
  const folder = await waybill(["arc", dir]);
  assert.deepEqual([folder.code, folder.error.includes("it is a folder")], [66, true]);
});

test("no message, no advice: exit code 65", async () => {
  for (const command of ["dkim", "dmarc", "arc"])
    for (const input of ["garbage\n", ""]) {
      const told = await waybill([command], { input });
      assert.deepEqual([told.code, told.out], [65, ""]);
      assert.match(told.error, /^Standard input is no message: .*Give the whole message/);
    }
});

test("dkim: a key is shown by its ends", async () => {
  const { out } = await waybill(["dkim"], { input: await signed() });
  assert.match(out, /TXT of s\._domainkey\.good\.example: found "v=DKIM1; k=rsa; p=MIIB…AQAB \(2048 bits\)" \(/);
  assert.ok(out.split("\n").every((line) => line.length < 200));
});

test("dkim --json: reasons, of all and of each signature", async () => {
  const reasonsOf = async (message: string): Promise<[string, string[], number]> => {
    const { out } = await waybill(["dkim", "verify", "--json"], { input: message });
    const { reason, signatures, advice } = JSON.parse(out);
    return [reason, signatures.map((one: { reason: string }) => one.reason), advice.length];
  };
  const whole = await signed();
  const expired = { signTime: new Date(0), expires: new Date(86_400_000) };
  const cases: readonly [message: string, reason: string][] = [
    [whole, "signature-holds"],
    [`${whole}-- \r\nfooter\r\n`, "lines-added"],
    [whole.replace("Shall", "Will"), "body-changed"],
    [whole.replace("Lunch", "Dinner"), "header-changed"],
    [await signed({ selector: "nokey" }), "key-missing"],
    [await signed({ selector: "old" }), "key-revoked"],
    [await signed({ maxBodyLength: 5 }), "partly-signed"],
    [await signed(expired), "expired"],
  ];
  for (const [message, reason] of cases) assert.deepEqual((await reasonsOf(message)).slice(0, 2), [reason, [reason]]);
  assert.deepEqual(await reasonsOf(letter), ["no-signature", [], 1]);
  assert.deepEqual((await reasonsOf(await signed({}, await signed({ selector: "nokey" })))).slice(0, 2), [
    "signature-holds",
    ["signature-holds", "key-missing"],
  ]);
});

const from = "--ip 192.0.2.1 --mail-from ann@good.example --helo mx.good.example".split(" ");

const dmarcCases: readonly {
  name: string;
  words?: readonly string[];
  message: () => Promise<string>;
  code: number;
  says: readonly RegExp[];
}[] = [
  {
    name: "aligned by both",
    words: from,
    message: () => signed(),
    code: 0,
    says: [
      /^\+ pass/m,
      /\+ SPF: pass for good\.example; that is the domain of From: it counts/,
      /\+ DKIM: pass .* it counts/,
    ],
  },
  {
    name: "from an address that SPF does not know",
    words: from.with(1, "198.51.100.7"),
    message: () => signed(),
    code: 0,
    says: [/x SPF: fail for good\.example; that is the domain of From: it did not pass/, /\+ DKIM: pass/],
  },
  {
    name: "signed by a subdomain",
    message: () => signed({ signingDomain: "mail.good.example" }),
    code: 0,
    says: [/\+ DKIM: pass for mail\.good\.example; that belongs to good\.example: it counts/],
  },
  {
    name: "signed by another",
    message: () => signed({ signingDomain: "other.example" }),
    code: 1,
    says: [
      /^x fail/m,
      /DKIM: pass for other\.example; that is neither good\.example nor below it: it does not count/,
      /SPF: not known/,
      /sign with d=good\.example/,
    ],
  },
  {
    name: "without a policy",
    message: async () => letter.replace("good.example>", "bare.example>"),
    code: 1,
    says: [/^! none/m, /TXT record at _dmarc\.bare\.example: "v=DMARC1; p=none/],
  },
  {
    name: "with two From fields",
    message: async () => `From: bob@other.example\r\n${letter}`,
    code: 1,
    says: [/2 From fields/, /Write one From field/],
  },
  {
    name: "without DNS",
    message: async () => letter.replace("good.example>", "broken.example>"),
    code: 75,
    says: [/server failure/],
  },
];

for (const { name, words = [], message, code, says } of dmarcCases)
  test(`dmarc of a message: ${name}`, async () => {
    const told = await waybill(["dmarc", ...words], { input: await message() });
    assert.equal(told.code, code, told.out + told.error);
    for (const pattern of says) assert.match(told.out, pattern);
  });

const domainCases: readonly [domain: string, code: number, says: readonly RegExp[]][] = [
  [
    "good.example",
    0,
    [/^\+ reject: the domain asks receivers to refuse/m, /p=reject: mail of the domain that fails: refuse/],
  ],
  ["sub.good.example", 0, [/Organizational domain: good\.example/, /for subdomains: reject/]],
  ["mild.example", 0, [/p=none in .* protects nobody/, /Add rua=mailto:dmarc@mild\.example/]],
  ["odd.example", 1, [/p=rejct is not understood/, /pct= is no longer used/, /rua=mailto:d@odd\.example/]],
  ["twin.example", 1, [/has 2 DMARC records, so none counts/]],
  [
    "bare.example",
    1,
    [/has no DMARC policy/, /_dmarc\.bare\.example: "v=DMARC1; p=none; rua=mailto:dmarc@bare\.example"/],
  ],
  ["broken.example", 75, [/temperror: DNS failed/]],
];

for (const [domain, code, says] of domainCases)
  test(`dmarc --domain ${domain}`, async () => {
    const told = await waybill(["dmarc", "--domain", domain]);
    assert.equal(told.code, code, told.out + told.error);
    for (const pattern of says) assert.match(told.out, pattern);
  });

test("dmarc --json: reasons, of a message and of a domain", async () => {
  const cases: readonly [words: string[], input: string, reason: string][] = [
    [[], await signed(), "aligned"],
    [[], await signed({ signingDomain: "other.example" }), "not-aligned"],
    [[], letter.replace("good.example>", "bare.example>"), "no-record"],
    [[], letter.replace("good.example>", "twin.example>"), "two-records"],
    [[], letter.replace("From:", "X-From:"), "no-author"],
    [[], `From: bob@other.example\r\n${letter}`, "several-authors"],
    [["--domain", "good.example"], "", "in-order"],
    [["--domain", "odd.example"], "", "syntax-error"],
    [["--domain", "twin.example"], "", "two-records"],
    [["--domain", "bare.example"], "", "no-record"],
    [["--domain", "afar.example"], "", "reports-not-agreed"],
    [["--domain", "broken.example"], "", "dns-failed"],
  ];
  for (const [words, input, reason] of cases) {
    const told = JSON.parse((await waybill(["dmarc", "--json", ...words], { input })).out);
    assert.equal(told.reason, reason);
    assert.ok(Array.isArray(told.advice));
  }
});

async function sealed(text: string, cv: "none" | "pass" = "none", selector = "s"): Promise<string> {
  const seal = await sealMessage(text, {
    signingDomain: "list.example",
    selector,
    privateKey: strong.privateKey,
    cv,
    authResults: "list.example; dkim=pass header.d=good.example; dmarc=pass header.from=good.example",
  });
  return seal.toString() + text;
}

const arcCases: readonly {
  name: string;
  message: () => Promise<string>;
  code: number;
  reason: string;
  says: readonly RegExp[];
}[] = [
  {
    name: "whole",
    message: async () => sealed(await signed()),
    code: 0,
    reason: "chain-holds",
    says: [
      /Instance 1: sealed by list\.example/,
      /cv=none: the first of the chain/,
      /says it saw: .*dmarc=pass/,
      /^\+ pass: .*saw pass: DMARC of good\.example/m,
    ],
  },
  {
    name: "whole, of two who changed it",
    message: async () => sealed((await sealed(await signed())).replace("Shall", "Will"), "pass"),
    code: 0,
    reason: "chain-holds",
    says: [
      /Instance 2: sealed by/,
      /cv=pass: it found the chain before it whole/,
      /changed after this hop, which is allowed/,
    ],
  },
  {
    name: "changed after it",
    message: async () => (await sealed(await signed())).replace("Shall", "Will"),
    code: 1,
    reason: "body-changed",
    says: [/^x fail/m, /changed after list\.example sealed it/],
  },
  {
    name: "with a part missing",
    message: async () => (await sealed(letter)).replace("ARC-Authentication-Results", "X-Results"),
    code: 1,
    reason: "incomplete-set",
    says: [
      /ARC-Authentication-Results of this instance is missing/,
      /^x fail: .*instance 1 has no ARC-Authentication-Results$/m,
    ],
  },
  {
    name: "without the signature",
    message: async () => (await sealed(letter)).replace("ARC-Message-Signature", "X-Signature"),
    code: 1,
    reason: "incomplete-set",
    says: [/^x fail: the chain is broken: instance 1 has no ARC-Message-Signature$/m],
  },
  {
    name: "of a key that is not there",
    message: () => sealed(letter, "none", "nokey"),
    code: 1,
    reason: "key-missing",
    says: [
      /^x fail: the chain is broken: there is no key of use at nokey\._domainkey\.list\.example/m,
      /> Publish the public key .* TXT record at nokey\._domainkey\.list\.example: "v=DKIM1; k=rsa; p=…"/,
    ],
  },
  { name: "none", message: async () => letter, code: 0, reason: "no-chain", says: [/^! none/m, /Nothing to change/] },
];

for (const { name, message, code, reason, says } of arcCases)
  test(`arc chain: ${name}`, async () => {
    const input = await message();
    const told = await waybill(["arc"], { input });
    assert.equal(told.code, code, told.out + told.error);
    for (const pattern of says) assert.match(told.out, pattern);
    const json = JSON.parse((await waybill(["arc", "--json"], { input })).out);
    assert.deepEqual([json.reason, json.advice.length > 0], [reason, true]);
  });

test("--resolver and options that do not fit are said", async () => {
  const both = await waybill(["dmarc", "--domain", "good.example", "letter.eml"]);
  assert.equal(both.code, 64);
  const half = await waybill(["dmarc", "--ip", "192.0.2.1"]);
  assert.equal(half.code, 64);
  for (const address of ["192.0.2.53", "2001:db8::53", "[2001:db8::53]:53"])
    assert.equal((await waybill(["arc", "--resolver", address], { input: "Subject: Lunch\r\n\r\n" })).code, 0, address); // asks DNS nothing
  const server = await waybill(["arc", "--resolver", "dns.example:53"]);
  assert.equal(server.code, 64);
  assert.match(server.error, /must be an address, with or without a port/);
});

test("a resolver that cannot be reached is to blame, and not the domain", async () => {
  const gone = await startDnsServer({ zone });
  await gone.close();
  const resolver = ["--resolver", `127.0.0.1:${gone.port}`];
  const input = await sealed(await signed());
  for (const words of [spf("good.example"), ["dkim"], ["dmarc"], ["dmarc", "--domain", "good.example"], ["arc"]]) {
    const told = await waybill([...words, ...resolver], { input });
    assert.equal(told.code, 75);
    assert.match(
      told.out,
      new RegExp(
        `x temperror: your resolver 127.0.0.1:${gone.port} does not answer.*\\n\\nWhat to change\\n> Your resolver 127.0.0.1:${gone.port} does not answer: start it.*\\n$`,
      ),
    );
    const { reason, advice } = JSON.parse((await waybill([...words, ...resolver, "--json"], { input })).out);
    assert.deepEqual([reason, advice.length], ["resolver-unreachable", 1]);
  }
});

const helps: readonly [words: string[], says: readonly RegExp[]][] = [
  [["spf"], [/0: pass; 1: any other result, none and neutral too; 75: DNS failed/, /too-many-lookups +the record/]],
  [
    ["dkim", "verify"],
    [
      /0: a signature holds; 1: none holds, or there is none; 65: .*; 66: .*; 75/,
      /key-missing +there/,
      /\$ waybill dkim verify message\.eml/,
    ],
  ],
  [
    ["dmarc"],
    [/0: the message passes, or the record is in order; 1: it does not, or there is no record/, /not-aligned/],
  ],
  [["arc"], [/0: the chain holds, or there is none, .*; 1: it is broken/, /incomplete-set/]],
];

for (const [words, says] of helps)
  test(`${words.join(" ")} --help says the exit codes and the reasons, and is wrapped once`, async () => {
    const { out } = await waybill([...words, "--help"], { isTTY: true });
    const [description = ""] = /\n\n(?:Check.*?)\n\n/s.exec(out) ?? [];
    for (const line of description.trim().split("\n").slice(0, -1)) assert.ok(line.length > 40, line);
    for (const pattern of says) assert.match(out.replaceAll("\n", " "), pattern);
  });
