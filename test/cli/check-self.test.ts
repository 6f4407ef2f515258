// `waybill check self` on this machine: beside a server that runs, and where another program has its port; and how `start`
// tells of that.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { main } from "../../src/cli/waybill.ts";
import { type DnsServer, startDnsServer } from "../../src/lab/dns-server.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { run as start } from "../../src/main.ts";
import { freePort } from "../support/free-port.ts";
import { runServer } from "../support/running-server.ts";
import { chunks } from "./fake-ports.ts";

let dns: DnsServer;
let dir: string;

before(async () => {
  dns = await startDnsServer({ zone: parseZone("mx.shop.example A 127.0.0.1\n127.0.0.1 PTR mx.shop.example\n") });
  dir = await mkdtemp(join(tmpdir(), "waybill-self-"));
});
after(async () => {
  await dns.close();
  await rm(dir, { recursive: true });
});

interface Said {
  readonly code: number;
  readonly out: string;
  readonly findings: readonly { id: string; level: string; values: Record<string, unknown> }[];
}

async function check(config: string, ...words: readonly string[]): Promise<Said> {
  let out = "";
  const code = await main(["node", "waybill", "check", "self", "--config", config, ...words], {
    stdin: chunks(),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (out += text) },
    environment: {},
    world: realWorld(),
    machine: "doctor.test",
    user: "ann",
  });
  const report = words.includes("--json") ? (JSON.parse(out) as Pick<Said, "findings">) : { findings: [] };
  return { code, out, findings: report.findings };
}

async function configOf(dataDir: string, port: number, more = ""): Promise<string> {
  const file = join(dir, `${port}.toml`);
  const own = `hostname = "mx.shop.example"\ndata_dir = ${JSON.stringify(dataDir)}\n${more}`;
  const rest = `[[listen]]\naddress = "127.0.0.1:${port}"\n[dns]\nservers = ["127.0.0.1:${dns.port}"]\n`;
  await writeFile(file, own + rest);
  return file;
}

const onLinux = process.platform !== "linux" && "only Linux tells which program has a port";

test("beside a running server: it is asked, its store and its queue are looked at", { skip: onLinux }, async () => {
  await using server = await runServer();
  const { findings, code, out } = await check(await configOf(server.dataDir, server.port), "--json");
  const ids = findings.map(({ id }) => id);
  for (const id of ["self.running", "port.ours", "store.good", "queue.counts", "files.good"])
    assert.ok(ids.includes(id), `${id} is not in ${ids.join(", ")}`);
  assert.ok(findings.some(({ id, values }) => /^disk\.(?:good|slow)$/.test(id) && Number(values["ms"]) > 0));
  assert.equal(findings.find(({ id }) => id === "self.running")?.values["pid"], process.pid);
  assert.equal(code, 1, out); // the DNS server of the test knows no top-level domain
  assert.deepEqual(
    findings.filter(({ level, id }) => level === "error" && !id.startsWith("disk.")).map(({ id }) => id),
    ["resolver.none"],
  );
});

/** Another program on a port of its own. */
async function occupied(t: TestContext): Promise<number> {
  const other = createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  return (other.address() as AddressInfo).port;
}

test("another program has the port: it is named", { skip: onLinux }, async (t) => {
  const port = await occupied(t);
  const config = await configOf(join(dir, "empty"), port);
  const { findings } = await check(config, "--json");
  const taken = findings.find(({ id }) => id === "port.taken");
  assert.equal(taken?.values["pid"], process.pid);
  assert.match(String(taken.values["program"]), /\S/);
  const { out, code } = await check(config);
  assert.equal(code, 1);
  assert.match(out, new RegExp(`x Ports +127\\.0\\.0\\.1:${port} is taken by .+\\s+\\(process ${process.pid}\\)`));
  assert.match(out, /- Running server +No Waybill is running/);
});

test("start, too: after the reason why it cannot, the name of the program", { skip: onLinux }, async (t) => {
  const port = await occupied(t);
  const said = t.mock.method(console, "error", () => {});
  assert.equal(await start({ configFile: await configOf(join(dir, "start"), port, '[log]\nlevel = "silent"\n') }), 71);
  const text = said.mock.calls.map(({ arguments: [line] }) => String(line)).join("\n");
  assert.match(text, new RegExp(`^waybill: .*\nwaybill: error: 127\\.0\\.0\\.1:${port} is taken by `));
});

test("a configuration that is wrong is a finding", async () => {
  const file = join(dir, "wrong.toml");
  await writeFile(file, "hostname = 5\n");
  const { code, findings } = await check(file, "--json");
  assert.equal(code, 1);
  assert.deepEqual(
    findings.map(({ id }) => id),
    ["config.bad"],
  );
});

const windows = process.platform === "win32" && "another system of rights";
test("a folder that everybody may write to", { skip: windows }, async () => {
  const data = await mkdtemp(join(dir, "open-"));
  await chmod(data, 0o777);
  const { findings } = await check(await configOf(data, await freePort()), "--json");
  assert.ok(findings.some(({ id }) => id === "files.folder-open"));
});
