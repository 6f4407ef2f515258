import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { cachedResolver, cacheLimits } from "./cached-resolver.ts";
import type { Answer, Resolver } from "./resolver.ts";

const zoneText = `
  found.lab A 127.0.0.1
  found.lab MX 10 mx.found.lab
  broken.lab SERVFAIL
  slow.lab SILENT
`;

function setUp() {
  const resolver = fakeResolver(zoneText);
  const world = fakeWorld();
  return { resolver, world, cached: cachedResolver(resolver, world) };
}

/** Asks, waits one ms less than `ms`, asks, waits the last one, asks: the second question is answered from memory. */
async function keptFor(ms: number, name: string): Promise<void> {
  const { resolver, cached, world } = setUp();
  const first = await cached.a(name);
  await world.advance(ms - 1);
  assert.deepEqual(await cached.a(name), first);
  assert.equal(resolver.questions.length, 1, "asked again too early");
  await world.advance(1);
  await cached.a(name);
  assert.equal(resolver.questions.length, 2, "not asked again");
}

test("a found answer is kept for 5 minutes", () => keptFor(300_000, "found.lab"));
test("absence is kept for a minute", () => keptFor(60_000, "absent.lab"));
test("a server's failure is kept for 15 seconds", () => keptFor(15_000, "broken.lab"));
test("a time-out is kept for 15 seconds", () => keptFor(15_000, "slow.lab"));

test("the case of a name makes no difference, its type does", async () => {
  const { resolver, cached } = setUp();
  await cached.a("found.lab");
  assert.deepEqual(await cached.a("FOUND.lab"), { kind: "found", records: ["127.0.0.1"] });
  assert.deepEqual(await cached.mx("found.lab"), {
    kind: "found",
    records: [{ preference: 10, exchange: "mx.found.lab" }],
  });
  await cached.aaaa("found.lab");
  await cached.txt("found.lab");
  await cached.ptr("127.0.0.1");
  assert.deepEqual(resolver.questions, [
    "A found.lab",
    "MX found.lab",
    "AAAA found.lab",
    "TXT found.lab",
    "PTR 1.0.0.127.in-addr.arpa",
  ]);
});

test("a question under way is asked once, and once more after its answer is stale", async () => {
  const { resolver, cached, world } = setUp();
  const answers = await Promise.all([cached.a("found.lab"), cached.a("found.lab"), cached.a("Found.lab")]);
  assert.equal(new Set(answers).size, 1);
  assert.equal(resolver.questions.length, 1);
  await world.advance(cacheLimits.foundMs);
  await Promise.all([cached.a("found.lab"), cached.a("found.lab")]);
  assert.equal(resolver.questions.length, 2);
});

test("a question that broke is asked anew", async () => {
  let calls = 0;
  const breaking: Resolver = {
    ...fakeResolver(""),
    a: () => (++calls === 1 ? Promise.reject(new Error("bug")) : Promise.resolve({ kind: "no-data" })),
  };
  const cached = cachedResolver(breaking, fakeWorld());
  await assert.rejects(cached.a("x.lab"), /bug/);
  assert.deepEqual(await cached.a("x.lab"), { kind: "no-data" });
});

test("memory is bounded in bytes; what was used last stays", async () => {
  const record = "x".repeat(cacheLimits.bytes / 4);
  const asked: string[] = [];
  const big: Resolver = {
    ...fakeResolver(""),
    txt: (name): Promise<Answer<string>> => {
      asked.push(name);
      return Promise.resolve({ kind: "found", records: [record] });
    },
  };
  const cached = cachedResolver(big, fakeWorld());
  for (const name of ["a", "b", "c", "a", "d"]) await cached.txt(name); // three fit
  assert.deepEqual(asked, ["a", "b", "c", "d"]);
  for (const name of ["a", "c", "d"]) await cached.txt(name);
  assert.deepEqual(asked, ["a", "b", "c", "d"], "a, c and d should have been kept");
  await cached.txt("b");
  assert.deepEqual(asked.at(-1), "b");
});
