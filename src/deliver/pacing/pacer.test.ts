import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld, settled } from "../../../test/support/fake-world.ts";
import type { Failure } from "../../mail/failure.ts";
import { MemorySites } from "../../storage/memory/sites.ts";
import type { SiteStore } from "../site-store.ts";
import { pacingLimits } from "./limits.ts";
import { type Admission, Pacer, type PacingSettings } from "./pacer.ts";

const never = new AbortController().signal;
const dead: Failure = { kind: "unreachable", host: { name: "mx.test" }, problem: "timeout", text: "" };
const defaults = { maxConnections: 20, maxMessagesPerConnection: 100, maxMessagesPerMinute: Infinity };

function paced(settings: Partial<PacingSettings> & { sites?: SiteStore; sharedBy?: string; world?: FakeWorld } = {}) {
  const { sites, sharedBy, world = fakeWorld(), ...rest } = settings;
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const store = sites && { store: { sites, onFault, ...(sharedBy !== undefined && { sharedBy }) } };
  const pacer = new Pacer({ world, defaults, ...store, ...rest });
  const admit = (site: string, { domain = `${site}.test`, lane = "sender.test", signal = never } = {}) =>
    pacer.admit({ site, domain, lane, hosts: () => site.split(" "), addresses: () => ["a"] }, signal);
  const comeAndGo = async (site: string, answer: Parameters<Extract<Admission, { kind: "in" }>["stay"]["tell"]>[0]) => {
    const admission = await admit(site);
    assert.ok(admission.kind === "in");
    admission.stay.tell(answer);
    admission.stay.leave();
  };
  return { world, pacer, admit, comeAndGo, faults };
}

const unreachable = { kind: "bad", signal: "unreachable", because: dead } as const;

test("sites are paced apart; a change of connections is told", async () => {
  const { pacer, comeAndGo, admit } = paced();
  let changes = 0;
  pacer.onChange(() => (changes += 1));
  await comeAndGo("dead", unreachable);
  assert.deepEqual([(await admit("dead")).kind, (await admit("alive")).kind], ["away", "in"]);
  assert.deepEqual([pacer.connectionsTo("dead"), pacer.connectionsTo("alive"), changes], [1, 5, 1]);
});

test("settings are found by domain and by mail host; the first that fits counts", async () => {
  const destinations = [
    { to: "*.big.test", maxConnections: 2 },
    { to: "small.test", maxConnections: 1, maxMessagesPerConnection: 7 },
  ];
  const { pacer, admit } = paced({ destinations });
  await admit("mx1.big.test mx2.big.test", { domain: "customer.test" });
  await admit("mx.elsewhere.test", { domain: "small.test" });
  await admit("big.test", { domain: "big.test" });
  const sites = ["mx1.big.test mx2.big.test", "mx.elsewhere.test", "big.test"];
  assert.deepEqual(
    sites.map((site) => pacer.connectionsTo(site)),
    [2, 1, 5],
  );
  assert.deepEqual(
    sites.map((site) => pacer.messagesPerConnection(site)),
    [100, 7, 100],
  );
});

/** Admissions of a site with a rate, in the order in which they come about. */
function rated(perMinute: number) {
  const { world, pacer, admit } = paced({ destinations: [{ to: "slow.test", maxMessagesPerMinute: perMinute }] });
  const order: string[] = [];
  const send = (lane: string, signal = never) =>
    void admit("slow.test", { lane, signal }).then(
      ({ kind }) => order.push(`${lane} ${kind}`),
      () => order.push(`${lane} aborted`),
    );
  return { world, pacer, order, send };
}

test("a rate is kept, and the senders take turns: a small one does not wait behind a big one", async () => {
  const { world, order, send } = rated(60);
  for (let i = 0; i < 50; i += 1) send("big");
  send("small");
  await settled();
  const away = order.filter((entry) => entry === "big away").length;
  assert.ok(away >= 38 && away <= 40, "what would wait for more than ten seconds comes again later");
  assert.deepEqual(
    order.filter((entry) => entry !== "big away"),
    ["big in", "big in"],
  );
  await world.advance(2_000);
  assert.deepEqual(order.slice(-2), ["big in", "small in"]);
  await world.advance(60_000);
  assert.equal(order.length, 51);
});

test("who gives up leaves the line; who waits when the site closes is turned away at once", async () => {
  const { world, pacer, order, send } = rated(60);
  const impatient = new AbortController();
  send("one");
  send("two");
  await settled();
  send("two", impatient.signal);
  send("three");
  await settled();
  impatient.abort();
  await settled();
  assert.deepEqual(order, ["one in", "two in", "two aborted"]);
  await pacer.suspend("slow.test", "");
  await settled();
  assert.equal(order.at(-1), "three away");
  await world.advance(60_000);
  assert.deepEqual([order.length, world.sleeping], [4, 0]);
});

test("a site with very much in hand is sated: its domains are left in the queue", async () => {
  const { pacer, admit } = paced();
  const stays: Admission[] = [];
  for (let i = 0; i < pacingLimits.inHandPerSite; i += 1) stays.push(await admit("mx", { domain: `d${i % 3}.test` }));
  await admit("other");
  assert.deepEqual(pacer.satedDomains().toSorted(), ["d0.test", "d1.test", "d2.test"]);
  assert.deepEqual(
    [pacer.isSated("d1.test"), pacer.isSated("other.test"), pacer.isSated("unknown.test")],
    [true, false, false],
  );
  const [first] = stays;
  assert.ok(first?.kind === "in");
  first.stay.leave();
  assert.deepEqual(pacer.satedDomains(), []);
});

test("the operator suspends and resumes; a restart changes nothing", async () => {
  const sites = new MemorySites();
  const { pacer, admit } = paced({ sites });
  await admit("mx.test", { domain: "example.test" });
  await pacer.suspend(pacer.find("example.test")!, "moving");
  await pacer[Symbol.asyncDispose]();

  const next = paced({ sites });
  await next.pacer.restore();
  assert.equal(next.pacer.find("example.test"), "mx.test");
  assert.equal((await next.admit("mx.test")).kind, "away");
  assert.deepEqual(
    next.pacer.status().map(({ state, suspended }) => [state, suspended]),
    [["suspended", "moving"]],
  );
  await next.pacer.resume("mx.test");
  assert.equal((await next.admit("mx.test")).kind, "in");
  assert.deepEqual(await sites.sites(), [{ site: "mx.test", learnt: (await sites.sites())[0]?.learnt }]);
});

test("what was learnt is written from time to time, only of sites in trouble, and restored", async () => {
  const sites = new MemorySites();
  const { pacer, world, comeAndGo } = paced({ sites });
  await comeAndGo("fine", { kind: "good" });
  await comeAndGo("dead", unreachable);
  assert.deepEqual(await sites.sites(), []);
  await world.advance(pacingLimits.saveMs);
  assert.deepEqual(
    (await sites.sites()).map(({ site }) => site),
    ["dead"],
  );
  await pacer[Symbol.asyncDispose]();

  const next = paced({ sites, world });
  await next.pacer.restore();
  assert.equal((await next.admit("dead")).kind, "away");
  await world.advance(pacingLimits.firstClosedMs);
  await next.comeAndGo("dead", { kind: "good" });
  await next.pacer[Symbol.asyncDispose]();
  assert.equal(world.sleeping, 0);
});

test("trouble that is long past is forgotten, in the store, too", async () => {
  const sites = new MemorySites();
  const { pacer, world, comeAndGo } = paced({ sites });
  await comeAndGo("quiet", unreachable);
  await comeAndGo("busy", unreachable);
  await world.advance(2 * pacingLimits.forgetMs);
  await comeAndGo("busy", { kind: "good" });
  assert.equal(pacer.connectionsTo("busy"), 5);
  await pacer[Symbol.asyncDispose]();
  assert.deepEqual(
    (await sites.sites()).map(({ site }) => site),
    ["quiet"],
  );
  const next = paced({ sites, world });
  await next.pacer.restore();
  await next.pacer[Symbol.asyncDispose]();
  assert.deepEqual(await sites.sites(), []);
});

test("a store that fails costs no mail, and is tried again", async () => {
  const sites = new MemorySites();
  const works = new MemorySites();
  sites.saveLearnt = () => Promise.reject(new Error("disk full"));
  const { world, comeAndGo, faults } = paced({ sites });
  await comeAndGo("dead", unreachable);
  await world.advance(pacingLimits.saveMs);
  assert.equal(faults.length, 1);
  sites.saveLearnt = (records) => works.saveLearnt(records);
  await world.advance(pacingLimits.saveMs);
  assert.equal((await works.sites()).length, 1);
});

test("a record that nobody understands is as none", async () => {
  const sites = new MemorySites();
  await sites.saveLearnt([
    { site: "a", learnt: "{" },
    { site: "b", learnt: `{"format":0}` },
  ]);
  const { pacer, admit } = paced({ sites });
  await pacer.restore();
  assert.deepEqual([(await admit("a")).kind, (await admit("b")).kind], ["in", "in"]);
});

test("drain tries a closed site at once; try all, every one but those suspended", async () => {
  const { pacer, admit, comeAndGo } = paced();
  for (const site of ["a", "b", "c"]) await comeAndGo(site, unreachable);
  await pacer.suspend("c", "");
  pacer.drain("a");
  const kinds = async () => Promise.all(["a", "b", "c"].map(async (site) => (await admit(site)).kind));
  assert.deepEqual(await kinds(), ["in", "away", "away"]);
  pacer.tryAll();
  assert.deepEqual(await kinds(), ["in", "in", "away"]);
});

test("those in trouble are listed first, with the reason", async () => {
  const { pacer, world, comeAndGo } = paced();
  await comeAndGo("fine", { kind: "good" });
  await comeAndGo("dead", unreachable);
  await pacer.suspend("stopped", "why not");
  const now = world.now();
  const listed = pacer.status().map(({ site, state, because, since }) => [site, state, because?.kind, since]);
  assert.deepEqual(listed, [
    ["stopped", "suspended", undefined, now],
    ["dead", "closed", "unreachable", now],
    ["fine", "open", undefined, undefined],
  ]);
});

test("no more sites are remembered than there is room for, and those in trouble stay", async () => {
  const { pacer, comeAndGo } = paced();
  await comeAndGo("dead", unreachable);
  for (let i = 0; i < pacingLimits.sites + 10; i += 1) await comeAndGo(`s${i}`, { kind: "good" });
  assert.equal(pacer.status().length, pacingLimits.sites);
  assert.deepEqual([pacer.find("dead.test"), pacer.find("s0.test")], ["dead", undefined]);
});

test("nodes share the connections to a site, each renews its part while it is used, and gives it back", async () => {
  const sites = new MemorySites();
  const world = fakeWorld();
  const requests: number[] = [];
  const works = new MemorySites();
  sites.share = (by, asked, times) => {
    requests.push(asked.length);
    return works.share(by, asked, times);
  };
  const limits = { destinations: [{ to: "mx.test", maxConnections: 6 }], sites, world };
  const [one, two] = [paced({ ...limits, sharedBy: "one" }), paced({ ...limits, sharedBy: "two" })];
  const first = await Promise.all(Array.from({ length: 10 }, () => one.admit("mx.test")));
  await two.admit("mx.test");
  const held = () => [one.pacer.connectionsTo("mx.test"), two.pacer.connectionsTo("mx.test")];
  assert.deepEqual(
    [held(), requests],
    [
      [5, 1],
      [1, 1],
    ],
    "one question for all that come together",
  );
  await world.advance(3 * pacingLimits.leaseMs);
  assert.deepEqual(held(), [5, 1]);
  for (const admission of first) if (admission.kind === "in") admission.stay.leave();
  await Promise.all(Array.from({ length: 10 }, () => two.admit("mx.test")));
  await world.advance(2 * pacingLimits.renewMs);
  assert.deepEqual(held(), [0, 5]);
  await two.pacer[Symbol.asyncDispose]();
  assert.deepEqual(
    await works.share("x", [{ site: "mx.test", wanted: 9, limit: 6 }], { now: world.now(), until: 9e15 }),
    [6],
  );
});

test("a share that cannot be renewed lapses with its lease", async () => {
  const sites = new MemorySites();
  const { pacer, admit, world, faults } = paced({ sites, sharedBy: "one" });
  await admit("mx");
  sites.share = () => Promise.reject(new Error("cut off"));
  await world.advance(pacingLimits.leaseMs - 1);
  assert.equal(pacer.connectionsTo("mx"), 5);
  await world.advance(pacingLimits.renewMs);
  assert.equal(pacer.connectionsTo("mx"), 0);
  assert.ok(faults.length > 0);
});

test("what the operator suspends at one node holds at the others soon", async () => {
  const sites = new MemorySites();
  const world = fakeWorld();
  const [one, two] = [paced({ sites, world, sharedBy: "one" }), paced({ sites, world, sharedBy: "two" })];
  await two.pacer.restore();
  await one.pacer.suspend("mx", "closed for today");
  await world.advance(pacingLimits.saveMs);
  assert.equal((await two.admit("mx")).kind, "away");
  await one.pacer.resume("mx");
  await world.advance(pacingLimits.saveMs);
  assert.equal((await two.admit("mx")).kind, "in");
});
