// How long a check of a server takes when nothing answers, by a clock that is not the wall's.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connector } from "../../src/check/net/connector.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import { checkServer } from "../../src/check/server/check-server.ts";
import { serverLimits } from "../../src/check/server/inspect.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { type FakeWorld, fakeWorld } from "../support/fake-world.ts";

async function check(connectorIn: (world: FakeWorld) => Connector) {
  const world = fakeWorld();
  const state = { isDone: false };
  const resolver = recordingResolver(
    fakeResolver("mail.a.example A 192.0.2.1\nmail.a.example AAAA 2001:db8::1"),
    world,
  );
  const running = checkServer({
    world,
    resolver,
    raw: { ask: async () => ({ answer: { kind: "no-data" }, isAuthentic: false }) },
    connector: connectorIn(world),
    web: httpsWeb({ resolver }),
    dnsServers: [],
    question: {
      place: { protocol: "imap", host: "mail.a.example", port: 993, security: "tls" },
      hello: "doctor.test",
      isUnprovenFine: false,
      limits: serverLimits,
    },
  }).finally(() => (state.isDone = true));
  for (let i = 0; !state.isDone && i < 1_000; i++) await world.advance(100);
  return running;
}

test("a server that does not answer costs ten seconds at most, other ports included", async () => {
  const report = await check((world) => ({
    async connect(_to, { timeoutMs }) {
      await world.sleep(timeoutMs);
      return { kind: "failed", problem: "timeout", text: `no answer in ${timeoutMs} ms` };
    },
  }));
  assert.deepEqual(
    report.findings.filter(({ level }) => level !== "good").map(({ id }) => id),
    ["connection.no-answer"],
  );
  assert.ok(report.tookMs <= 10_000, `${report.tookMs} ms`);
});

test("nor does a connector that never comes back keep anybody waiting for ever", async () => {
  const report = await check(() => ({ connect: () => new Promise(() => {}) }));
  assert.ok(report.tookMs <= serverLimits.totalMs, `${report.tookMs} ms`);
  assert.ok(report.findings.some(({ id }) => id === "check.too-late"));
});
