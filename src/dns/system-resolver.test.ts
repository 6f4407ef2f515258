// Against a real server on loopback: what c-ares says in each case is what its errors are mapped by.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { DnsServer } from "../lab/dns-server.ts";
import { startDnsServer } from "../lab/dns-server.ts";
import type { Resolver } from "./resolver.ts";
import { createResolver } from "./system-resolver.ts";
import { parseZone } from "./zone.ts";

const longText = "long ".repeat(200);

const zone = parseZone(`
  example.lab MX 20 mx2.example.lab
  example.lab MX 10 MX1.Example.LAB
  example.lab A 192.0.2.1
  example.lab A 192.0.2.2
  example.lab AAAA 2001:db8::1
  example.lab TXT v=spf1 -all
  long.lab TXT ${longText}
  192.0.2.1 PTR Host.example.lab
  2001:db8::1 PTR host6.example.lab
  192.0.2.2 A 192.0.2.2
  2001:db8::2 A 192.0.2.2
  192.0.2.3 SERVFAIL
  192.0.2.4 SILENT
  nomail.lab MX 0 .
  alias.lab CNAME example.lab
  gone.lab CNAME nowhere.lab
  none.lab PTR none.lab
  broken.lab SERVFAIL
  slow.lab SILENT
`);

describe("the system resolver", () => {
  let server: DnsServer;
  let resolver: Resolver;
  let impatient: Resolver;

  before(async () => {
    server = await startDnsServer({ zone });
    const servers = [`${server.address}:${server.port}`];
    resolver = createResolver({ servers, timeoutMs: 5_000 });
    impatient = createResolver({ servers, timeoutMs: 30 });
  });
  after(() => server.close());

  const found = (...records: unknown[]) => ({ kind: "found", records });

  test("finds records of each type", async () => {
    const mx = await resolver.mx("example.lab");
    assert.deepEqual(
      mx,
      found({ preference: 20, exchange: "mx2.example.lab" }, { preference: 10, exchange: "mx1.example.lab" }),
    );
    assert.deepEqual(await resolver.a("example.lab"), found("192.0.2.1", "192.0.2.2"));
    assert.deepEqual(await resolver.aaaa("example.lab"), found("2001:db8::1"));
    assert.deepEqual(await resolver.txt("example.lab"), found("v=spf1 -all"));
    assert.deepEqual(await resolver.ptr("192.0.2.1"), found("host.example.lab"));
    assert.deepEqual(await resolver.ptr("2001:db8::1"), found("host6.example.lab"));
  });

  test("null MX is the empty exchange (RFC 7505)", async () => {
    assert.deepEqual(await resolver.mx("nomail.lab"), found({ preference: 0, exchange: "" }));
  });

  test("a CNAME is followed", async () => {
    assert.deepEqual(await resolver.a("alias.lab"), found("192.0.2.1", "192.0.2.2"));
    assert.deepEqual(await resolver.a("gone.lab"), { kind: "no-such-domain" });
  });

  test("an answer too long for UDP comes by TCP, its strings joined", async () => {
    assert.deepEqual(await resolver.txt("long.lab"), found(longText.trim()));
  });

  for (const type of ["mx", "a", "aaaa", "txt"] as const) {
    test(`${type}: four ways of failing, kept apart`, async () => {
      assert.deepEqual(await resolver[type]("absent.lab"), { kind: "no-such-domain" });
      assert.deepEqual(await resolver[type]("none.lab"), { kind: "no-data" });
      const broken = await resolver[type]("broken.lab");
      assert.equal(broken.kind, "server-failure");
      assert.match(broken.kind === "server-failure" ? broken.text : "", /SERVFAIL.*broken\.lab/);
      assert.deepEqual(await impatient[type]("slow.lab"), { kind: "timeout" });
    });
  }

  test("ptr: four ways of failing, kept apart", async () => {
    assert.deepEqual(await resolver.ptr("192.0.2.99"), { kind: "no-such-domain" });
    assert.deepEqual(await resolver.ptr("192.0.2.2"), { kind: "no-data" });
    assert.equal((await resolver.ptr("192.0.2.3")).kind, "server-failure");
    assert.deepEqual(await impatient.ptr("192.0.2.4"), { kind: "timeout" });
    assert.deepEqual(await resolver.ptr("not an address"), { kind: "no-such-domain" });
  });

  test("a name that no server can know does not exist", async () => {
    assert.deepEqual(await resolver.a("a..lab"), { kind: "no-such-domain" });
    assert.deepEqual(await resolver.mx(`${"x".repeat(64)}.lab`), { kind: "no-such-domain" });
  });

  test("a change of the zone is seen at once: nothing is kept here", async () => {
    parseZone("new.lab A 192.0.2.7", zone);
    assert.deepEqual(await resolver.a("new.lab"), found("192.0.2.7"));
    zone.delete("new.lab");
    assert.deepEqual(await resolver.a("new.lab"), { kind: "no-such-domain" });
  });

  test("localhost is loopback and is not asked for (RFC 6761 §6.3); names of /etc/hosts are", async () => {
    parseZone("localhost A 192.0.2.66", zone);
    assert.deepEqual(await resolver.a("localhost"), found("127.0.0.1"));
    assert.deepEqual(await resolver.aaaa("LOCALHOST"), found("::1"));
    assert.deepEqual(await resolver.mx("localhost"), { kind: "no-data" });
    assert.deepEqual(await resolver.ptr("127.0.0.1"), { kind: "no-such-domain" });
  });

  test("a dead server does not keep a live one from answering", async (context) => {
    const servers = [await silentServer(context), `127.0.0.1:${server.port}`];
    const answer = await createResolver({ servers, timeoutMs: 200 }).a("example.lab"); // the next is asked after 50 ms
    assert.equal(answer.kind, "found");
  });
});

/** A server that takes questions and says nothing; ends with the test. */
async function silentServer(context: TestContext): Promise<string> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  context.after(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

test("a question ends when its time is over", async (context) => {
  const servers = [await silentServer(context)];
  context.mock.timers.enable({ apis: ["setTimeout"] }); // not c-ares' own clock, by which this would take minutes
  const asked = createResolver({ servers, timeoutMs: 100_000 }).a("example.lab");
  context.mock.timers.tick(99_999);
  assert.equal(await Promise.race([asked, Promise.resolve("open")]), "open");
  context.mock.timers.tick(1);
  assert.deepEqual(await asked, { kind: "timeout" });
});

test("a silent server is given the whole time", async (context) => {
  const resolver = createResolver({ servers: [await silentServer(context)], timeoutMs: 20 });
  const start = performance.now();
  assert.deepEqual(await resolver.a("example.lab"), { kind: "timeout" });
  const tookMs = performance.now() - start;
  assert.ok(tookMs >= 19, `${tookMs} ms is too early`);
});

test("servers are addresses, with or without a port", () => {
  for (const server of ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53", "2001:db8::53"])
    assert.doesNotThrow(() => createResolver({ servers: [server], timeoutMs: 1 }), server);
  for (const server of ["ns.example.org", "192.0.2.53:x", "192.0.2.53:99999", ""])
    assert.throws(
      () => createResolver({ servers: [server], timeoutMs: 1 }),
      new RegExp(`dns.servers: "${server}" is not.*Write`),
    );
});
