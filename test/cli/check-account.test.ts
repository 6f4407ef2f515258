// `waybill check account` against a DNS server and mail servers on loopback: what a person types and sees.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { main } from "../../src/cli/waybill.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { type DnsServer, startDnsServer } from "../../src/lab/dns-server.ts";
import { authority } from "../check/certificates.ts";
import { type LineServer, startLineServer } from "../check/line-server.ts";
import { mailboxHost, password } from "../check/mailbox-host.ts";
import { chunks } from "./fake-ports.ts";

const address = "ann@shop.example";

const zone = parseZone(`
shop.example MX 10 mx.shop.example
imap.shop.example A 127.0.0.1
smtp.shop.example A 127.0.0.1
`);

const mailbox = mailboxHost(address, () => ({}));
let dns: DnsServer;
let imap: LineServer;
let smtp: LineServer;

before(async () => {
  dns = await startDnsServer({ zone });
  const pem = await (await authority(Date.now())).issue({ names: ["imap.shop.example", "smtp.shop.example"] });
  imap = await startLineServer({ session: () => mailbox.session("imap"), pem, isImplicit: true });
  smtp = await startLineServer({ session: () => mailbox.session("smtp"), pem, isImplicit: false });
});

after(async () => {
  await imap[Symbol.asyncDispose]();
  await smtp[Symbol.asyncDispose]();
  await dns.close();
});

async function check(words: readonly string[], typed = "") {
  let out = "";
  let err = "";
  const resolver = ["--resolver", `127.0.0.1:${dns.port}`, "--no-directory"];
  const code = await main(["node", "waybill", "check", "account", ...words, ...resolver], {
    stdin: chunks(typed),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    environment: {},
    world: realWorld(),
    machine: "doctor.test",
    user: "ann",
  });
  return { code, out, err };
}

const imapPlace = (): string => `imap.shop.example:${imap.port}/tls`;
const smtpPlace = (): string => `smtp.shop.example:${smtp.port}/starttls`;

test("an account that works ends in its form and a verdict; the password is nowhere", async () => {
  const servers = ["--imap", imapPlace(), "--smtp", smtpPlace(), "--any-certificate"];
  const { code, out, err } = await check([address, ...servers, "--password-stdin"], `${password}\n`);
  assert.match(err, /A message from ann@shop\.example to itself will be sent and removed again \(--no-send/);
  assert.ok(
    out.endsWith("Receiving works.\nSending works.\nA test message to yourself arrived, and was removed.\n"),
    out,
  );
  assert.match(
    out,
    /Settings for ann@shop\.example:\n +Incoming \(IMAP\) +Outgoing \(SMTP\)\n +Server +imap\.shop\.example +smtp/,
  );
  assert.doesNotMatch(out + err, new RegExp(password));
  assert.equal(mailbox.mails.length, 1);
  assert.equal(code, 1, out); // nothing vouches for the certificates
});

test("for programs the verdict is data, with its words", async () => {
  const servers = ["--imap", imapPlace(), "--smtp", `smtp.shop.example:${smtp.port}/tls`];
  const { code, out, err } = await check([address, ...servers, "--no-login", "--json"]);
  assert.equal(err, "");
  assert.equal(code, 1);
  const { verdict, settings, findings } = JSON.parse(out) as {
    verdict: { id: string; about: string; words: string }[];
    settings: { protocol: string; security: string }[];
    findings: { id: string; words: object }[];
  };
  const ids = verdict.map(({ id }) => id);
  assert.deepEqual(ids, [
    "receive-fails",
    "certificate",
    "ask-for-names",
    "send-fails",
    "text-expected",
    "set-security",
  ]);
  assert.equal(verdict.at(-1)?.words, "Set security to STARTTLS.");
  assert.deepEqual(
    settings.map(({ protocol, security }) => `${protocol} ${security}`),
    ["smtp starttls"],
  );
  assert.ok(findings.every(({ words }) => typeof words === "object"));
});

test("a line that is wrong is refused with words", async () => {
  for (const [words, message] of [
    [["ann"], /It must be an e-mail address, such as ann@example\.org/],
    [[address, "--imap", "imap.example.org/safe"], /It must be a host, with or without port and security/],
    [[address], /--password-stdin/],
  ] as const) {
    const { code, err } = await check(words);
    assert.equal(code, 64);
    assert.match(err, message);
  }
});
