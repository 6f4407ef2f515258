// What arrives from networks that are watched: of nobody else, without names, not for long, and never without a bound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { type Happening, RecentVisits, type Sighting, visitLimits, watcher, watchTable } from "./visits.ts";

const secured: Happening = { kind: "secured", version: "TLSv1.3" };

function setUp() {
  const world = fakeWorld();
  const table = watchTable();
  const visits = new RecentVisits(world, table);
  const told: Sighting[] = [];
  const tell = watcher(table, world, (sighting) => {
    told.push(sighting);
    visits.seen(sighting);
  });
  const come = (address: string, happening = secured, port = 1): void => tell({ address, port }, happening);
  return { world, visits, told, come };
}

test("nothing is told of a network that nobody watches, nor before, nor two minutes after", async () => {
  const { world, visits, told, come } = setUp();
  come("192.0.2.1");
  visits.watch("192.0.2.1");
  come("192.0.2.1");
  come("198.51.100.1");
  await world.advance(visitLimits.watchMs + 1_000);
  come("192.0.2.1");
  assert.equal(told.length, 1);
  assert.deepEqual(
    visits.of("192.0.2.1")?.map(({ happenings }) => happenings.map(({ kind }) => kind)),
    [["secured"]],
  );
  assert.equal(visits.of("198.51.100.1"), undefined);
});

test("a network is an IPv4 address, or an IPv6 /64", () => {
  const { visits, come } = setUp();
  visits.watch("2001:db8:0:1::5");
  come("2001:db8:0:1:aaaa::9");
  come("2001:db8:0:2::5");
  assert.equal(visits.of("2001:db8:0:1::77")?.length, 1);
  visits.watch("192.0.2.1");
  come("192.0.2.2");
  assert.deepEqual(visits.of("192.0.2.1"), []);
});

test("after a quarter of an hour all is forgotten", async () => {
  const { world, visits, come } = setUp();
  visits.watch("192.0.2.1");
  come("192.0.2.1");
  await world.advance(visitLimits.keepMs);
  assert.equal(visits.of("192.0.2.1")?.length, 1);
  await world.advance(1_000);
  assert.equal(visits.of("192.0.2.1"), undefined);
});

test("a name is compared, and not kept", () => {
  const { visits, come } = setUp();
  visits.watch("192.0.2.1");
  come("192.0.2.1", { kind: "login", mechanism: "PLAIN", name: "Ann@Example.org" });
  const [session] = visits.of("192.0.2.1")!;
  const [login] = session!.happenings;
  assert.doesNotMatch(JSON.stringify(session), /ann|example/i);
  assert.ok(login?.kind === "login");
  assert.ok(visits.isName(login.name, "ann@example.org"));
  assert.ok(!visits.isName(login.name, "ben@example.org"));
  assert.ok(!visits.isName(undefined, "ann@example.org"));
});

test("sessions, their happenings, networks, and those of one block have a bound", () => {
  const { visits, come } = setUp();
  visits.watch("192.0.2.1");
  for (let port = 1; port <= visitLimits.sessions + 5; port += 1) come("192.0.2.1", secured, port);
  for (let i = 0; i < visitLimits.happenings + 5; i += 1) come("192.0.2.1", secured, visitLimits.sessions + 5);
  const sessions = visits.of("192.0.2.1")!;
  assert.equal(sessions.length, visitLimits.sessions);
  assert.equal(sessions[0]!.clientPort, 6);
  assert.equal(sessions.at(-1)!.happenings.length, visitLimits.happenings);

  const ofBlock = Array.from({ length: 20 }, (_, i) => visits.watch(`198.51.100.${i}`));
  assert.equal(ofBlock.filter((said) => said === "watched").length, visitLimits.networksOfBlock);
  assert.equal(visits.watch("198.51.100.0"), "watched", "who is watched already may start again");
  const many = Array.from({ length: 1_100 }, (_, i) => visits.watch(`10.${i >> 8}.${i & 255}.1`));
  assert.equal(
    many.filter((said) => said === "watched").length,
    visitLimits.networks - visitLimits.networksOfBlock - 1,
  );
});
