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
  const code = await main(["node", "waybill", ...words, "--resolver", `127.0.0.1:${server.port}`], {
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
    code: 0,
    result: "none",
    says: [/"spf1 a mx -all", which is no SPF record: it must begin with "v=spf1"/],
  },
  {
    domain: "bare.example",
    code: 0,
    result: "none",
    says: [/> Publish a TXT record at bare\.example .*"v=spf1 ip4:192\.0\.2\.1 -all"/],
  },
  { domain: "gone.example", code: 0, result: "none", says: [/gone\.example does not exist in DNS/] },
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
    says: [/"include=mail\.example" .* write "include:mail\.example"/, /What stands after "all" .* move mx before it/],
  },
  {
    domain: "evil.example",
    code: 1,
    result: "permerror",
    says: [/Correct "\[2J" in the TXT record of evil\.example: it has characters/],
  },
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
  assert.equal((await waybill("spf --ip 2001:db8::1 --mail-from ann@[1.2.3.4] --helo x".split(" "))).code, 0);
  const wrong = await waybill("spf --ip mx.example --mail-from <> --helo x".split(" "));
  assert.deepEqual(
    [wrong.code, wrong.error],
    [64, '--ip: "mx.example" is not an IP address. Write 192.0.2.1 or 2001:db8::1.\n'],
  );
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
  { name: "not at all", message: async () => letter, code: 0, says: [/none: the message has no DKIM signature/] },
  { name: "no message", message: async () => "hello", code: 0, says: [/this is no message/] },
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
  assert.equal(missing.code, 64);
  assert.match(missing.error, /^Cannot read .*absent\.eml/);
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
    code: 0,
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

async function sealed(text: string, cv: "none" | "pass" = "none"): Promise<string> {
  const seal = await sealMessage(text, {
    signingDomain: "list.example",
    selector: "s",
    privateKey: strong.privateKey,
    cv,
    authResults: "list.example; dkim=pass header.d=good.example; dmarc=pass header.from=good.example",
  });
  return seal.toString() + text;
}

const arcCases: readonly { name: string; message: () => Promise<string>; code: number; says: readonly RegExp[] }[] = [
  {
    name: "whole",
    message: async () => sealed(await signed()),
    code: 0,
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
    says: [/^x fail/m, /changed after list\.example sealed it/],
  },
  {
    name: "with a part missing",
    message: async () => (await sealed(letter)).replace("ARC-Authentication-Results", "X-Results"),
    code: 1,
    says: [/ARC-Authentication-Results of this instance is missing/, /^x fail/m],
  },
  { name: "none", message: async () => letter, code: 0, says: [/^! none/m, /Nothing to change/] },
];

for (const { name, message, code, says } of arcCases)
  test(`arc chain: ${name}`, async () => {
    const told = await waybill(["arc"], { input: await message() });
    assert.equal(told.code, code, told.out + told.error);
    for (const pattern of says) assert.match(told.out, pattern);
  });

test("--resolver and options that do not fit are said", async () => {
  const both = await waybill(["dmarc", "--domain", "good.example", "letter.eml"]);
  assert.equal(both.code, 64);
  const half = await waybill(["dmarc", "--ip", "192.0.2.1"]);
  assert.equal(half.code, 64);
  const server = await waybill(["arc", "--resolver", "dns.example:53"]);
  assert.equal(server.code, 64);
  assert.match(server.error, /must be an address and a port/);
});
