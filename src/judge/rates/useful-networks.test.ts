import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { Event } from "../../journal/event.ts";
import type { Client } from "../../mail/client.ts";
import type { QueueId } from "../../mail/message.ts";
import { reply } from "../../mail/reply.ts";
import { openMemory } from "../../storage/memory/store.ts";
import { SenderMemory } from "../reputation/sender-memory.ts";
import { learn } from "../reputation/learn.ts";
import { identityId } from "../reputation/standing.ts";
import { Abuse } from "./abuse.ts";
import { Debts } from "./debts.ts";
import { usefulNetworks } from "./useful-networks.ts";

const day = 86_400_000;

const host = (address: string, account?: string): Client => ({
  address,
  port: 1,
  protocol: "ESMTP",
  ...(account !== undefined && { account }),
});

const received = (at: number, client: Client, mark?: string): Event => ({
  kind: "received",
  at,
  queueId: "1" as QueueId,
  from: "",
  to: [address("ann@example.com")],
  client,
  sizeBytes: 1,
  judged: {
    identity: { kind: "dmarc", name: "example.org" },
    authentication: { spf: [], dkim: [], dmarc: { result: "pass" }, arc: { result: "none" } } as never,
    findings: mark === undefined ? [] : [{ check: mark, kind: "mark", text: "" }],
  },
});

async function setUp() {
  const world = fakeWorld();
  const most = { identity: 1_000, host: 1_000, deferral: 1_000 };
  const link = { isDown: false };
  const store = openMemory();
  const recall = store.recallSenders.bind(store);
  store.recallSenders = (...how) => (link.isDown ? Promise.reject(new Error("no database")) : recall(...how));
  const memory = new SenderMemory({ store, world, halfLifeMs: 14 * day, most, onFault: () => {} });
  const abuse = new Abuse({
    settings: { slowAt: 10, refuseAt: 40, longestDelayMs: 10_000, refuseForMs: 3_600_000, forgiveEveryMs: 30_000 },
    debts: new Debts(world),
    world,
    isExempt: (client) => client.account !== undefined,
    isUseful: usefulNetworks(memory, world),
  });
  const happened = (event: Event): void => {
    abuse.listener(event);
    for (const { identity, behaviour, at, share } of learn(event))
      memory.note({
        ...identityId(identity),
        firstAt: at,
        expiresAt: at,
        tallies: { [behaviour]: { weight: share, total: 1, lastAt: at } },
      });
  };
  return { world, abuse, happened, link };
}

for (const { name, before, daysLater = 0, isDown = false, isShutOut } of [
  { name: "of which nothing is known", before: undefined, isShutOut: true },
  { name: "of a provider whose mail was accepted", before: received(0, host("192.0.2.7")), isShutOut: false },
  { name: "whose mail was only taken with a mark", before: received(0, host("192.0.2.7"), "hook"), isShutOut: true },
  { name: "next to a provider's", before: received(0, host("192.0.3.7")), isShutOut: true },
  { name: "where our people are", before: received(0, host("192.0.2.7", "ann")), isShutOut: false },
  { name: "whose mail is long ago", before: received(0, host("192.0.2.7")), daysLater: 8, isShutOut: true },
  { name: "when the store does not answer", before: undefined, isDown: true, isShutOut: false },
])
  test(`40 invented recipients from a network ${name}: ${isShutOut ? "shut out" : "slowed"}`, async () => {
    const { world, abuse, happened, link } = await setUp();
    if (before !== undefined) happened({ ...before, at: world.now() });
    await world.advance(daysLater * day);
    link.isDown = isDown;
    const client = host("192.0.2.99");
    const no = { stage: "rcpt", check: "relay", reply: reply(550, "5.1.1", "no such mailbox") } as const;
    for (let i = 0; i < 41; i += 1) happened({ kind: "refused", at: world.now(), client, ...no });
    await settled();
    const said = abuse.checks[0]!.judge({ client, trusted: false });
    assert.equal(said instanceof Promise, !isShutOut, "who is slowed waits");
    abuse[Symbol.dispose]();
    assert.equal((await said).kind, isShutOut ? "refuse" : "nothing");
  });
