// How long a check of a domain takes when something does not answer, by a clock that is not the wall's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDomain } from "../../src/check/domain/check-domain.ts";
import type { Connector, Line } from "../../src/check/net/connector.ts";
import type { Fetched } from "../../src/check/net/web.ts";
import type { Report } from "../../src/check/run.ts";
import { checkLimits } from "../../src/check/tools.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import type { Resolver } from "../../src/dns/resolver.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { type FakeWorld, fakeWorld } from "../support/fake-world.ts";

const zone = `
a.example MX 10 mx.a.example
mx.a.example A 192.0.2.1
mx.a.example A 192.0.2.2
`;

/** Silent names take as long as a resolver waits. */
function slowResolver(world: FakeWorld, lines: string): Resolver {
  const fake = fakeResolver(`${zone}${lines}`);
  const slowly =
    <T extends { readonly kind: string }>(ask: (name: string) => Promise<T>) =>
    async (name: string) => {
      const answer = await ask(name);
      if (answer.kind === "timeout") await world.sleep(checkLimits.dnsMs);
      return answer;
    };
  return {
    mx: slowly((name) => fake.mx(name)),
    a: slowly((name) => fake.a(name)),
    aaaa: slowly((name) => fake.aaaa(name)),
    txt: slowly((name) => fake.txt(name)),
    ptr: slowly((name) => fake.ptr(name)),
  };
}

const noWeb = async (): Promise<Fetched> => ({ kind: "failed", problem: "connect", text: "no" });

async function check(connector: (world: FakeWorld) => Connector, lines = ""): Promise<Report> {
  const world = fakeWorld();
  const state = { isDone: false };
  const running = checkDomain({
    world,
    resolver: recordingResolver(slowResolver(world, lines), world),
    raw: { ask: async () => ({ answer: { kind: "no-data" }, isAuthentic: false }) },
    connector: connector(world),
    web: { get: noWeb, post: noWeb },
    dnsServers: [],
    question: {
      domain: "a.example",
      hello: "doctor.test",
      port: 25,
      selectors: [],
      senders: [],
      lists: [],
      isPublic: () => true,
      limits: checkLimits,
    },
  }).finally(() => (state.isDone = true));
  for (let i = 0; !state.isDone && i < 200; i++) await world.advance(100);
  return running;
}

const blackHole = (world: FakeWorld): Connector => ({
  async connect(_to, { timeoutMs }) {
    await world.sleep(timeoutMs);
    return { kind: "failed", problem: "timeout", text: "no answer" };
  },
});

/** Takes the connection, and never greets. */
const silent = (world: FakeWorld): Connector => ({
  async connect(place) {
    const line: Line = {
      place,
      async read(timeoutMs) {
        await world.sleep(timeoutMs);
        return { kind: "ended", because: "silent", text: "nothing", unread: "" };
      },
      write: () => {},
      secure: async () => ({ kind: "failed", problem: "closed", code: "", text: "" }),
      close: () => {},
    };
    return { kind: "open", line };
  },
});

const stuck = (): Connector => ({ connect: () => new Promise(() => {}) });

const idsOf = ({ findings }: Report): string[] => findings.map(({ id }) => id);

test("servers that do not answer cost less than ten seconds, and all else is told", async () => {
  const report = await check(blackHole);
  assert.ok(report.tookMs < 10_000, `${report.tookMs} ms`);
  assert.equal(idsOf(report).filter((id) => id === "server.no-answer").length, 2);
  assert.ok(idsOf(report).includes("spf.missing"));
});

test("not even DNS that is silent everywhere takes longer", async () => {
  const report = await check(blackHole, "mx.a.example SILENT\na.example TXT SILENT\n_dmarc.a.example SILENT\n");
  assert.ok(report.tookMs < 10_000, `${report.tookMs} ms`);
  assert.ok(idsOf(report).includes("dns.no-answer"));
});

test("servers that make strangers wait are given six seconds, and the whole check less than ten", async () => {
  const report = await check(silent);
  assert.ok(report.tookMs >= 6_000 && report.tookMs < 10_000, `${report.tookMs} ms`);
  assert.equal(idsOf(report).filter((id) => id === "server.silent").length, 2);
});

test("nor does a connector that never comes back", async () => {
  const report = await check(stuck);
  assert.ok(report.tookMs < 10_000, `${report.tookMs} ms`);
  assert.equal(idsOf(report).filter((id) => id === "check.too-late").length, 2);
});
