import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld, settled } from "../../../test/support/fake-world.ts";
import type { Event } from "../../journal/event.ts";
import type { Address } from "../../mail/address.ts";
import type { Failure } from "../../mail/failure.ts";
import type { QueueId } from "../../mail/message.ts";
import { type EnhancedCode, reply } from "../../mail/reply.ts";
import { openMemory } from "../../storage/memory/store.ts";
import type { SuppressionStore } from "./suppression-store.ts";
import { Suppressions } from "./suppression.ts";

const carl = "carl@far.example" as Address;
const me = "me@ours.example" as Address;
const host = { name: "mx.far.example" };

const refused = (code: number, enhanced: EnhancedCode | undefined, text: string): Failure => ({
  kind: "refused",
  host,
  stage: "rcpt",
  reply: reply(code, enhanced, text),
});
const gone = refused(550, "5.1.1", "user unknown");

const about = { at: 0, queueId: "q" as QueueId, to: carl };
const bounced = (because: Failure): Event => ({ kind: "bounced", ...about, because, attempt: 1, steps: [] });
const later = (changes: Partial<Event & { kind: "bounced-later" }> = {}): Event => ({
  kind: "bounced-later",
  ...about,
  reportId: "r" as QueueId,
  cause: "no-such-mailbox",
  permanence: "permanent",
  confidence: "certain",
  summary: "There is no such mailbox.",
  text: "550 unknown",
  ...changes,
});

interface Opened {
  readonly store?: SuppressionStore;
  readonly world?: FakeWorld;
  readonly isShared?: boolean;
  readonly faults?: unknown[];
}

const open = ({ store = openMemory(), world = fakeWorld({ now: 0 }), isShared = false, faults = [] }: Opened = {}) =>
  Suppressions.open({
    store,
    world,
    settings: { never: ["Spared@far.example"], most: 1_000 },
    isOurs: (domain) => domain === "ours.example",
    isShared,
    onFault: (error) => faults.push(error),
  });

test("only what lies in the address, in words that are no guess, stops mail to it", async () => {
  const complained: Event = { kind: "complained", ...about, reportId: "r" as QueueId, from: me, feedbackType: "abuse" };
  const identity = { kind: "dmarc", name: "x.example" } as const;
  const client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" } as const;
  const cases: readonly (readonly [string, Event, boolean])[] = [
    ["unknown user", bounced(gone), true],
    ["a bare 550", bounced(refused(550, undefined, "no")), false],
    ["spam", bounced(refused(554, "5.7.1", "message looks like spam")), false],
    ["a full mailbox, refused for good", bounced(refused(552, "5.2.2", "mailbox full")), false],
    ["our own word", bounced(refused(550, "5.1.1", "this server has suppressed sending to this address until")), false],
    ["no such domain", bounced({ kind: "dns", problem: "no-such-domain", name: "far.example", query: "MX" }), true],
    ["null MX", bounced({ kind: "null-mx", domain: "far.example" }), true],
    [
      "a temporary answer until the end",
      bounced({ kind: "expired", afterMs: 1, last: refused(450, "4.1.1", "user unknown") }),
      false,
    ],
    ["the operator", bounced({ kind: "operator", text: "" }), false],
    ["a later bounce", later(), true],
    ["a later bounce of who is behind", later({ final: "other@far.example" }), false],
    ["a later bounce that another recipient could have written", later({ isShared: true }), false],
    ["a later bounce that may pass", later({ permanence: "over", cause: "mailbox-full" }), false],
    ["a later bounce that says little", later({ confidence: "guess" }), false],
    ["a complaint about our mail", complained, true],
    ["a complaint that another recipient could have written", { ...complained, isShared: true }, false],
    ["a complaint about a stranger's", { ...complained, sender: { identity, client } }, false],
  ];
  for (const [what, event, isStopped] of cases) {
    await using suppressions = await open();
    suppressions.listener(event);
    assert.equal((await suppressions.find(carl, me)) !== undefined, isStopped, what);
  }
});

test("it counts from the moment that it is learnt; nobody else is asked about; some are spared", async () => {
  await using suppressions = await open();
  assert.equal(suppressions.find(carl, me), undefined, "at once");
  suppressions.listener(bounced(gone));
  for (const to of ["spared@far.example", "postmaster@far.example", "ann@ours.example"] as Address[]) {
    suppressions.listener({ ...bounced(gone), to } as Event);
    assert.equal(suppressions.find(to, me), undefined, to);
  }
  const found = await suppressions.find("CARL@far.example" as Address, me);
  assert.match(found?.because ?? "", /^There is no mailbox .*\(mx\.far\.example: 550 5\.1\.1 user unknown\)$/);
  assert.equal(suppressions.find("dora@far.example" as Address, me), undefined);
  assert.equal(suppressions.find(carl, ""), undefined, "notices go");
});

test("a store that fails stops no mail, and the operator hears of it once", async () => {
  const faults: unknown[] = [];
  const fails = async (): Promise<never> => {
    throw new Error("away");
  };
  const store: SuppressionStore = Object.assign(openMemory(), { strike: fails, suppressionsOf: fails });
  await using suppressions = await open({ store, faults });
  suppressions.listener(bounced(gone));
  assert.equal(await suppressions.find(carl, me), undefined);
  suppressions.listener(bounced(gone));
  await settled();
  assert.equal(faults.length, 1);
});

test("what another node learns counts here, a moment later; what is lifted there is not stopped here", async () => {
  const [store, world] = [openMemory(), fakeWorld({ now: 0 })];
  await using here = await open({ store, world, isShared: true });
  await using there = await open({ store, world, isShared: true });
  there.listener(bounced(gone));
  await there.settled();
  await world.advance(5_000);
  assert.ok(await here.find(carl, me));
  await there.lift({ address: carl });
  assert.equal(await here.find(carl, me), undefined);
});

test("what ended long ago is forgotten", async () => {
  const [store, world] = [openMemory(), fakeWorld({ now: 0 })];
  await using suppressions = await open({ store, world });
  suppressions.listener(bounced(gone));
  await suppressions.settled();
  await world.advance(2 * 86_400_000);
  assert.equal((await store.suppressionsOf([carl])).length, 1, "the next time is longer");
  await world.advance(90 * 86_400_000);
  assert.deepEqual(await store.suppressionsOf([carl]), []);
});

const dayMs = 86_400_000;
const delivered = (): Event => ({
  kind: "delivered",
  ...about,
  host,
  reply: reply(250, undefined, "taken"),
  attempt: 1,
  steps: [],
});

test("where hosts take mail and bounce it later, the time grows; mail that nothing came back of for a week is proof", async () => {
  const store = openMemory();
  let now = 0;
  await using suppressions = await open({ store, world: { ...fakeWorld(), now: () => now } });
  const known = async () => {
    await suppressions.settled();
    return (await store.suppressionsOf([carl]))[0];
  };
  const days: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    suppressions.listener(delivered());
    now += 60_000;
    suppressions.listener(later({ at: now }));
    const { since, until } = (await known())!;
    days.push((until - since) / dayMs);
    now = until + 20 * dayMs;
  }
  assert.deepEqual(days, [1, 7, 30, 180]);

  suppressions.listener(delivered());
  now += 6 * dayMs;
  suppressions.listener(delivered());
  assert.equal((await known())?.times, 4);
  now += dayMs;
  suppressions.listener(delivered());
  assert.equal(await known(), undefined);
});

test("the operator's word counts for an address that is stopped already", async () => {
  const [store, world] = [openMemory(), fakeWorld({ now: 0 })];
  await using suppressions = await open({ store, world });
  suppressions.listener(bounced(gone));
  await world.advance(60_000);
  const because = "asked us by phone";
  const strike = { address: carl, sender: "", cause: "stopped-by-operator", because, at: world.now() } as const;
  assert.ok(await suppressions.add(strike));
  suppressions.listener(bounced(gone));
  await suppressions.settled();
  const [known] = await store.suppressionsOf([carl]);
  assert.deepEqual([known?.because, known?.until], [because, 60_000 + 365 * dayMs]);
});
