import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { Event } from "../../journal/event.ts";
import type { Client } from "../../mail/client.ts";
import type { QueueId } from "../../mail/message.ts";
import { type Reply, reply } from "../../mail/reply.ts";
import type { Phase } from "../check.ts";
import { Abuse, abuseLimits, type AbuseSettings } from "./abuse.ts";
import { Debts, sharedDebts } from "./debts.ts";
import { offenceOf } from "./offence.ts";

type Refused = Extract<Event, { kind: "refused" }>;

const settings: AbuseSettings = {
  slowAt: 10,
  refuseAt: 40,
  longestDelayMs: 10_000,
  refuseForMs: 3_600_000,
  forgiveEveryMs: 30_000,
};

const from = (text: string, changes: Partial<Client> = {}): Client => ({
  address: text,
  port: 1,
  protocol: "ESMTP",
  ...changes,
});

const refused = (client: Client, what: Pick<Refused, "stage" | "reply"> & { check?: string }): Refused => ({
  kind: "refused",
  at: 0,
  client,
  ...what,
});

const unknownRecipient = { stage: "rcpt", check: "relay", reply: reply(550, "5.1.1", "no such mailbox") } as const;

const received = (client: Client, recipients = 1): Event => ({
  kind: "received",
  at: 0,
  queueId: "1" as QueueId,
  from: "",
  to: Array.from({ length: recipients }, () => address("ann@example.com")),
  client,
  sizeBytes: 1,
});

function setUp(changes: Partial<AbuseSettings> = {}) {
  const world = fakeWorld();
  const exempt = new Set(["192.0.2.99"]);
  const abuse = new Abuse({
    settings: { ...settings, ...changes },
    debts: new Debts(world, { ...sharedDebts(), seeds: [1, 2] }),
    world,
    isExempt: (client) => client.account !== undefined || exempt.has(client.address),
    isUseful: (client) => (client.address.startsWith("203.0.113.") ? Promise.resolve(true) : false),
  });
  const guess = (client: Client, times: number): void => {
    for (let i = 0; i < times; i += 1) abuse.listener(refused(client, unknownRecipient));
  };
  const judge = (phase: Phase, client: Client, trusted = false) =>
    abuse.checks.find((check) => check.phase === phase)!.judge({ client, trusted });
  /** How long the reply is held back. */
  const delayMs = async (phase: Phase, client: Client): Promise<number> => {
    const judged = judge(phase, client);
    if (!(judged instanceof Promise)) return 0;
    const since = world.now();
    while (world.sleeping > 0) await world.advance(500);
    assert.deepEqual(await judged, { kind: "nothing" });
    return world.now() - since;
  };
  const replyText = (phase: Phase, client: Client): string => {
    const judged = judge(phase, client);
    assert.ok(!(judged instanceof Promise));
    return judged.kind === "refuse" ? [judged.reply.code, judged.reply.enhanced, ...judged.reply.lines].join(" ") : "";
  };
  return { world, abuse, guess, judge, delayMs, replyText };
}

const bad = from("192.0.2.7");
const other = from("198.51.100.7");

test("a dictionary attack is slowed, then disconnected and not let in for an hour; others notice nothing", async () => {
  const { world, guess, delayMs, replyText } = setUp();
  guess(bad, 9);
  assert.equal(await delayMs("rcpt", bad), 0);
  guess(bad, 2);
  assert.equal(await delayMs("rcpt", bad), 2_000);
  assert.equal(await delayMs("connect", from("192.0.2.200")), 1_000, "its neighbour is of the same network");
  guess(bad, 5);
  assert.equal(await delayMs("rcpt", bad), 6_000);
  guess(bad, 20);
  assert.equal(await delayMs("rcpt", bad), 10_000, "no longer than this");
  guess(bad, 10);
  assert.match(
    replyText("rcpt", bad),
    /^421 4\.7\.0 too many unknown recipients.* from 192\.0\.2\.0\/24; please come again in 60 minutes$/,
  );
  assert.match(replyText("connect", bad), /^421/);
  assert.equal(replyText("connect", other), "");
  assert.equal(await delayMs("rcpt", other), 0);
  await world.advance(settings.refuseForMs);
  assert.equal(replyText("connect", bad), "");
  assert.equal(await delayMs("connect", bad), 0, "all is forgiven");
});

test("time forgives", async () => {
  const { world, guess, delayMs } = setUp();
  for (let i = 0; i < 500; i += 1) {
    guess(bad, 1);
    await world.advance(settings.forgiveEveryMs);
  }
  assert.equal(await delayMs("rcpt", bad), 0, "a wrong address now and then never hurts");
});

test("what a refused network does until it is let in again is forgiven in a known time", async () => {
  const { world, guess, replyText } = setUp();
  guess(bad, 10_000);
  await world.advance(settings.refuseForMs);
  assert.equal(replyText("connect", bad), "");
  guess(bad, 1);
  assert.equal(replyText("connect", bad), "", "nor is one slip the next hour's refusal");
});

for (const { name, share, slowed } of [
  { name: "a big sender with one unknown recipient in a hundred", share: 100, slowed: false },
  { name: "a big sender with one in ten", share: 10, slowed: false },
  { name: "a guesser who is right every other time", share: 2, slowed: true },
])
  test(`${name}: ${slowed ? "slowed" : "never slowed"}`, async () => {
    const { abuse, guess, judge } = setUp({ refuseAt: 0 });
    for (let i = 0; i < 10_000; i += 1) {
      if (i % share === 0) guess(bad, 1);
      else abuse.listener(received(bad));
    }
    const judged = judge("rcpt", bad);
    assert.equal(judged instanceof Promise, slowed);
    abuse[Symbol.dispose]();
    await judged;
  });

test("a message to many forgives no more than a few", () => {
  const { abuse, guess, judge } = setUp({ longestDelayMs: 0 });
  guess(bad, 15);
  abuse.listener(received(bad, 1_000));
  assert.ok(judge("rcpt", bad) instanceof Promise);
  abuse.listener(received(bad, 1_000));
  abuse.listener(received(bad, 1_000));
  assert.ok(!(judge("rcpt", bad) instanceof Promise));
});

test("trusted networks, accounts and proxies are not concerned", () => {
  const { abuse, guess, judge } = setUp();
  const proxy = from("192.0.2.99");
  const account = from("192.0.2.8", { account: "ann" });
  guess(proxy, 100);
  guess(account, 100);
  assert.deepEqual(judge("connect", bad), { kind: "nothing" }, "what they do is nobody else's either");
  guess(bad, 100);
  for (const client of [proxy, account]) assert.deepEqual(judge("rcpt", client), { kind: "nothing" });
  assert.deepEqual(judge("connect", bad, true), { kind: "nothing" });
  abuse[Symbol.dispose]();
});

test("a network from which mail was accepted is slowed, but let in", async () => {
  const { abuse, guess, delayMs, replyText } = setUp();
  const provider = from("203.0.113.7");
  guess(provider, 100);
  await settled();
  assert.equal(await delayMs("connect", provider), 10_000);
  abuse[Symbol.dispose]();
  guess(other, 100);
  assert.match(replyText("connect", other), /^421/);
});

test("only so many replies are held back at once; the end of the server ends all waits", async () => {
  const { world, abuse, guess, judge, replyText } = setUp({ refuseAt: 0 });
  guess(bad, 20);
  const waits = Array.from({ length: abuseLimits.waiting }, () => judge("rcpt", bad));
  assert.equal(world.sleeping, abuseLimits.waiting);
  assert.match(replyText("rcpt", bad), /^421 4\.7\.0 .*please come again in a few minutes$/);
  assert.deepEqual(judge("rcpt", other), { kind: "nothing" });
  abuse[Symbol.dispose]();
  for (const wait of waits) await wait;
  await settled();
  assert.equal(world.sleeping, 0);
  assert.ok(judge("rcpt", bad) instanceof Promise);
});

test("both can be turned off", async () => {
  const { guess, delayMs, replyText } = setUp({ slowAt: 0, refuseAt: 0 });
  guess(bad, 1_000);
  assert.equal(await delayMs("rcpt", bad), 0);
  assert.equal(replyText("connect", bad), "");
});

const offences: readonly [string, Refused["stage"], string | undefined, Reply, ReturnType<typeof offenceOf>][] = [
  ["an unknown recipient", "rcpt", "relay", unknownRecipient.reply, "unknown-recipient"],
  ["a guess at a returned address", "rcpt", "srs", reply(550, "5.7.1", "no"), "relaying"],
  ["a recipient elsewhere", "rcpt", "relay", reply(550, "5.7.1", "no"), "relaying"],
  ["a wrong password", "login", undefined, reply(535, "5.7.8", "no"), "failed-login"],
  ["our password store is down", "login", undefined, reply(454, "4.7.0", "no"), undefined],
  ["a wrong HELO", "mail", "helo", reply(550, "5.7.1", "no"), "wrong-helo"],
  ["RCPT before MAIL", "rcpt", undefined, reply(503, "5.5.1", "no"), "protocol"],
  ["too many errors", "connect", undefined, reply(421, "4.5.0", "no"), "protocol"],
  ["speaking before the greeting", "connect", undefined, reply(421, undefined, "no"), "early-talk"],
  ["too many connections", "connect", undefined, reply(421, "4.7.0", "no"), undefined],
  ["too many recipients", "rcpt", undefined, reply(452, "4.5.3", "no"), undefined],
  ["a message that is too large", "mail", undefined, reply(552, "5.3.4", "no"), undefined],
  ["greylisting", "rcpt", "greylist", reply(451, "4.7.1", "no"), undefined],
  ["a forged sender", "content", "dmarc", reply(550, "5.7.1", "no"), undefined],
  ["our own refusal", "connect", "abuse", reply(421, "4.7.0", "no"), undefined],
  ["a hurry", "mail", "rates", reply(451, "4.7.0", "no"), undefined],
];

for (const [name, stage, check, no, offence] of offences)
  test(`${name}: ${offence ?? "no offence"}`, () =>
    assert.equal(offenceOf(refused(bad, { stage, reply: no, ...(check !== undefined && { check }) })), offence));

test("200,000 networks that misbehave once hurt nobody else", async () => {
  const { guess, delayMs, replyText } = setUp();
  guess(bad, 100);
  for (let i = 0; i < 200_000; i += 1) guess(from(`${(i >>> 16) + 1}.${(i >>> 8) & 255}.${i & 255}.1`), 1);
  assert.match(replyText("connect", bad), /^421/);
  assert.equal(await delayMs("connect", other), 0);
});
