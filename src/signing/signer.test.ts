// What we sign, an independent verifier must find good, whatever the message looks like.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { RelaxedBodyHash } from "./body-hash.ts";
import { rawFields, relaxed } from "./header-fields.ts";
import type { DomainKeys } from "./keyring.ts";
import { recordName, recordText } from "./keys.ts";
import type { SigningKey } from "./signature.ts";
import { signOurs } from "./sign-ours.ts";
import { createSigner } from "./signer.ts";

const now = Date.UTC(2026, 0, 1);
const makeKey = (domain: string, algorithm: "rsa" | "ed25519"): SigningKey => ({
  domain,
  selector: `s-${algorithm}`,
  algorithm,
  privateKey:
    algorithm === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey
      : generateKeyPairSync("ed25519").privateKey,
});
const keys = [makeKey("ours.example", "rsa"), makeKey("ours.example", "ed25519")];

const records = new Map(keys.map((key) => [recordName(key.selector, key.domain), recordText(key).match(/.{1,255}/g)!]));

const resolver = async (name: string, type: string): Promise<string[][]> => {
  const record = type === "TXT" ? records.get(name) : undefined;
  if (record === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  return [record];
};

const faults: unknown[] = [];
const signerWith = (domains: Readonly<Record<string, Partial<DomainKeys>>>) => {
  const keysFor = (domain: string): DomainKeys | undefined =>
    domains[domain] && { domain, subdomains: false, keys, ...domains[domain] };
  return createSigner({
    keyring: { hasKeys: true, keysFor, keysForOurs: (name) => keysFor(name.replace(/^mx\./, "")) },
    world: { now: () => now },
    onFault: (error) => faults.push(error),
  });
};
const signer = signerWith({ "ours.example": {} });

async function signed(header: string, body: Buffer, cuts: readonly number[] = []): Promise<Buffer> {
  const signing = signer.begin(Buffer.from(`${header}\r\n`)) ?? assert.fail("not signed");
  const places = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length];
  for (let i = 1; i < places.length; i += 1) await signing.write(body.subarray(places[i - 1], places[i]));
  return Buffer.concat([Buffer.from(`${await signing.finish()}${header}\r\n`), body]);
}

async function verdicts(message: Buffer): Promise<string[]> {
  const { results } = await dkimVerify(message, { resolver, strict: true, curTime: new Date(now) });
  return results.map(({ algo, status }) => `${algo} ${status.result}${status.comment ? ` (${status.comment})` : ""}`);
}

const good = ["rsa-sha256 pass", "ed25519-sha256 pass"];
const plainHeader = "From: Ann <ann@ours.example>\r\nTo: ben@far.example\r\nSubject: Hello\r\n";

test("bodies of all shapes, split anywhere, are verified", async () => {
  const piece = fc.constantFrom(
    "a",
    " ",
    "\t",
    "\r\n",
    "\r\n\r\n",
    ".",
    "é",
    "word",
    "\r",
    "  \t ",
    "=20",
    "x".repeat(600),
  );
  const bodies = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join("")));
  await fc.assert(
    fc.asyncProperty(bodies, fc.array(fc.nat(), { maxLength: 5 }), async (body, cuts) => {
      assert.deepEqual(await verdicts(await signed(plainHeader, body, cuts)), good);
    }),
    { numRuns: 300 },
  );
});

test("headers of all shapes are verified: folds, runs of white space, UTF-8, empty values, several of one name", async () => {
  const text = fc
    .array(fc.constantFrom("word", " ", "\t", "\r\n ", "\r\n\t", "é", "=?utf-8?q?=C3=A9?=", ";", "b=", "  "), {
      maxLength: 8,
    })
    .map((parts) => parts.join(""));
  const name = fc.constantFrom(
    "To",
    "cc",
    "SUBJECT",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "X-Any",
    "Subject ",
    "Sender",
    "MIME-Version",
  );
  const fields = fc.array(fc.tuple(name, text), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fields, fc.nat({ max: 12 }), async (others, at) => {
      const lines = others.map(([name, value]) => `${name}:${value}`);
      lines.splice(at, 0, "From:\tann@ours.example");
      // a fold of white space only is obsolete, and read in several ways. RFC 5322 §4.2
      const header = lines.map((line) => `${line.replaceAll(/(?:\r\n[ \t]+)+(?=\r\n|$)/g, "")}\r\n`).join("");
      assert.deepEqual(await verdicts(await signed(header, Buffer.from("Hi.\r\n"))), good);
    }),
    { numRuns: 300 },
  );
});

test("RFC 6376 §3.4.5: the example, and the bodies of nothing", () => {
  const [a, b] = rawFields(Buffer.from("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"));
  assert.deepEqual([relaxed(a!), relaxed(b!)], ["a:X", "b:Y Z"]);
  const hashOf = (text: string): string => {
    const hash = new RelaxedBodyHash();
    hash.update(Buffer.from(text));
    return hash.digest();
  };
  assert.equal(hashOf(" C \r\nD \t E\r\n\r\n\r\n"), hashOf(" C\r\nD E\r\n"));
  const ofNothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; // RFC 6376 §3.4.4
  for (const text of ["", "\r\n", "\r\n\r\n", " \t", " \r\n\t\r\n"])
    assert.equal(hashOf(text), ofNothing, JSON.stringify(text));
  assert.notEqual(hashOf("\r"), ofNothing, "a CR alone is text");
  assert.notEqual(hashOf("a\r"), hashOf("a"));
});

test("what is added or changed afterwards is noticed; a trace field and a list's field are not", async () => {
  const message = (await signed(plainHeader, Buffer.from("Hi.\r\n"))).toString();
  const changed: [string, string, boolean][] = [
    ["a second From", `From: eve@far.example\r\n${message}`, false],
    ["a second Subject", message.replace("Subject:", "Subject: Win!\r\nSubject:"), false],
    ["a Reply-To", message.replace("Subject:", "Reply-To: eve@far.example\r\nSubject:"), false],
    ["a Content-Type", message.replace("Subject:", "Content-Type: text/html\r\nSubject:"), false],
    ["another Subject", message.replace("Hello", "Hallo"), false],
    ["another body", message.replace("Hi.", "Ho."), false],
    ["a Received field", `Received: by far.example; Thu, 1 Jan 2026 00:00:00 +0000\r\n${message}`, true],
    ["a List-Id", `List-Id: <a.far.example>\r\n${message}`, true],
    ["folding", message.replace("Subject: Hello", "Subject:\r\n   Hello  "), true],
  ];
  for (const [what, text, holds] of changed) {
    const results = await verdicts(Buffer.from(text));
    assert.ok(
      results.every((result) => result.endsWith("pass") === holds),
      `${what}: ${results.join(", ")}`,
    );
  }
});

test("the field is folded, in lines of at most 78 characters, and says when", async () => {
  const fields = Array.from({ length: 30 }, (_, i) => `List-Field-${i}: x\r\n`).join("");
  const signing = signer.begin(Buffer.from(`${plainHeader}${fields}\r\n`))!;
  const text = await signing.finish();
  assert.match(
    text,
    /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=ours\.example;\r\n\ts=s-rsa; t=1767225600;\r\n/,
  );
  assert.ok(text.endsWith("\r\n"));
  for (const line of text.split("\r\n")) assert.ok(line.length <= 78, line);
  assert.equal(rawFields(Buffer.from(text)).length, 2, "each a field");
});

test("who signs, or why nobody does", () => {
  const from = (value: string, more = ""): string => {
    const who = signerWith({ "ours.example": {}, "xn--mnchen-3ya.example": {}, "new.example": { keys: [] } }).whoSigns(
      Buffer.from(`${more}From: ${value}\r\n\r\n`),
    );
    return who.kind === "signed" ? who.by.domain : who.because;
  };
  const table: [string, string, string?][] = [
    ["ann@ours.example", "ours.example"],
    ["ANN@OURS.EXAMPLE", "ours.example"],
    ['"Ann, of (here) <ann@far.example>" <ann@ours.example> (Ann (x) \\) @far.example)', "ours.example"],
    ["ann@münchen.example", "xn--mnchen-3ya.example"],
    ["=?utf-8?q?ann=40far.example?= <ann@ours.example>", "ours.example"],
    ["<ann@ours.example>, ben@far.example", "the From field names several people, and there is no Sender field"],
    ["ann@far.example, ben@far.example", "ours.example", "Sender: <list@ours.example>\r\n"],
    [
      "ann@far.example, b@far.example",
      "the Sender field names several people",
      "Sender: a@ours.example,b@ours.example\r\n",
    ],
    ["ann@ours.example", "there are 2 From fields", "from: eve@far.example\r\n"],
    ["ann@far.example", "far.example has no keys here"],
    ["ann@new.example", "the keys of new.example are not in use yet: their records are not in DNS"],
    ["us: ann@ours.example;", "ours.example"],
    ["<ann@ours.example> <eve@far.example>", "the From field is not an address: <ann@ours.example> <eve@far.example>"],
    ['"ann@ours.example', 'the From field is not an address: "ann@ours.example'],
    ["ann@ours.example)", "the From field is not an address: ann@ours.example)"],
    ["", "the From field is not an address: "],
  ];
  for (const [value, who, more] of table) assert.equal(from(value, more), who, value);
  const who = signer.whoSigns(Buffer.from("Subject: x\r\n\r\nFrom: ann@ours.example\r\n"));
  assert.deepEqual(who, { kind: "unsigned", because: "there is no From field" }, "the body is not looked at");
});

test("the server's own messages are signed as a whole, with keys of a domain above its name", async () => {
  const ours = Buffer.from("From: M <MAILER-DAEMON@mx.ours.example>\r\nSubject: Not delivered\r\n\r\nSorry.\r\n");
  const signedOurs = Buffer.from(await signOurs(signer, ours));
  assert.ok(signedOurs.toString().startsWith("DKIM-Signature: ") && signedOurs.toString().endsWith(ours.toString()));
  assert.deepEqual(await verdicts(signedOurs), good);
  assert.equal(signer.begin(ours), undefined, "a client's is not");
  const far = Buffer.from(ours.toString().replace("ours", "far"));
  for (const [by, message] of [
    [signer, far],
    [undefined, ours],
  ] as const)
    assert.equal(await signOurs(by, message), message);
});

test("a key that cannot sign costs its signature, not the message", async () => {
  const broken = { ...keys[0]!, privateKey: keys[1]!.privateKey, algorithm: "rsa" } as const;
  const some = signerWith({ "ours.example": { keys: [broken, keys[1]!] } });
  const text = await some.begin(Buffer.from(`${plainHeader}\r\n`))!.finish();
  assert.equal(text.match(/^DKIM-Signature:/gm)?.length, 1);
  assert.equal(faults.length, 1);
});

test("a line of 20 MB of spaces, tabs or empty lines cost time in proportion, and no memory", async () => {
  const rate = async (text: string, bytes: number): Promise<number> => {
    const signing = signer.begin(Buffer.from(`${plainHeader}\r\n`))!;
    const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const started = process.cpuUsage();
    for (let written = 0; written < bytes; written += chunk.length) await signing.write(chunk);
    const { user } = process.cpuUsage(started);
    assert.ok(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before < 50_000_000, "no memory");
    await signing.finish();
    return user;
  };
  for (const text of [" ", "\t", "\r\n", "a\t\tb ", "\r", " \r\n"]) {
    await rate(text, 1_000_000);
    const [small, large] = [await rate(text, 2_000_000), await rate(text, 20_000_000)];
    assert.ok(large < 40 * small + 100_000, `${JSON.stringify(text)}: 2 MB ${small} µs, 20 MB ${large} µs`);
  }
});
