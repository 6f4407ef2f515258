import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { parseZone, type Zone } from "../../dns/zone.ts";
import { DnsList, dnsListLimits, type DnsListSettings } from "./dns-list.ts";

const hourMs = 3_600_000;
const healthy = "2.0.0.127.bl.lab A 127.0.0.2\n";
const healthyDomains = "test.dbl.lab A 127.0.0.2\n";

function setUp(zoneText: string, changes: Partial<DnsListSettings> = {}) {
  const world = fakeWorld();
  const zone: Zone = parseZone(zoneText);
  const resolver = fakeResolver(zone);
  const troubles: string[] = [];
  const settings = { name: "bl.lab", of: "address", weight: 5, answers: {}, timeoutMs: 3_000, ...changes } as const;
  const list = new DnsList(settings, { resolver, world, onTrouble: (text) => troubles.push(text) });
  return { world, zone, resolver, troubles, list };
}

test("what stands in a list: IPv4 by octets, IPv6 by nibbles, domains by name; with the reason", async () => {
  const nibbles = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.lab";
  const zone = `${healthy}
    7.2.0.192.bl.lab A 127.0.0.4
    7.2.0.192.bl.lab TXT "spam came from here,  see https://bl.lab/192.0.2.7"
    ${nibbles} A 127.0.0.2`;
  const { list, resolver } = setUp(zone);
  const text = "spam came from here, see https://bl.lab/192.0.2.7";
  assert.deepEqual(await list.look("192.0.2.7"), {
    list: "bl.lab",
    what: "192.0.2.7",
    answer: "127.0.0.4",
    weight: 5,
    text,
  });
  assert.equal((await list.look("2001:db8::7"))?.answer, "127.0.0.2");
  assert.equal(await list.look("192.0.2.8"), undefined);
  assert.equal(resolver.questions.at(-1), "A 8.2.0.192.bl.lab");
  list[Symbol.dispose]();

  const domains = setUp(`${healthyDomains}bad.example.dbl.lab A 127.0.1.2`, { name: "dbl.lab", of: "domain" });
  assert.equal((await domains.list.look("bad.example"))?.answer, "127.0.1.2");
  assert.equal(await domains.list.look("good.example"), undefined);
  assert.equal(await domains.list.look(`${"a.".repeat(125)}example`), undefined, "too long a name is not asked for");
  domains.list[Symbol.dispose]();
});

test("the reason is one line of ASCII, of bounded length", async () => {
  const zone = parseZone(`${healthy}7.2.0.192.bl.lab A 127.0.0.2`);
  const evil = `a\r\n250 ok\u202e\u0000ü${"x".repeat(1_000_000)}`;
  zone.get("7.2.0.192.bl.lab")!.records.push({ type: "TXT", text: evil, preference: 0 });
  const { list } = setUp("");
  list[Symbol.dispose]();
  const world = fakeWorld();
  const another = new DnsList(list.settings, { resolver: fakeResolver(zone), world, onTrouble: assert.fail });
  const text = (await another.look("192.0.2.7"))?.text ?? "";
  assert.match(text, /^a 250 ok \?x+\.\.\.$/);
  assert.equal(text.length, 200);
  another[Symbol.dispose]();
});

for (const { name, zone, settings, told } of [
  { name: "no test entry", zone: "", settings: {}, told: /lacks the entry.*check `name`, or delete/ },
  {
    name: "everything is listed",
    zone: `${healthy}1.0.0.127.bl.lab A 127.0.0.2`,
    settings: {},
    told: /lists what no list may list/,
  },
  {
    name: "every IPv6 address is listed",
    zone: `${healthy}1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.lab A 127.0.0.2`,
    settings: {},
    told: /lists what no list may list/,
  },
  {
    name: "every domain is listed",
    zone: `${healthyDomains}invalid.dbl.lab A 127.0.0.2`,
    settings: { name: "dbl.lab", of: "domain" },
    told: /lists what no list may list/,
  },
  {
    name: "a wildcard of whoever bought the domain",
    zone: "2.0.0.127.bl.lab A 203.0.113.80\n1.0.0.127.bl.lab A 203.0.113.80",
    settings: {},
    told: /somebody else answers for it/,
  },
  { name: "our resolver is blocked", zone: "2.0.0.127.bl.lab A 127.255.255.254", settings: {}, told: /dns\.servers/ },
  {
    name: "blocked, in words",
    zone: `${healthy}2.0.0.127.bl.lab TXT "Query Refused. See http://bl.lab/refused"`,
    settings: {},
    told: /with these words: Query Refused/,
  },
  { name: "silence", zone: "2.0.0.127.bl.lab SILENT", settings: {}, told: /does not answer in time/ },
] as const)
  test(`a list that fails its test does not count, and the operator is told once: ${name}`, async () => {
    const listed = "7.2.0.192.bl.lab A 127.0.0.2\nbad.example.dbl.lab A 127.0.0.2\n";
    const { list, world, troubles } = setUp(listed + zone, settings);
    const what = "of" in settings ? "bad.example" : "192.0.2.7";
    assert.equal(await list.look(what), undefined);
    assert.match(troubles.join(), told);
    await world.advance(23 * hourMs);
    assert.equal(troubles.length, 1);
    await world.advance(2 * hourMs);
    assert.equal(troubles.length, 2, "once a day");
    list[Symbol.dispose]();
    await settled();
    assert.equal(world.sleeping, 0);
  });

test("a list of domains may have the test entry of addresses instead", async () => {
  const zone = "2.0.0.127.dbl.lab A 127.0.0.2\nbad.example.dbl.lab A 127.0.0.2";
  const { list, troubles } = setUp(zone, { name: "dbl.lab", of: "domain" });
  assert.equal((await list.look("bad.example"))?.weight, 5);
  assert.deepEqual(troubles, []);
  list[Symbol.dispose]();
});

test("a list that ends is found out within an hour; one that is mended counts again within minutes", async () => {
  const { list, world, zone, troubles } = setUp(`${healthy}7.2.0.192.bl.lab A 127.0.0.2`);
  assert.ok(await list.look("192.0.2.7"));
  parseZone("1.0.0.127.bl.lab A 127.0.0.2", zone);
  await world.advance(dnsListLimits.testEveryMs);
  assert.equal(await list.look("192.0.2.7"), undefined);
  assert.equal(troubles.length, 1);
  zone.delete("1.0.0.127.bl.lab");
  await world.advance(dnsListLimits.retestEveryMs);
  assert.ok(await list.look("192.0.2.7"));
  list[Symbol.dispose]();
});

test("an answer that is none stops the questions", async () => {
  const { list, world, zone, troubles, resolver } = setUp(`${healthy}7.2.0.192.bl.lab A 127.255.255.255`);
  assert.equal(await list.look("192.0.2.7"), undefined);
  assert.match(troubles.join(), /bl\.lab does not count until this is mended: we asked it too often/);
  const asked = resolver.questions.length;
  assert.equal(await list.look("192.0.2.8"), undefined);
  assert.equal(resolver.questions.length, asked);
  parseZone("8.2.0.192.bl.lab A 127.0.0.2", zone);
  await world.advance(dnsListLimits.retestEveryMs);
  assert.ok(await list.look("192.0.2.8"));
  list[Symbol.dispose]();
});

for (const [odd, words = ""] of [
  ["127.0.0.2", '7.2.0.192.bl.lab TXT "Query refused"'],
  ["127.0.0.1"],
  ["203.0.113.80"],
])
  test(`one odd answer counts for nothing, the others do; the test decides on the list: ${odd} ${words}`, async () => {
    const zone = `${healthy}7.2.0.192.bl.lab A ${odd}\n${words}\n8.2.0.192.bl.lab A 127.0.0.2`;
    const { list, world, zone: now, troubles } = setUp(zone);
    for (let i = 0; i < 3; i += 1) {
      assert.equal(await list.look("192.0.2.7"), undefined);
      assert.ok(await list.look("192.0.2.8"));
    }
    assert.equal(troubles.length, 1);
    assert.match(troubles.join(), /^the answer of the DNS list bl\.lab on 192\.0\.2\.7 does not count/);
    now.delete("2.0.0.127.bl.lab");
    parseZone(`2.0.0.127.bl.lab A ${odd}\n${words.replace("7.2.0.192", "2.0.0.127")}`, now);
    await world.advance(dnsListLimits.retestEveryMs);
    assert.ok(await list.look("192.0.2.8"), "it is not due yet");
    assert.equal(await list.look("192.0.2.7"), undefined);
    await settled();
    assert.equal(await list.look("192.0.2.8"), undefined, "an odd answer is a reason to test");
    assert.match(troubles.at(-1)!, /does not count until this is mended/);
    list[Symbol.dispose]();
  });

test("the end of the server ends all waits", async () => {
  const world = fakeWorld();
  const silent = { a: () => new Promise<never>(() => {}), txt: () => new Promise<never>(() => {}) };
  const list = new DnsList(setUp("").list.settings, { resolver: silent, world, onTrouble: assert.fail });
  const looked = list.look("192.0.2.7");
  list[Symbol.dispose]();
  assert.equal(await looked, undefined);
  await settled();
  assert.equal(world.sleeping, 0);
});

test("mail waits no longer than the time limit, and not at all for a list that stays silent", async () => {
  const world = fakeWorld();
  const resolver = fakeResolver(healthy);
  const troubles: string[] = [];
  let isSilent = false;
  const list = new DnsList(setUp("").list.settings, {
    resolver: { ...resolver, a: (name) => (isSilent ? new Promise(() => {}) : resolver.a(name)) },
    world,
    onTrouble: (text) => troubles.push(text),
  });
  await settled();
  isSilent = true;
  for (let i = 0; i < dnsListLimits.silences; i += 1) {
    const looked = list.look(`192.0.2.${i}`);
    const since = world.now();
    await world.advance(3_000);
    assert.equal(await looked, undefined);
    assert.equal(world.now() - since, 3_000);
  }
  assert.match(troubles.join(), /does not answer in time/);
  assert.equal(await list.look("192.0.2.200"), undefined, "at once");
  list[Symbol.dispose]();
});
