// Installations in a lab of fakes, each broken in one way: `check self` finds it, says who can fix it and what to change; a
// healthy one is in order. Rewrite the table of docs/checks.md with: node test/check/broken-self.test.ts --update
import assert from "node:assert/strict";
import { test } from "node:test";
import { selfFindings } from "../../src/check/catalogue/self.ts";
import type { Finding, FindingId, Level } from "../../src/check/finding.ts";
import { startWarning } from "../../src/check/self/at-start.ts";
import type { Machine } from "../../src/check/self/ports.ts";
import { wordsOf } from "../../src/check/words.ts";
import { brokenInstallations } from "./broken-self.ts";
import { lookAt, lookQuickly, now, running, visited, waiting } from "./self-lab.ts";
import { compareTable } from "./table.ts";

/** As found, by what is broken. */
const levels = new Map<string, Level>();

/** What asks for something to be done, or could not be seen. */
const troubles = (findings: readonly Finding[]): FindingId[] =>
  findings.filter(({ level }) => level === "error" || level === "warning" || level === "unknown").map(({ id }) => id);

test("a healthy installation is in order, and every check looked at it", async () => {
  visited.length = 0;
  const report = await lookAt({ settings: { dns_list: [{ name: "bl.example", of: "address", weight: 3 }] } });
  assert.deepEqual(troubles(report.findings), []);
  assert.deepEqual(
    report.findings.filter(({ level }) => level !== "good").map(({ id }) => id),
    [],
  );
  const isDone = new Set(report.findings.map(({ id }) => id.split(".")[0]));
  for (const about of [
    "self",
    "config",
    "port",
    "hostname",
    "reverse",
    "certificate",
    "files",
    "disk",
    "store",
    "queue",
  ])
    assert.ok(isDone.has(about), about);
  assert.ok(report.checks.every(({ ended }) => ended === "done"));
  assert.deepEqual(visited, ["mx.other.example"], "one connection, and no command");
});

test("without a probe or a route, only hosts are visited that the server sends to", async () => {
  visited.length = 0;
  const named = await lookAt({ question: { probes: [] } });
  assert.deepEqual(visited, []);
  assert.ok(named.findings.some(({ id }) => id === "outbound.nobody-named"));
  const behindNat = { drop: ["mx.shop.example A"], add: ["mx.shop.example A 203.0.113.80"] };
  await lookAt({ question: { probes: [] }, ...behindNat });
  assert.deepEqual(visited, [], "our own name is we, whatever its address");
  const destinations = [{ site: "mx.other.example", domains: ["other.example"], state: "open" as const }];
  await lookAt({ question: { probes: [] }, queue: { destinations } });
  assert.deepEqual(visited, ["mx.other.example"]);
});

test("mail for a destination that is left alone, or suspended, is not stuck", async () => {
  const late = { state: "deferred", dueAt: now - 3_600_000 } as const;
  const queue = {
    counts: { due: 0, deferred: 1, claimed: 0, held: 0 },
    nextDueAt: late.dueAt,
    oldest: [waiting(late)],
  };
  const site = { site: "slow", domains: ["slow.example"] };
  for (const state of ["closed", "suspended"] as const) {
    const { findings } = await lookAt({ queue: { ...queue, destinations: [{ ...site, state }] } });
    assert.deepEqual(troubles(findings), []);
  }
  const { findings } = await lookAt({ queue: { ...queue, destinations: [{ ...site, state: "open" }] } });
  assert.deepEqual(troubles(findings), ["queue.stuck"]);
});

test("one slow write among quick ones is no matter", async () => {
  const { findings } = await lookAt({ machine: { syncs: async () => [1, 900, 1, 2, 1] } });
  assert.deepEqual(troubles(findings), []);
  assert.equal(findings.find(({ id }) => id === "disk.good")?.values["longest"], "900");
});

test("the queue is judged by the clock of the server", async () => {
  const later = now + 10 * 86_400_000;
  const { findings } = await lookAt({
    server: running({ now: later }),
    queue: { nextDueAt: later + 1_000, oldest: [waiting({ receivedAt: later - 60_000, dueAt: later + 1_000 })] },
  });
  assert.deepEqual(troubles(findings), []);
});

test("who may not look hears that, and no false alarm", async () => {
  const denied = { kind: "denied", text: "EACCES" } as const;
  const { findings } = await lookAt({
    machine: { userId: 1_000, mayWrite: async () => false },
    accounts: { kind: "bad", text: "EACCES" },
    server: denied,
    store: { ...denied, place: "/var/lib/waybill" },
    sockets: [
      { address: "::", port: 25, user: "user 106" },
      { address: "::", port: 465, user: "user 106" },
    ],
  });
  assert.deepEqual(troubles(findings), ["self.denied", "accounts.denied", "disk.not-writable", "store.denied"]);
  assert.ok(findings.every(({ level }) => level !== "error"));
});

test("a mailbox server and Dovecot that greet are in order, and each is asked once", async () => {
  const asked: object[] = [];
  const settings = {
    domain: ["shop.example", "two.example"].map((name) => ({ name, deliver: "lmtp:127.0.0.1:24" })),
    submission: { dovecot: "/run/dovecot/auth-client" },
  };
  const firstLine: Machine["firstLine"] = async (to) => {
    asked.push(to);
    return { kind: "line", text: "path" in to ? "VERSION\t1\t2" : "220 mail LMTP" };
  };
  const { findings } = await lookAt({ settings, machine: { firstLine } });
  const ids = findings.map(({ id }) => id);
  assert.ok(ids.includes("mailbox-server.good") && ids.includes("dovecot.good"), ids.join(" "));
  assert.deepEqual(asked, [{ host: "127.0.0.1", port: 24 }, { path: "/run/dovecot/auth-client" }]);
});

for (const broken of brokenInstallations)
  test(`broken: ${broken.what}`, async () => {
    const { finds, who, change, also = [] } = broken;
    const { findings } = await lookAt(broken);
    const finding = findings.find(({ id }) => id === finds);
    assert.ok(finding, `found only ${troubles(findings).join(", ")}`);
    assert.equal(finding.whoActs, who);
    levels.set(broken.what, finding.level);
    const { found, todo } = wordsOf(finding);
    assert.match(todo.join("\n"), change);
    for (const text of [found, ...todo]) assert.doesNotMatch(text, /[{}]|undefined| {2}/);
    assert.deepEqual(
      troubles(findings).filter((id) => id !== finds && !also.includes(id)),
      [],
    );
  });

test("each error and warning of this check has a case", () => {
  const seen = new Set<string>(brokenInstallations.map(({ finds }) => finds));
  const wanted = Object.entries(selfFindings).filter(([, { level }]) => level === "error" || level === "warning");
  const missing = wanted.map(([id]) => id).filter((id) => !seen.has(id) && id !== "config.bad");
  assert.deepEqual(missing, []);
});

test("start asks nobody, and warns in words", async () => {
  visited.length = 0;
  const { findings } = await lookQuickly({
    server: { kind: "not-running" },
    sockets: [{ address: "0.0.0.0", port: 25, user: "root", program: "exim4", pid: 99 }],
    machine: { syncs: () => assert.fail("no time for that") },
    settings: { tls: { certificate: "/etc/waybill/expired.pem", key: "/etc/waybill/expired.pem" } },
  });
  assert.deepEqual(troubles(findings), ["port.taken", "tls.expired"]);
  assert.deepEqual(visited, []);
  const taken = findings.find(({ id }) => id === "port.taken");
  assert.match(
    startWarning(taken!),
    /^waybill: error: \[::\]:25 is taken by exim4 \(process 99\)\. Waybill cannot listen there, and does not start\.\n {2}Stop exim4/,
  );
});

test("docs/checks.md has the table", () =>
  compareTable(
    "self",
    brokenInstallations.map(({ what, finds, who }) => ({ what, finds, who, level: levels.get(what) })),
  ));
