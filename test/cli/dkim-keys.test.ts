// `waybill dkim keygen`, `rotate`, `drop` and `list`, against a DNS server on loopback.
import assert from "node:assert/strict";
import { Command } from "commander";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { addDkimKeys } from "../../src/cli/commands/dkim-keys.ts";
import type { Context } from "../../src/cli/context.ts";
import { CommandError } from "../../src/cli/exit-codes.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { startDnsServer } from "../../src/lab/dns-server.ts";
import { fakeWorld } from "../support/fake-world.ts";

const dayMs = 86_400_000;

interface Row {
  readonly selector: string;
  readonly state: string;
  readonly dns: { readonly kind: string };
  readonly advice: string | null;
  readonly record: { readonly name: string; readonly value: string; readonly zone: string };
}

async function desk(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  const config = join(dir, "waybill.toml");
  await writeFile(config, `data_dir = ${JSON.stringify(dir)}\n`);
  const zone = parseZone("ours.lab A 192.0.2.1");
  const dns = await startDnsServer({ zone });
  t.after(() => dns.close());
  const world = fakeWorld();
  /** What is printed, and the exit code when it is not 0. */
  const run = async (...line: string[]): Promise<string> => {
    let out = "";
    const write = (text: string) => (out += text);
    const context: Context = {
      stdin: (async function* () {})(),
      stdout: { write },
      stderr: { write },
      environment: {},
      world,
      machine: "mx.ours.lab",
      user: "ann",
    };
    const dkim = new Command("dkim").exitOverride().configureOutput({ writeErr: write });
    addDkimKeys(dkim, context);
    const asking = line[0] === "drop" ? [] : ["--resolver", `127.0.0.1:${dns.port}`];
    const server = [...asking, "--config", config];
    await dkim.parseAsync([...line, ...server], { from: "user" }).catch((error: unknown) => {
      if (error instanceof CommandError) out += `${error.message}\nexit ${error.exitCode}`;
      else throw error;
    });
    return out;
  };
  const rows = async (...line: string[]): Promise<Row[]> =>
    (await run(...line, "--json"))
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Row);
  const publish = ({ record }: Row): unknown => parseZone(`${record.name} TXT "${record.value}"`, zone);
  const states = (rows: readonly Row[]): string[] => rows.map(({ selector, state }) => `${selector} ${state}`);
  return { zone, world, run, rows, publish, states };
}

test("keygen makes keys once, shows what to publish, and says when it is there", async (t) => {
  const { run, rows, publish, states, zone } = await desk(t);
  assert.match(await run("list"), /^No domain has keys.*waybill dkim keygen DOMAIN/);
  const first = await run("keygen", "Ours.lab");
  assert.match(first, /^Key 20260101-rsa of ours\.lab \(rsa\), new, in \S+\/dkim\/ours\.lab\/20260101-rsa\.pem$/m);
  assert.match(
    first,
    /^20260101-rsa\._domainkey\.ours\.lab\. 3600 IN TXT \( "v=DKIM1; k=rsa; p=[^"]+"\n {4}"[^"]+" \)$/m,
  );
  assert.match(first, /^20260101-ed25519\._domainkey\.ours\.lab\. 3600 IN TXT "v=DKIM1; k=ed25519; p=.{44}"$/m);
  assert.match(
    first,
    /^ {2}Name {3}20260101-rsa\._domainkey .*\n {2}Type {3}TXT\n {2}Value {2}v=DKIM1; k=rsa; p=[\w+/=]{392}$/m,
  );
  assert.match(first, /looks at DNS every five minutes/);

  const made = await rows("keygen", "ours.lab");
  assert.deepEqual(states(made), ["20260101-rsa new", "20260101-ed25519 new"], "not made again");
  publish(made[0]!);
  parseZone(`${made[1]!.record.name} TXT "${made[1]!.record.value.slice(0, 40)}"`, zone);
  const table = await run("list");
  assert.match(table, /^ours\.lab +20260101-rsa +rsa +active +right +0 s$/m);
  assert.match(
    table,
    /^ours\.lab +20260101-ed25519 +ed25519 +new +wrong +0 s\n +the key in the TXT record .* is cut off/m,
  );
  const third = await rows("keygen", "ours.lab", "--algorithm", "rsa", "--selector", "Extra");
  assert.deepEqual(states(third).slice(2), ["extra new"]);
});

test("keygen says what the host's own name needs, where it is below the domain", async (t) => {
  const { run } = await desk(t);
  const lines = await run("keygen", "ours.lab", "--algorithm", "ed25519");
  assert.match(
    lines,
    /^Bounces come from MAILER-DAEMON@mx\.ours\.lab, [^]*^mx\.ours\.lab\. 3600 IN TXT "v=spf1 a -all"$/m,
  );
  for (const domain of ["theirs.lab", "mx.ours.lab", "s.lab"])
    assert.doesNotMatch(await run("keygen", domain, "--algorithm", "ed25519"), /spf1/, domain);
});

test("a record with the domain twice in its name is told of by keygen and list", async (t) => {
  const { run, rows, zone } = await desk(t);
  const [key] = await rows("keygen", "ours.lab", "--algorithm", "ed25519", "--selector", "s");
  parseZone(`${key!.record.name}.ours.lab TXT "${key!.record.value}"`, zone);
  const words = "its record stands at s._domainkey.ours.lab.ours.lab, with the domain twice";
  for (const command of ["list", "keygen"])
    assert.ok(
      (await run(command, "ours.lab", ...(command === "list" ? [] : ["--selector", "s"]))).includes(words),
      command,
    );
});

test("drop takes back a key that never signed, and says why it keeps others", async (t) => {
  const { run, rows, publish, states } = await desk(t);
  for (const row of await rows("keygen", "ours.lab", "--algorithm", "rsa")) publish(row);
  await run("list");
  assert.match(await run("rotate", "ours.lab"), /are in use\..*--algorithm both$/m, "they came into use just now");
  const next = await rows("rotate", "ours.lab", "--algorithm", "rsa");
  assert.deepEqual(states(next), ["20260101-rsa active", "20260101-2-rsa new"]);
  assert.match(await run("drop", "ours.lab", "20260101-2-rsa"), /^Dropped 20260101-2-rsa of ours\.lab\./);
  assert.deepEqual(states(await rows("list", "ours.lab")), ["20260101-rsa active"]);
  assert.match(
    await run("drop", "ours.lab", "20260101-rsa"),
    /ours\.lab signs; .*waybill dkim rotate ours\.lab\.\nexit 69/,
  );
  assert.match(await run("drop", "ours.lab", "20260101-2-rsa"), /there is no key 20260101-2-rsa in [^]*exit 66/);
});

test("rotate takes two steps: the next keys, then the change; the old record stays a week", async (t) => {
  const { world, run, rows, publish, states, zone } = await desk(t);
  assert.match(await run("rotate", "ours.lab"), /has no keys yet.*keygen ours\.lab\nexit 66/);
  for (const row of await rows("keygen", "ours.lab", "--algorithm", "rsa")) publish(row);
  await run("list");
  await world.advance(400 * dayMs);
  assert.match(await run("list"), /it has signed for 400 days: change it with waybill dkim rotate/);

  const next = await rows("rotate", "ours.lab");
  assert.deepEqual(states(next), ["20260101-rsa active", "20270205-rsa new"]);
  assert.match(await run("rotate", "ours.lab"), /Publish this TXT record/, "it is not there yet: the same again");
  publish(next[1]!);
  assert.deepEqual(states(await rows("list", "ours.lab")), ["20260101-rsa active", "20270205-rsa published"]);
  assert.match(await run("rotate", "ours.lab"), /The new keys of ours\.lab are in use\./);
  assert.deepEqual(
    states(await rows("rotate", "ours.lab")),
    ["20260101-rsa retired", "20270205-rsa active"],
    "and no third",
  );

  assert.match(await run("list"), /leave its record in DNS for 7 more days/);
  await world.advance(8 * dayMs);
  assert.match(await run("list"), /set it to "v=DKIM1; p="/);
  zone.delete(next[1]!.record.name);
  assert.match(await run("list"), /no signature can be verified: publish it at once[^]*exit 1$/);
  zone.set(next[1]!.record.name, { records: [], faults: new Map([["ALL", "SERVFAIL"]]) });
  assert.doesNotMatch(await run("list"), /exit/, "DNS that fails says nothing of the record");
});
