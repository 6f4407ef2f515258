// `waybill destinations` against a control socket: what a person types and sees.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createControlApi } from "../../src/api/control.ts";
import { serveControl } from "../../src/api/control-socket.ts";
import { main } from "../../src/cli/waybill.ts";
import type { DestinationStatus } from "../../src/deliver/pacing/status.ts";
import { chunks, delivery, type FakePorts, fakePorts, host, minute, noon } from "./fake-ports.ts";

const numbers = { connections: 5, maxConnections: 20, messagesPerConnection: 100, inHand: 0, inSession: 0, causes: {} };
const open: DestinationStatus = { ...numbers, site: "mx.fine.example", domains: ["fine.example"], state: "open" };
const closed: DestinationStatus = {
  ...numbers,
  site: "mx.there.example mx2.there.example",
  domains: ["there.example", "friends.example"],
  state: "closed",
  connections: 1,
  since: noon - 10 * minute,
  until: noon + 4 * minute,
  failures: 3,
  because: { kind: "unreachable", host, problem: "timeout", text: "no answer in 30000 ms" },
};
const slowed: DestinationStatus = {
  ...numbers,
  site: "mx.busy.example",
  domains: [],
  state: "slowed",
  causes: { greylisted: 2, "sending-too-fast": 1200 },
  connections: 2,
  messagesPerMinute: 42.7,
  inHand: 3,
  since: noon - 2 * minute,
  because: {
    kind: "refused",
    host: { name: "mx.busy.example" },
    stage: "mail",
    reply: { code: 421, enhanced: "4.7.0", lines: ["slow\u001b[2J down"] },
  },
};
const suspended: DestinationStatus = {
  ...numbers,
  site: "mx.moving.example",
  domains: ["moving.example"],
  state: "suspended",
  suspended: "they move house",
};

interface Desk {
  readonly ports: FakePorts;
  readonly run: (...words: string[]) => Promise<{ code: number; out: string; error: string }>;
}

async function desk(t: TestContext, { isTTY }: { isTTY?: boolean } = {}): Promise<Desk> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  const config = join(dir, "waybill.toml");
  await writeFile(config, `data_dir = "${dir}"\n`);
  const ports = fakePorts();
  ports.sites.push(suspended, closed, slowed, open);
  const server = await serveControl(createControlApi(ports), join(dir, "control.sock"));
  t.after(() => server[Symbol.asyncDispose]());
  const run = async (...words: string[]) => {
    const written = { out: "", error: "" };
    const code = await main(["node", "waybill", "destinations", ...words, "--config", config], {
      stdin: chunks(),
      stdout: { write: (text) => (written.out += text), ...(isTTY && { isTTY, columns: 120 }) },
      stderr: { write: (text) => (written.error += text) },
      environment: { NO_COLOR: "1" },
      world: { now: () => noon, random: () => 0, sleep: async () => {} },
      machine: "here.example",
      user: "ann",
    });
    return { code, ...written };
  };
  return { ports, run };
}

test("on a terminal: those in trouble, with the reason in words and what comes next", async (t) => {
  const { run } = await desk(t, { isTTY: true });
  const { code, out } = await run();
  assert.equal(code, 0);
  const lines = out.split("\n");
  assert.match(lines[0]!, /^STATE +CONNECTIONS +RATE +IN HAND +DESTINATION$/);
  assert.match(lines[1]!, /^suspended +5 of 20 +- +0 +moving\.example \(mx\.moving\.example\)$/);
  assert.equal(lines[2], "    suspended by the operator: they move house");
  assert.match(lines[3]!, /^closed +1 of 20 .*there\.example and others \(mx\.there\.example mx2\.there\.example\)$/);
  assert.match(lines[4]!, /did not take the connection in time: .*; 3 failures in a row, a probe goes in 4 min$/);
  assert.match(lines[5]!, /^slowed +2 of 20 +42\/min +3 +mx\.busy\.example$/);
  assert.match(
    lines[6]!,
    /^ {4}slowed down 2 min ago: mx\.busy\.example answered MAIL FROM with 421 4\.7\.0 slow \[2J down; since the start 1,200 sending-too-fast, 2 greylisted$/,
  );
  assert.equal(lines[7], "4 destinations are known; at 1 of them all is well, --all shows them.");
});

test("for programs: tabs or JSON; one by a domain it takes mail for", async (t) => {
  const { run } = await desk(t);
  const { out } = await run();
  assert.deepEqual(
    out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t")[0]),
    ["suspended", "closed", "slowed"],
  );
  const one = await run("list", "friends.example", "--json");
  assert.deepEqual(JSON.parse(one.out), closed);
  const all = await run("--all", "--json");
  assert.equal(all.out.trimEnd().split("\n").length, 4);
});

test("suspend, resume and drain name the destination and say how many are due", async (t) => {
  const { ports, run } = await desk(t);
  ports.deliveries.push(delivery());
  assert.equal(
    (await run("suspend", "MX2.there.example", "--because", "they asked us to")).out,
    `Suspended: ${closed.site}.\n`,
  );
  assert.equal((await run("resume", "there.example")).out, `Resumed: ${closed.site}; 1 delivery due now.\n`);
  const drained = await run("drain", "there.example", "--json");
  assert.deepEqual(JSON.parse(drained.out), { site: closed.site, action: "drain", due: 1 });
  assert.deepEqual(ports.steps, [
    `suspend ${closed.site}: they asked us to`,
    `resume ${closed.site}`,
    `drain ${closed.site}`,
  ]);
  assert.equal(ports.wakes, 3);
  assert.deepEqual(ports.changes.map(({ filter, action }) => [filter, action])[0], [
    { domain: "there.example" },
    "retry",
  ]);
});

test("a destination that nobody knows", async (t) => {
  const { run, ports } = await desk(t);
  const { code, error } = await run("suspend", "nowhere.example");
  assert.equal(code, 66);
  assert.match(error, /nothing is known of a destination "nowhere\.example": name a recipient domain/);
  assert.deepEqual(ports.steps, []);
  assert.equal((await run("suspend")).code, 64);
});
