import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { newKey, parseKey, publicPart, recordText, zoneLine } from "./keys.ts";
import { publicationOf } from "./publication.ts";

const rsa = parseKey(await newKey("rsa"));
const ed25519 = parseKey(await newKey("ed25519"));
const other = parseKey(await newKey("rsa"));
const p = publicPart(rsa);

test("what DNS has of a key is told in words", async () => {
  const table: [string, string, RegExp?][] = [
    [recordText(rsa), "right"],
    [`p=${p}`, "right"],
    [`v=DKIM1;t=s;h=sha1 : sha256;s=*; n=notes; p=${p};`, "right"],
    [`v=DKIM1; p=`, "withdrawn"],
    [recordText(other), "wrong", /another key than ours/],
    [recordText(ed25519), "wrong", /says k=ed25519, the key is rsa/],
    [
      recordText(rsa).slice(0, 255),
      "wrong",
      /cut off after \d+ of 392 characters: enter the record as several strings/,
    ],
    [`v=DKIM2; p=${p}`, "wrong", /begin with v=DKIM1/],
    [`p=${p}; v=DKIM1`, "wrong", /begin with v=DKIM1/],
    ["v=DKIM1; k=rsa", "wrong", /no p=/],
    [`v=DKIM1; h=sha1; p=${p}`, "wrong", /h=/],
    [`v=DKIM1; s=tlsrpt; p=${p}`, "wrong", /s=/],
    ["hello", "wrong", /not a list of tags/],
    [`v=DKIM1; p=${p}; p=${p}`, "wrong", /not a list of tags/],
  ];
  for (const [text, kind, words] of table) {
    const found = await publicationOf(fakeResolver(`s._domainkey.ours.lab TXT "${text}"`), "ours.lab", {
      selector: "s",
      ...rsa,
    });
    assert.equal(found.kind, kind, text);
    if (words !== undefined) assert.match(("because" in found && found.because) || "", words);
  }
  const look = async (zone: string): Promise<string> =>
    (await publicationOf(fakeResolver(zone), "ours.lab", { selector: "s", ...rsa })).kind;
  assert.equal(await look(""), "missing");
  assert.equal(await look("s._domainkey.ours.lab A 192.0.2.1"), "missing");
  assert.equal(await look("s._domainkey.ours.lab SERVFAIL"), "unknown");
  assert.equal(await look("s._domainkey.ours.lab SILENT"), "unknown");
  assert.equal(await look(`s._domainkey.ours.lab TXT "p=${p}"\ns._domainkey.ours.lab TXT "p="`), "wrong");
});

test("a record with the domain twice in its name is missing, and found where it stands", async () => {
  const look = (zone: string) => publicationOf(fakeResolver(zone), "ours.lab", { selector: "s", ...rsa });
  const doubled = "s._domainkey.ours.lab.ours.lab";
  assert.deepEqual(await look(`${doubled} TXT "p=${p}"`), {
    kind: "missing",
    because: `its record stands at ${doubled}, with the domain twice: in a web form, enter only s._domainkey as the name; in a zone file, end the name with a dot`,
  });
  for (const zone of [`${doubled} TXT "v=spf1 -all"`, `${doubled} SILENT`, `${doubled} A 192.0.2.1`])
    assert.deepEqual(await look(zone), { kind: "missing" }, zone);
});

test("the record for a zone file is cut into strings of 255 octets; that of an Ed25519 key has 32 octets", () => {
  const line = zoneLine("s", "ours.lab", recordText(rsa));
  assert.match(line, /^s\._domainkey\.ours\.lab\. 3600 IN TXT \( "v=DKIM1; k=rsa; p=/);
  const strings = Array.from(line.matchAll(/"([^"]*)"/g), ([, string]) => string!);
  assert.ok(strings.every((string) => string.length <= 255));
  assert.equal(strings.join(""), recordText(rsa));
  assert.equal(Buffer.from(publicPart(ed25519), "base64").length, 32);
  assert.match(zoneLine("s", "ours.lab", recordText(ed25519)), /^s\S+ 3600 IN TXT "[^"]*"$/);
});

test("a file that holds no key of ours says why", async () => {
  const { generateKeyPairSync } = await import("node:crypto");
  const pem = (pair: ReturnType<typeof generateKeyPairSync>): string =>
    pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  assert.throws(() => parseKey("hello"), /not an unencrypted private key in PEM form/);
  assert.throws(() => parseKey(pem(generateKeyPairSync("ec", { namedCurve: "P-256" }))), /DKIM knows RSA and Ed25519/);
  assert.throws(() => parseKey(pem(generateKeyPairSync("rsa", { modulusLength: 512 }))), /512 bits/);
});
