import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import type { Domain } from "../mail/address.ts";
import { isPermanent } from "../mail/failure.ts";
import type { MxHosts, MxSettings } from "./mx.ts";
import { mxHosts } from "./mx.ts";

function ask(domain: string, zone: string, changes: Partial<MxSettings> = {}): Promise<MxHosts> {
  return mxHosts(domain as Domain, {
    resolver: fakeResolver(zone),
    world: fakeWorld(),
    ourNames: new Set(["us.lab"]),
    isOurAddress: (address) => address === "192.0.2.250",
    ip: "both",
    port: 25,
    ...changes,
  });
}

async function names(...question: Parameters<typeof ask>): Promise<string[]> {
  const result = await ask(...question);
  assert.equal(result.kind, "hosts", JSON.stringify(result));
  return result.kind === "hosts" ? result.hosts.map(({ name }) => name) : [];
}

async function failure(...question: Parameters<typeof ask>) {
  const result = await ask(...question);
  assert.equal(result.kind, "failed", JSON.stringify(result));
  return result.kind === "failed" ? { ...result.because, permanent: isPermanent(result.because) } : undefined;
}

const addresses = `
  a.lab A 192.0.2.1
  b.lab A 192.0.2.2
  c.lab A 192.0.2.3
  d.lab A 192.0.2.4
  us.lab A 192.0.2.5
  alsous.lab A 192.0.2.250
`;

test("hosts by rising preference, with addresses and port", async () => {
  const zone = `${addresses}
    x.lab MX 30 c.lab
    x.lab MX 5 a.lab
    x.lab MX 10 b.lab
    a.lab AAAA 2001:db8::1`;
  assert.deepEqual(await ask("x.lab", zone, { port: 2525 }), {
    kind: "hosts",
    hosts: [
      { name: "a.lab", addresses: ["192.0.2.1", "2001:db8::1"], port: 2525 },
      { name: "b.lab", addresses: ["192.0.2.2"], port: 2525 },
      { name: "c.lab", addresses: ["192.0.2.3"], port: 2525 },
    ],
  });
});

test("equal preferences are shuffled, and only they (RFC 5321 §5.1)", async () => {
  const zone = `${addresses}
    x.lab MX 10 a.lab
    x.lab MX 10 b.lab
    x.lab MX 10 c.lab
    x.lab MX 20 d.lab`;
  const orders = new Set<string>();
  const world = fakeWorld();
  for (let i = 0; i < 200; i += 1) orders.add((await names("x.lab", zone, { world })).join(" "));
  assert.equal(orders.size, 6, [...orders].join("; "));
  for (const order of orders) assert.match(order, / d\.lab$/);
});

test("a host named twice counts once, at its better preference", async () => {
  const zone = `${addresses}
    x.lab MX 30 a.lab
    x.lab MX 20 b.lab
    x.lab MX 10 a.lab`;
  assert.deepEqual(await names("x.lab", zone), ["a.lab", "b.lab"]);
});

test("without MX records the domain is its own host", async () => {
  assert.deepEqual(await names("a.lab", addresses), ["a.lab"]);
});

test("the implicit MX is for the lack of MX records only, not for a failure", async () => {
  for (const [fault, problem] of [
    ["SERVFAIL", "server-failure"],
    ["SILENT", "timeout"],
  ]) {
    const zone = `x.lab MX ${fault}\nx.lab A 192.0.2.1`;
    assert.deepEqual(await failure("x.lab", zone), {
      kind: "dns",
      problem,
      name: "x.lab",
      query: "MX",
      permanent: false,
    });
  }
});

test("an unusable MX does not bring back the implicit one", async () => {
  const zone = "x.lab MX 10 gone.lab\nx.lab A 192.0.2.1";
  assert.deepEqual(await failure("x.lab", zone), {
    kind: "dns",
    problem: "no-data",
    name: "gone.lab",
    query: "A/AAAA",
    permanent: true,
  });
});

test("a domain that does not exist, and one with neither MX nor address", async () => {
  assert.deepEqual(await failure("absent.lab", ""), {
    kind: "dns",
    problem: "no-such-domain",
    name: "absent.lab",
    query: "MX",
    permanent: true,
  });
  assert.deepEqual(await failure("x.lab", "x.lab TXT hello"), {
    kind: "dns",
    problem: "no-data",
    name: "x.lab",
    query: "MX",
    permanent: true,
  });
});

test("an implicit MX whose address question failed is a temporary failure", async () => {
  assert.deepEqual(await failure("x.lab", "x.lab AAAA SILENT"), {
    kind: "dns",
    problem: "timeout",
    name: "x.lab",
    query: "A/AAAA",
    permanent: false,
  });
});

test("null MX (RFC 7505); among others, '.' is ignored", async () => {
  const zone = `${addresses}
    null.lab MX 0 .
    null.lab A 192.0.2.1
    mixed.lab MX 0 .
    mixed.lab MX 10 a.lab`;
  assert.deepEqual(await failure("null.lab", zone), { kind: "null-mx", domain: "null.lab", permanent: true });
  assert.deepEqual(await names("mixed.lab", zone), ["a.lab"]);
});

test("our own name ends the list: we and all of equal or higher preference are dropped", async () => {
  const zone = `${addresses}
    x.lab MX 5 a.lab
    x.lab MX 10 us.lab
    x.lab MX 10 b.lab
    x.lab MX 20 c.lab`;
  assert.deepEqual(await names("x.lab", zone), ["a.lab"]);
});

test("our own address under another name ends the list too", async () => {
  const zone = `${addresses}
    x.lab MX 5 a.lab
    x.lab MX 10 alsous.lab
    x.lab MX 10 b.lab
    x.lab MX 20 c.lab`;
  assert.deepEqual(await names("x.lab", zone), ["a.lab"]);
});

test("when nothing is left but ourselves, the mail would loop", async () => {
  for (const zone of ["x.lab MX 10 us.lab", "x.lab MX 10 alsous.lab\nx.lab MX 20 a.lab", "x.lab A 192.0.2.250"])
    assert.deepEqual(await failure("x.lab", `${addresses}\n${zone}`), {
      kind: "mx-is-us",
      domain: "x.lab",
      permanent: true,
    });
});

test("what stands behind us in the list is not even asked for", async () => {
  const resolver = fakeResolver(`${addresses}\nx.lab MX 5 a.lab\nx.lab MX 10 us.lab\nx.lab MX 20 c.lab`);
  await ask("x.lab", "", { resolver });
  assert.deepEqual(resolver.questions, ["MX x.lab", "A a.lab", "AAAA a.lab"]);
});

test("hosts without an address are skipped while another has one", async () => {
  const zone = `${addresses}
    x.lab MX 5 gone.lab
    x.lab MX 6 broken.lab
    x.lab MX 10 a.lab
    broken.lab SERVFAIL`;
  assert.deepEqual(await names("x.lab", zone), ["a.lab"]);
});

test("no host with an address: temporary as soon as one question failed", async () => {
  const zone = `
    x.lab MX 5 gone.lab
    x.lab MX 10 broken.lab
    broken.lab SERVFAIL`;
  assert.deepEqual(await failure("x.lab", zone), {
    kind: "dns",
    problem: "server-failure",
    name: "broken.lab",
    query: "A/AAAA",
    permanent: false,
  });
});

test("better hosts that cannot be resolved do not make us the destination", async () => {
  const zone = `${addresses}
    x.lab MX 5 slow.lab
    x.lab MX 10 us.lab
    slow.lab SILENT`;
  assert.equal((await failure("x.lab", zone))?.kind, "dns");
});

test("an MX that is a CNAME or an address is tolerated", async () => {
  const zone = `${addresses}
    x.lab MX 5 alias.lab
    x.lab MX 10 192.0.2.77
    alias.lab CNAME a.lab`;
  assert.deepEqual(await ask("x.lab", zone), {
    kind: "hosts",
    hosts: [
      { name: "alias.lab", addresses: ["192.0.2.1"], port: 25 },
      { name: "192.0.2.77", addresses: ["192.0.2.77"], port: 25 },
    ],
  });
});

test("at most 20 hosts are looked up, the best ones", async () => {
  const count = 30;
  const zone = Array.from({ length: count }, (_, i) => `x.lab MX ${count - i} h${i}.lab\nh${i}.lab A 192.0.2.${i}`);
  const resolver = fakeResolver(zone.join("\n"));
  const found = await names("x.lab", "", { resolver });
  assert.equal(found.length, 20);
  assert.equal(found[0], "h29.lab");
  assert.equal(resolver.questions.length, 1 + 2 * 20);
});

test("address literals need no DNS (RFC 5321 §4.1.3)", async () => {
  const resolver = fakeResolver("");
  assert.deepEqual(await ask("[192.0.2.1]", "", { resolver }), {
    kind: "hosts",
    hosts: [{ name: "[192.0.2.1]", addresses: ["192.0.2.1"], port: 25 }],
  });
  assert.deepEqual(await ask("[IPv6:2001:db8::1]", "", { resolver }), {
    kind: "hosts",
    hosts: [{ name: "[IPv6:2001:db8::1]", addresses: ["2001:db8::1"], port: 25 }],
  });
  assert.equal((await failure("[192.0.2.250]", ""))?.kind, "mx-is-us");
  assert.deepEqual(resolver.questions, []);
});
