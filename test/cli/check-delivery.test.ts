// `waybill check delivery` beside a running server, against a DNS server and a mail host on loopback: what a person types and
// sees.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { main } from "../../src/cli/waybill.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { type DnsServer, startDnsServer } from "../../src/lab/dns-server.ts";
import { type RunningServer, runServer } from "../support/running-server.ts";
import { type ScriptServer, startScriptServer } from "../support/script-server.ts";
import { sendLetter, simpleContent } from "../support/smtp-client.ts";
import { chunks } from "./fake-ports.ts";

const zone = parseZone(`
there.example MX 10 mx.there.example
mx.there.example A 127.0.0.1
waybill.test A 127.0.0.1
127.0.0.1 PTR waybill.test
home.example TXT "v=spf1 a:waybill.test -all"
_dmarc.home.example TXT "v=DMARC1; p=reject; rua=mailto:d@home.example"
`);

let dns: DnsServer;
let host: ScriptServer;
let server: RunningServer;
let dir: string;

before(async () => {
  dns = await startDnsServer({ zone });
  host = await startScriptServer({
    script: (turn, line) => (turn === "RCPT" && line.includes("full@") ? "452 4.2.2 the mailbox is full" : undefined),
  });
  server = await runServer({
    dns: { servers: [`127.0.0.1:${dns.port}`] },
    deliver: { port: host.port, ip: "ipv4" },
  });
  dir = await mkdtemp(join(tmpdir(), "waybill-check-"));
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await dns.close();
  await rm(dir, { recursive: true });
});

async function configOf(dataDir: string): Promise<string> {
  const path = join(dir, "waybill.toml");
  await writeFile(
    path,
    `hostname = "waybill.test"
data_dir = "${dataDir}"
[dns]
servers = ["127.0.0.1:${dns.port}"]
[deliver]
port = ${host.port}
ip = "ipv4"
`,
  );
  return path;
}

async function run(words: readonly string[], dataDir = server.dataDir) {
  const config = await configOf(dataDir);
  let out = "";
  let err = "";
  const code = await main(["node", "waybill", ...words, "--config", config], {
    stdin: chunks(),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    environment: {},
    world: realWorld(),
    machine: "waybill.test",
    user: "ann",
  });
  return { code, out, err };
}

const check = (words: readonly string[], dataDir?: string) => run(["check", "delivery", ...words], dataDir);

interface Printed {
  readonly findings: readonly {
    readonly id: string;
    readonly cause?: string;
    readonly words: { readonly found: string };
  }[];
}

const from = ["--from", "ann@home.example"];

test("what waits for the recipient and why, and that a further message would wait, too", async () => {
  const letter = { from: "ann@home.example", to: ["full@there.example"], content: simpleContent() };
  assert.match(await sendLetter(server.port, letter), /^250 /);
  await server.events.first(({ kind }) => kind === "deferred");
  const before = host.peer.lines.length;
  const { code, out, err } = await check(["full@there.example", ...from, "--json"]);
  assert.equal(code, 2, err + out);
  const { findings } = JSON.parse(out) as Printed;
  const found = new Map(findings.map((finding) => [finding.id, finding]));
  assert.equal(found.get("delivery.stuck")?.cause, "mailbox-full");
  assert.equal(found.get("verdict.waits")?.cause, "mailbox-full");
  assert.match(found.get("verdict.waits")!.words.found, /^Would wait: /);
  const asked = host.peer.lines.slice(before).map((line) => line.split(" ")[0]);
  assert.deepEqual(
    asked.filter((verb) => verb !== "QUIT"),
    ["EHLO", "MAIL", "RCPT", "RSET"],
  );
});

test("the operator's suspension is found, and how to end it", async () => {
  assert.equal((await run(["destinations", "suspend", "there.example"])).code, 0);
  const { code, out } = await check(["bob@there.example", ...from]);
  assert.equal((await run(["destinations", "resume", "there.example"])).code, 0);
  assert.equal(code, 2, out);
  assert.match(out, /Would wait: the operator has suspended mx\.there\.example/);
  assert.match(out, /waybill\s+destinations\s+resume\s+"mx\.there\.example"/);
});

test("without a server the rest is looked at, and what is not known is said", async () => {
  const { code, out } = await check(["bob@there.example", ...from], dir);
  assert.match(out, /\? What the running server knows of this destination is not known: No Waybill is\s+running/);
  assert.match(out, /\+ What would happen +Would be accepted by mx\.there\.example \[127\.0\.0\.1\]:\d+/);
  assert.equal(code, 2, out); // the mail is not signed
});

test("a line that is wrong is refused with words", async () => {
  for (const words of [["bob"], ["bob@there.example", "--from", "ann"], ["bob@there.example", "--size", "huge"]]) {
    const { code, err } = await check(words);
    assert.equal(code, 64);
    assert.match(err, /It must be a/);
  }
});
