// `waybill check domain` against a DNS server and a mail server on loopback: what a person types and sees.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { main } from "../../src/cli/waybill.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { type DnsServer, startDnsServer } from "../../src/lab/dns-server.ts";
import { usualScript } from "../check/lab.ts";
import { type ScriptServer, startScriptServer } from "../support/script-server.ts";
import { chunks } from "./fake-ports.ts";

const zone = parseZone(`
shop.example MX 10 mx.shop.example
mx.shop.example A 127.0.0.1
127.0.0.1 PTR mx.shop.example
shop.example TXT "v=spf1 mx -all"
_dmarc.shop.example TXT "v=DMARC1; p=reject; rua=mailto:d@shop.example"
bare.example A 127.0.0.1
`);

let dns: DnsServer;
let server: ScriptServer;
let dir: string;
let config: string;

before(async () => {
  dns = await startDnsServer({ zone });
  const script = usualScript({ EHLO: "250-mx.shop.example\r\n250 SIZE 10000000" });
  server = await startScriptServer({ script });
  dir = await mkdtemp(join(tmpdir(), "waybill-check-"));
  config = join(dir, "waybill.toml");
  await writeFile(
    config,
    `hostname = "mx.shop.example"
data_dir = "${dir}"
[dns]
servers = ["127.0.0.1:${dns.port}"]
[deliver]
port = ${server.port}
[[domain]]
name = "shop.example"
deliver = "maildir:${dir}/{user}"
[mail_apps]
imap = "imap.shop.example"
smtp = ["mx.shop.example"]
`,
  );
});

after(async () => {
  await dns.close();
  await server[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(words: readonly string[], isTTY = false): Promise<Said> {
  let out = "";
  let err = "";
  const code = await main(["node", "waybill", "check", ...words, "--config", config], {
    stdin: chunks(),
    stdout: { write: (text: string) => (out += text), isTTY, columns: 80 },
    stderr: { write: (text: string) => (err += text) },
    environment: {},
    world: realWorld(),
    machine: "doctor.test",
    user: "ann",
  });
  return { code, out, err };
}

test("in a pipe: a line for each finding in the order of the checks, then what to do, worst first", async () => {
  const { code, out } = await run(["domain", "shop.example"]);
  assert.equal(code, 2);
  const lines = out.split("\n");
  const begins = [
    "+ MX records",
    "+ MX hosts' addresses",
    "+ Reverse names",
    "+ Mail servers",
    "! Encryption (STARTTLS)",
  ];
  const at = begins.map((begin) => lines.findIndex((line) => line.startsWith(begin)));
  assert.ok(
    at.every((line) => line !== -1),
    out,
  );
  assert.deepEqual(
    at,
    [...at].sort((a, b) => a - b),
  );
  assert.match(out, /! mx\.shop\.example \[127\.0\.0\.1\]:\d+ offers no encryption \(STARTTLS\)\n {2}Why {5}Mail/);
  assert.match(out, /Change {2}Give the mail server on mx\.shop\.example a certificate/);
  assert.ok(out.indexOf("tls.not-offered (warning)") < out.indexOf("mta-sts.none (note)"));
  assert.match(out, /shop\.example: \d warnings?, \d notes, \d+ in order/);
  assert.ok(!out.includes("\u001b"));
});

test("a record to publish stands on a line of its own", async () => {
  const { code, out } = await run(["domain", "bare.example"]);
  assert.equal(code, 1, out);
  assert.match(out, /^ +bare\.example\. 3600 IN TXT "v=spf1 mx ~all"$/m);
  assert.match(out, /^ +bare\.example\. 3600 IN MX 10 bare\.example\.$/m);
});

test("on a terminal what is under way is shown, and gone in the end", async () => {
  const { out } = await run(["domain", "shop.example"], true);
  assert.match(out, /… \d+\/18 {2}.*DKIM/);
  const lines = out.split("\n").map((line) => line.slice(line.lastIndexOf("\u001b[K") + 1));
  assert.ok(lines.every((line) => !line.includes("…")));
  assert.match(out, /✔/);
});

test("for programs: one object with findings, their words and changes", async () => {
  const { code, out } = await run(["domain", "gone.example", "--json"]);
  assert.equal(code, 1);
  const report = JSON.parse(out) as {
    worst: string;
    findings: { id: string; whoActs: string; words: { todo: string[] } }[];
  };
  assert.equal(report.worst, "error");
  const [finding] = report.findings;
  assert.equal(finding?.id, "domain.no-such-domain");
  assert.equal(finding.whoActs, "recipient-admin");
  assert.equal(finding.words.todo.length, 1);
});

test("a resolver that is not there is our trouble: nothing is known, exit code 75", async () => {
  const { code, out } = await run(["domain", "shop.example", "--resolver", "127.0.0.1:9"]);
  assert.equal(code, 75, out);
  assert.match(out, /\? The resolver 127\.0\.0\.1:9 cannot be reached, so nothing is known of\s+shop\.example/);
});

test("--from-config checks all our domains, and prints the zone file with what is missing", async () => {
  const { code, out } = await run(["domain", "--from-config"]);
  assert.equal(code, 2, out);
  assert.match(out, /; published\nshop\.example\. 3600 IN MX 10 mx\.shop\.example\.\n/);
  assert.match(out, /; MISSING\nmx\.shop\.example\. 3600 IN TXT "v=spf1 a -all"\n/);
  assert.match(out, /; published\n_dmarc\.shop\.example\. /);
  assert.match(out, /The record mx\.shop\.example TXT is not published/);
  assert.match(out, /is our own server: whether it relays/);
});

test("in a file a report fits on paper, and what has the same remedy is told together", async () => {
  const { out } = await run(["domain", "--from-config"]);
  const report = out.split("; zone file for")[0]!.split("\n");
  const tooLong = report.filter((line) => line.length > 80 && !line.includes(" 3600 IN "));
  assert.deepEqual(tooLong, []);
  const missing = report.filter((line) => /^[!-] The record .* is not published$/.test(line)).length;
  const told = report.filter((line) => line.includes("zone.missing (")).length;
  assert.ok(missing > told && told > 0, `${missing} records, told ${told} times`);
});

test("as JSON, --from-config has the zone file, too", async () => {
  const { out } = await run(["domain", "--from-config", "--json"]);
  const { zone: records } = JSON.parse(out) as { zone: { record: { name: string; type: string }; state: string }[] };
  const stateOf = (name: string, type: string): string | undefined =>
    records.find(({ record }) => record.name === name && record.type === type)?.state;
  assert.deepEqual([stateOf("shop.example", "MX"), stateOf("mx.shop.example", "TXT")], ["there", "missing"]);
});

test("a domain or --from-config, one of the two", async () => {
  for (const words of [["domain"], ["domain", "shop.example", "--from-config"]]) {
    const { code, err } = await run(words);
    assert.equal(code, 64);
    assert.match(err, /one of the two/);
  }
  assert.equal((await run(["domain", "not a domain"])).code, 64);
  assert.equal((await run(["domain", "shop.example", "--sender", "mx.shop.example"])).code, 64);
});
