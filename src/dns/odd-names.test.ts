// Names that are no host names reach the server, and the ways of failing are kept apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startDnsServer } from "../lab/dns-server.ts";
import { createResolver } from "./system-resolver.ts";
import { parseZone } from "./zone.ts";

const zone = parseZone(`
ann+news.example A 192.0.2.1
ann+news.example AAAA 2001:db8::1
ann+news.example TXT "plus"
ann+news.example MX 10 MX.example
a=b.example CNAME c!d.example
c!d.example A 192.0.2.2
long~.example TXT "${"x".repeat(2_000)}"
broken'.example SERVFAIL
silent!.example SILENT
`);

test("odd names", async () => {
  const server = await startDnsServer({ zone });
  try {
    const resolver = createResolver({ servers: [`${server.address}:${server.port}`], timeoutMs: 150 });
    const found = <T>(...records: T[]) => ({ kind: "found", records });
    assert.deepEqual(await resolver.a("Ann+News.example"), found("192.0.2.1"));
    assert.deepEqual(await resolver.aaaa("ann+news.example"), found("2001:db8::1"));
    assert.deepEqual(await resolver.txt("ann+news.example"), found("plus"));
    assert.deepEqual(await resolver.mx("ann+news.example"), found({ preference: 10, exchange: "mx.example" }));
    assert.deepEqual(await resolver.a("a=b.example"), found("192.0.2.2"));
    assert.deepEqual(await resolver.txt("long~.example"), found("x".repeat(2_000)), "cut in UDP, whole in TCP");
    assert.deepEqual(await resolver.a("long~.example"), { kind: "no-data" });
    for (const name of ["none+.example", "+..example", `${"+".repeat(64)}.example`, `+${".ab".repeat(100)}`])
      assert.deepEqual(await resolver.a(name), { kind: "no-such-domain" }, name);
    assert.equal((await resolver.a("broken'.example")).kind, "server-failure");
    assert.deepEqual(await resolver.a("silent!.example"), { kind: "timeout" });
  } finally {
    await server.close();
  }
});

test("an odd name and a server that is not there", async () => {
  const resolver = createResolver({ servers: ["127.0.0.1:1"], timeoutMs: 50 });
  assert.deepEqual(await resolver.a("a+b.example"), { kind: "timeout" });
});
