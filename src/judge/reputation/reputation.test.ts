// Reputation as the judge asks for it: learnt from the journal, kept in a store, said in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { Client } from "../../mail/client.ts";
import type { QueueId } from "../../mail/message.ts";
import { type EnhancedCode, type Reply, reply } from "../../mail/reply.ts";
import type { Authentication, Identity } from "../../mail/verdict.ts";
import { openMemory } from "../../storage/memory/store.ts";
import type { Facts, Finding } from "../check.ts";
import { senderDesk } from "./desk.ts";
import { createReputation, type Reputation } from "./reputation.ts";

const client: Client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" };
const neighbour = { ...client, address: "192.0.2.99" };
const day = 86_400_000;
const bank: Identity = { kind: "dmarc", name: "bank.example" };
const nobody: Identity = { kind: "network", name: "192.0.2.0/24" };

const unproven = { identity: nobody, findings: [] };
const noLogin = reply(535, "5.7.8", "no");

const settings = { refuseBelow: -70, markBelow: -30, halfLifeMs: 14 * day, most: 1_000 };

const authentication: Authentication = {
  iprev: { result: "pass", because: "" },
  spf: [],
  dkim: [],
  arc: { result: "none", because: "" },
  dmarc: { result: "fail", because: "", author: "one", domain: "bank.example" },
};

function open() {
  const world = fakeWorld({ now: Date.UTC(2026, 2, 1) });
  const reputation = createReputation({
    store: openMemory(),
    world,
    settings,
    hostname: "mx.ours.example",
    onFault: (error) => assert.fail(String(error)),
  });
  return { world, reputation };
}

interface Refused {
  readonly times: number;
  readonly code: EnhancedCode;
  readonly more: object;
}

function refuse({ listener }: Reputation, { times, code, more }: Refused): void {
  for (let i = 0; i < times; i++)
    listener({
      kind: "refused",
      at: Date.UTC(2026, 2, 1),
      client,
      stage: "content",
      reply: reply(550, code, ""),
      ...more,
    });
}

const atConnect = async ({ checks }: Reputation, facts: Partial<Facts> = {}): Promise<Finding> =>
  checks.find(({ phase }) => phase === "connect")!.judge({ client, trusted: false, ...facts });

const atContent = async (
  { checks }: Reputation,
  identity: Identity,
  { to = "ann@ours.example", from = client } = {},
): Promise<Finding> =>
  checks
    .find(({ phase }) => phase === "content")!
    .judge({
      client: from,
      trusted: false,
      content: { sizeBytes: 1, hops: 0, header: [], recipients: [{ address: address(to) }], identity },
    });

const replyOf = (finding: Finding): Reply => {
  assert.ok(finding.kind === "refuse", finding.kind);
  return finding.reply;
};

test("whoever forges a domain hurts his own network, never the domain", async () => {
  const { reputation } = open();
  await using _ = reputation;
  refuse(reputation, {
    times: 50,
    code: "5.7.1",
    more: { check: "dmarc", judged: { identity: nobody, authentication, findings: [] } },
  });
  assert.deepEqual(await reputation.standingOf(bank), {
    score: 0,
    class: "unknown",
    because: "nothing was seen of it",
    pinned: false,
  });
  assert.equal((await reputation.standingOf(nobody)).class, "bad");
  const finding = await atContent(reputation, bank, { from: neighbour });
  assert.equal(finding.kind, "nothing", "the real one may write, even from the same network");
});

test("a bad network is refused at once, in words: what, since when, and how to be forgiven", async () => {
  const { reputation, world } = open();
  await using _ = reputation;
  refuse(reputation, { times: 30, code: "5.1.1", more: { check: "relay", stage: "rcpt" } });
  await world.advance(day);
  const { code, enhanced, lines } = replyOf(await atConnect(reputation));
  assert.deepEqual([code, enhanced], [554, "5.7.1"]);
  assert.deepEqual(lines, [
    "we take no mail from the network 192.0.2.0/24: its reputation here is bad (-85 of 100)",
    "since 2026-03-01: 30 recipients that do not exist (last on 2026-03-01)",
    "every 14 d without more of it, half of this is forgotten; if this is a mistake, write to postmaster@mx.ours.example from elsewhere",
  ]);
  assert.equal((await atConnect(reputation, { trusted: true })).kind, "nothing");
  await world.advance(60 * day);
  assert.equal((await atConnect(reputation)).kind, "nothing", "it is forgiven");
});

test("a network that good mail came from is not shut out as a whole", async () => {
  const { reputation } = open();
  await using _ = reputation;
  refuse(reputation, { times: 200, code: "5.1.1", more: { check: "relay", stage: "rcpt" } });
  reputation.note({ identity: bank, behaviour: "accepted", client });
  assert.equal((await reputation.standingOf(nobody)).class, "bad");
  assert.equal((await atConnect(reputation)).kind, "nothing");
  assert.equal((await atContent(reputation, nobody)).kind, "refuse");
});

for (const { what, times, more, isShutOut } of [
  { what: "forgeries of nobody proven", times: 15, more: { check: "dmarc", judged: unproven }, isShutOut: true },
  {
    what: "what a list breaks",
    times: 1_000,
    more: { check: "dmarc", judged: { ...unproven, identity: { kind: "spf", name: "list.example" } } },
    isShutOut: false,
  },
  { what: "13 mistyped passwords", times: 13, more: { stage: "login", reply: noLogin }, isShutOut: false },
  { what: "100 guessed passwords", times: 100, more: { stage: "login", reply: noLogin }, isShutOut: true },
])
  test(`${what}: the network is ${isShutOut ? "" : "not "}shut out, and never where our own people are`, async () => {
    const { reputation, world } = open();
    await using _ = reputation;
    refuse(reputation, { times, code: "5.7.1", more });
    assert.equal((await atConnect(reputation)).kind, isShutOut ? "refuse" : "nothing");
    reputation.listener({
      kind: "received",
      at: world.now(),
      queueId: "Q1" as QueueId,
      from: address("ann@ours.example"),
      to: [],
      client: { ...neighbour, account: "ann" },
      sizeBytes: 1,
    });
    assert.equal((await atConnect(reputation)).kind, "nothing");
  });

test("a subdomain is not another sender, for the operator, too", async () => {
  const { reputation, world } = open();
  await using _ = reputation;
  const desk = senderDesk(reputation, world);
  for (let i = 0; i < 5; i += 1) reputation.note({ identity: bank, behaviour: "complaint" });
  assert.equal((await desk.find("mail.bank.example"))?.[0]?.identity.name, "bank.example");
  assert.deepEqual(await desk.pin("dkim:news.bank.example", { as: "good", because: "" }), [
    { kind: "dkim", name: "bank.example" },
  ]);
});

test("a bad sender is refused with 550 5.7.1, a poor one is marked; the postmaster can be written to", async () => {
  const { reputation } = open();
  await using _ = reputation;
  for (let i = 0; i < 4; i++) reputation.note({ identity: bank, behaviour: "complaint", client });
  const mark = await atContent(reputation, bank);
  assert.ok(mark.kind === "mark");
  assert.match(
    mark.because,
    /^the reputation of the domain bank\.example is poor \(-\d\d of 100\): .*4 complaints of recip/,
  );
  for (let i = 0; i < 16; i++) reputation.note({ identity: bank, behaviour: "complaint", client });
  const { code, enhanced, lines } = replyOf(await atContent(reputation, bank));
  assert.deepEqual([code, enhanced], [550, "5.7.1"]);
  assert.match(lines.join(" "), /the domain bank\.example: .*20 complaints.*write to postmaster@mx\.ours\.example$/);
  assert.equal((await atContent(reputation, bank, { to: "Postmaster@ours.example" })).kind, "mark");
});

test("words for a reply are short, and ASCII", async () => {
  const { reputation } = open();
  await using _ = reputation;
  const because = "b\u00f6se\r\n250 ok ".repeat(100);
  await reputation.memory.pin({ kind: "identity", key: "network 192.0.2.0/24" }, { as: "bad", because, at: 0 });
  for (const line of replyOf(await atConnect(reputation)).lines) assert.match(line, /^[ -~]{1,460}$/);
});
