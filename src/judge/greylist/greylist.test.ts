// Whom greylisting asks to come again, who need not, and who is let in. RFC 6647.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { ReversePath } from "../../mail/address.ts";
import { replyText } from "../../mail/reply.ts";
import type { SenderVerdicts, SpfResult } from "../../mail/verdict.ts";
import { openMemory } from "../../storage/memory/store.ts";
import type { Facts, Finding } from "../check.ts";
import { createReputation, type Reputation } from "../reputation/reputation.ts";
import { memoryLimits } from "../reputation/sender-memory.ts";
import type { SenderStore } from "../sender-store.ts";
import { type GreylistDesk, greylistDesk } from "./desk.ts";
import { greylistChecks, greylistLimits, type GreylistSettings } from "./greylist.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Mail {
  readonly from?: ReversePath;
  readonly to?: string;
  readonly ip?: string;
  readonly spf?: SpfResult;
  readonly iprev?: "pass" | "fail";
  readonly facts?: Partial<Facts>;
  /** No content follows. */
  readonly isCallback?: true;
}

interface Place extends AsyncDisposable {
  readonly world: FakeWorld;
  readonly reputation: Reputation;
  readonly desk: GreylistDesk;
  /** RCPT of a mail; of the null reverse-path, also its content. */
  readonly come: (mail?: Mail) => Promise<Finding>;
}

function open(
  settings: Partial<GreylistSettings> = {},
  more: { listing?: () => number; store?: SenderStore; world?: FakeWorld } = {},
): Place {
  const { world = fakeWorld(), store = openMemory(), listing } = more;
  const reputation = createReputation({
    store,
    world,
    settings: { refuseBelow: -70, markBelow: -30, halfLifeMs: 14 * day, most: 1_000 },
    hostname: "mx.ours.example",
    onFault: () => {},
  });
  const checks = greylistChecks({
    settings: { for: "suspicious", delayMs: 5 * minute, retryWithinMs: 2 * day, keepMs: 35 * day, ...settings },
    world,
    reputation,
    ...(listing && { listing }),
  });
  const come = async (mail: Mail = {}): Promise<Finding> => {
    const { from = address("bob@there.example"), to = "ann@ours.example", facts } = mail;
    const about: Facts = {
      client: { address: mail.ip ?? "192.0.2.7", port: 1, protocol: "ESMTP" },
      trusted: false,
      reversePath: from,
      sender: Promise.resolve(verdictsOf(mail)),
      ...facts,
    };
    const recipient = { address: address(to) };
    const rcpt = { ...about, recipient, recipientIs: "ours", ...facts } as const;
    const identity = { kind: "network", name: "192.0.2.0/24" } as const;
    const content = { sizeBytes: 1, hops: 0, header: [], recipients: [recipient], identity };
    for (const check of checks) {
      if (mail.isCallback && check.phase === "content") continue;
      const finding = await check.judge(check.phase === "rcpt" ? rcpt : { ...about, content });
      if (finding.kind !== "nothing") return finding;
    }
    return { kind: "nothing" };
  };
  return {
    world,
    reputation,
    come,
    desk: greylistDesk(reputation, world),
    [Symbol.asyncDispose]: () => reputation[Symbol.asyncDispose](),
  };
}

function verdictsOf({ from, spf = "none", iprev = "fail" }: Mail): SenderVerdicts {
  const scope = from === "" ? "helo" : "mailfrom";
  return {
    iprev: { result: iprev, because: "" },
    spf: [{ scope, domain: "there.example", result: spf, because: "" }],
  };
}

const isDeferred = ({ kind }: Finding): boolean => kind === "defer";

test("a new subdomain makes nobody a stranger, be he known as a host or poor", async () => {
  await using place = open({ for: "unknown" });
  const { come, world, reputation } = place;
  const from = (domain: string, ip: string): Mail => ({
    ip,
    facts: {
      sender: Promise.resolve({
        ...verdictsOf({ iprev: "pass" }),
        spf: [{ scope: "mailfrom", domain, result: "pass", because: "" }],
      }),
    },
  });
  const waits = async (mail: Mail): Promise<string> => {
    const finding = await come(mail);
    return finding.kind === "defer" ? (/in (\d+ minutes)/.exec(replyText(finding.reply))?.[1] ?? "?") : "";
  };
  assert.equal(await waits(from("a.there.example", "192.0.2.7")), "5 minutes");
  await world.advance(5 * minute);
  assert.equal(await waits(from("b.there.example", "198.51.100.7")), "", "the pool of one organization");
  assert.equal(await waits(from("c.github.io", "192.0.2.7")), "5 minutes", "another one");
  for (let i = 0; i < 5; i += 1)
    reputation.note({ identity: { kind: "dkim", name: "evil.example" }, behaviour: "refused" });
  assert.equal(await waits(from("x1.evil.example", "203.0.113.7")), "20 minutes");
});

test("a stranger waits; the retry after the delay is let in, and then all mail of its network", async () => {
  await using place = open();
  const { come, world } = place;
  const finding = await come();
  assert.ok(finding.kind === "defer");
  assert.equal(
    replyText(finding.reply),
    "451 4.7.1 greylisted, for 192.0.2.7 has no name that leads back to it: this message is welcome in 5 minutes, when your mail server tries again by itself; its sender need do nothing",
  );
  await world.advance(4 * minute + 1);
  const early = await come();
  assert.match(early.kind === "defer" ? replyText(early.reply) : "", /welcome in 1 minute,/);
  await world.advance(minute);
  assert.equal(isDeferred(await come({ to: "ben@ours.example" })), true, "another recipient is another message");
  assert.equal(isDeferred(await come({ ip: "192.0.2.200" })), false, "a neighbour may bring it");
  assert.equal(isDeferred(await come({ from: address("x@other.example"), to: "ben@ours.example" })), false);
  await world.advance(34 * day);
  assert.equal(isDeferred(await come({ to: "cleo@ours.example" })), false, "and it is known a month later");
  await world.advance(34 * day);
  assert.equal(isDeferred(await come({ to: "cleo@ours.example" })), false, "for it was here a month ago");
  await world.advance(36 * day);
  assert.equal(isDeferred(await come({ to: "cleo@ours.example" })), true);
});

test("who comes again too late is a stranger again", async () => {
  await using place = open();
  await place.come();
  await place.world.advance(2 * day);
  assert.equal(isDeferred(await place.come()), true);
});

test("a pool may retry from anywhere, if SPF proves that it is one; whatever is claimed without it counts for nothing", async () => {
  await using place = open({ for: "unknown" });
  const { come, world } = place;
  assert.equal(isDeferred(await come({ spf: "pass" })), true);
  assert.equal(isDeferred(await come({ ip: "198.51.100.7" })), true);
  await world.advance(5 * minute);
  assert.equal(isDeferred(await come({ ip: "203.0.113.7" })), true, "a forger of the same sender");
  assert.equal(isDeferred(await come({ ip: "203.0.113.8", spf: "pass" })), false);
  assert.equal(isDeferred(await come({ ip: "2001:db8::1", spf: "pass", to: "new@ours.example" })), false);
  assert.equal(
    isDeferred(await come({ ip: "203.0.113.7", to: "new@ours.example" })),
    true,
    "its network proved nothing",
  );
});

const strangers: readonly (readonly [string, Mail, "suspicious" | "unknown" | "nobody"])[] = [
  ["no reverse name", {}, "suspicious"],
  ["a reverse name, no SPF", { iprev: "pass" }, "unknown"],
  ["SPF fail", { iprev: "pass", spf: "fail" }, "suspicious"],
  ["SPF softfail", { iprev: "pass", spf: "softfail" }, "suspicious"],
  ["SPF pass", { spf: "pass" }, "unknown"],
  ["a trusted client", { facts: { trusted: true } }, "nobody"],
  ["an account", { facts: { client: { address: "192.0.2.7", port: 1, protocol: "ESMTP", account: "ann" } } }, "nobody"],
  ["mail for the postmaster", { to: "PostMaster@ours.example" }, "nobody"],
  ["mail for nobody here", { facts: { recipientIs: "unknown-here" } }, "nobody"],
  ["the null reverse-path", { from: "" }, "suspicious"],
];

for (const [name, mail, expected] of strangers)
  test(`${name}: ${expected}`, async () => {
    const modes: readonly string[] = { suspicious: ["suspicious", "unknown"], unknown: ["unknown"], nobody: [] }[
      expected
    ];
    for (const mode of ["off", "suspicious", "unknown"] as const) {
      await using place = open({ for: mode });
      assert.equal(isDeferred(await place.come(mail)), modes.includes(mode), mode);
    }
  });

test("the null reverse-path is answered at RCPT, for callbacks, and waits after its content", async () => {
  await using place = open();
  assert.equal(isDeferred(await place.come({ from: "", isCallback: true })), false);
  const finding = await place.come({ from: "" });
  assert.ok(finding.kind === "defer");
  const [only] = await place.desk.list({ from: "" }, 10);
  assert.equal(only?.to, "ann@ours.example");
  await place.world.advance(5 * minute);
  assert.equal(isDeferred(await place.come({ from: "" })), false);
});

test("DNS lists speak for and against", async () => {
  for (const [listed, expected] of [
    [-1, false],
    [1, true],
  ] as const) {
    await using place = open({}, { listing: () => listed });
    assert.equal(isDeferred(await place.come({ iprev: listed < 0 ? "fail" : "pass" })), expected);
  }
});

test("good senders need not wait, poor ones wait longer", async () => {
  await using place = open({ for: "unknown" });
  const { reputation, come, world } = place;
  for (let i = 0; i < 6; i++) {
    reputation.note({ identity: { kind: "network", name: "203.0.113.0/24" }, behaviour: "accepted" });
    reputation.note({ identity: { kind: "dmarc", name: "there.example" }, behaviour: "accepted" });
    reputation.note({ identity: { kind: "network", name: "198.51.100.0/24" }, behaviour: "abuse" });
  }
  assert.equal(isDeferred(await come({ spf: "pass" })), false);
  assert.equal(isDeferred(await come({ ip: "203.0.113.7" })), false);
  assert.equal(isDeferred(await come({ spf: "fail" })), true, "whoever only claims the name waits");
  const poor = await come({ ip: "198.51.100.7", iprev: "pass" });
  assert.match(poor.kind === "defer" ? replyText(poor.reply) : "", /not well thought of here: .* in 20 minutes/);
  await world.advance(19 * minute);
  assert.equal(isDeferred(await come({ ip: "198.51.100.7", iprev: "pass" })), true);
  await world.advance(minute);
  assert.equal(isDeferred(await come({ ip: "198.51.100.7", iprev: "pass" })), false);
});

test("the operator sees who waits, and lets in", async () => {
  await using place = open();
  const { come, desk, world } = place;
  await come();
  await world.advance(minute);
  await come({ to: "ben@ours.example", ip: "198.51.100.7" });
  await come({ to: "ben@ours.example", ip: "198.51.100.7" });
  const [ben, ann] = await desk.list({}, 10);
  assert.deepEqual([ben?.to, ben?.attempts, ben?.state, ben?.client], ["ben@ours.example", 2, "waits", "198.51.100.7"]);
  assert.equal(ann?.welcomeAt, ann!.firstAt + 5 * minute);
  assert.equal((await desk.list({ client: "198.51.100.0/24" }, 10)).length, 1);
  assert.equal((await desk.list({ from: "x@y.example" }, 10)).length, 0);
  assert.deepEqual(await desk.allow("nobody.example"), []);
  for (const [what, count] of [
    [ann.id, 1],
    ["there.example", 2],
    ["198.51.100.7", 1],
    ["bob@there.example", 2],
  ] as const)
    assert.equal((await desk.allow(what)).length, count, what);
  assert.deepEqual(
    (await desk.list({}, 10)).map(({ state }) => state),
    ["let-in", "let-in"],
  );
  assert.equal(isDeferred(await come()), false);
  assert.equal(isDeferred(await come({ to: "cleo@ours.example" })), false, "its network has come again");
});

test("a flood of made-up senders shares a record", async () => {
  await using place = open();
  const { come, desk, world } = place;
  for (let i = 0; i < greylistLimits.crowd + 50; i++) await come({ from: address(`x${i}@there.example`) });
  assert.equal((await desk.list({}, 1_000)).length, greylistLimits.crowd + 1);
  await world.advance(5 * minute);
  assert.equal(isDeferred(await come({ from: address("x240@there.example") })), false);
});

test("nor do the networks of one IPv6 site drive out others' deferrals", async () => {
  await using place = open();
  const { come, desk } = place;
  for (let i = 0; i < greylistLimits.crowd + 50; i++) await come({ ip: `2001:db8:1:${i.toString(16)}::1` });
  assert.equal((await desk.list({}, 1_000)).length, greylistLimits.crowd + 1);
});

test("nodes of one store know of each other's deferrals", async () => {
  const world = fakeWorld();
  const store = openMemory();
  await using one = open({}, { store, world });
  await using other = open({}, { store, world });
  await one.come();
  await world.advance(5 * minute);
  assert.equal(isDeferred(await other.come()), false);
});

test("without its memory, nobody is deferred", async () => {
  const store = openMemory();
  store.recallSenders = () => new Promise(() => {});
  await using place = open({}, { store });
  const coming = place.come();
  await place.world.advance(memoryLimits.recallMs);
  assert.equal(isDeferred(await coming), false);
  assert.equal(isDeferred(await place.come()), false);
});
