import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { Client } from "../../mail/client.ts";
import type { QueueId } from "../../mail/message.ts";
import type { Identity } from "../../mail/verdict.ts";
import type { Facts, Finding, Phase } from "../check.ts";
import { Debts } from "./debts.ts";
import { rateChecks, type RateSettings } from "./rates.ts";

const unlimited: RateSettings = {
  connectionsPerMinute: 0,
  messagesPerMinute: 0,
  recipientsPerMinute: 0,
  senderMessagesPerMinute: 0,
  recipientMessagesPerHour: 0,
};

const from = (text: string): Client => ({ address: text, port: 1, protocol: "ESMTP" });
const ann = { address: address("ann@example.com") };

const about = (client: Client, changes: Partial<Facts> = {}): Facts => ({ client, trusted: false, ...changes });
const toAnn = (client: Client, recipient = ann): Facts => about(client, { recipient, recipientIs: "ours" });
const content = (client: Client, identity: Identity, recipients = [ann]): Facts =>
  about(client, { content: { sizeBytes: 1, hops: 1, header: [], recipients, identity } });

function setUp(
  settings: Partial<RateSettings>,
  classOf: Parameters<typeof rateChecks>[0]["classOf"] = () => "unknown",
) {
  const world = fakeWorld();
  const isExempt = (client: Client): boolean => client.address === "192.0.2.99";
  const { checks, listener } = rateChecks({
    settings: { ...unlimited, ...settings },
    debts: new Debts(world),
    isExempt,
    classOf,
  });
  /** It was taken, and stands in the journal. */
  const take = ({ client, content }: Facts): void =>
    listener({
      kind: "received",
      at: world.now(),
      queueId: "1" as QueueId,
      from: "",
      to: content!.recipients.map((recipient) => recipient.address),
      client,
      sizeBytes: 1,
      judged: { identity: content!.identity, findings: [] },
    });
  /** The reply of the first that speaks; "": all are silent. */
  const ask = (phase: Phase, facts: Facts): string => {
    const said = checks.filter((check) => check.phase === phase).map((check) => check.judge(facts) as Finding);
    const no = said.find((finding) => finding.kind === "defer");
    return no === undefined ? "" : [no.reply.code, no.reply.enhanced, ...no.reply.lines].join(" ");
  };
  return { world, checks, ask, take };
}

test("who is well thought of may send more, and who is not, less", async () => {
  const most = (of: "good" | "unknown" | "poor" | "bad"): number => {
    const { ask } = setUp({ messagesPerMinute: 40 }, () => of);
    let taken = 0;
    while (ask("mail", about(from("192.0.2.7"))) === "") taken += 1;
    return taken;
  };
  assert.deepEqual([most("good"), most("unknown"), most("poor"), most("bad")], [160, 40, 10, 4]);
  const { checks } = setUp({ messagesPerMinute: 4 }, async () => "poor" as const);
  const mail = checks.find(({ phase }) => phase === "mail")!;
  await mail.judge(about(from("192.0.2.7")));
  const no = await mail.judge(about(from("192.0.2.7")));
  assert.match(no.kind === "defer" ? no.reply.lines[0]! : "", /more than 1 messages .*not well thought of here/);
});

const dmarc = (name: string): Identity => ({ kind: "dmarc", name });

const cases: readonly {
  readonly name: string;
  readonly settings: Partial<RateSettings>;
  readonly phase: Phase;
  readonly facts: Facts;
  readonly other: Facts;
  readonly says: RegExp;
}[] = [
  {
    name: "connections of a network",
    settings: { connectionsPerMinute: 3 },
    phase: "connect",
    facts: about(from("192.0.2.7")),
    other: about(from("198.51.100.7")),
    says: /^421 4\.7\.0 more than 3 connections in a minute come from 192\.0\.2\.0\/24; please connect again in 20 s$/,
  },
  {
    name: "messages of an IPv6 network",
    settings: { messagesPerMinute: 3 },
    phase: "mail",
    facts: about(from("2001:db8::7")),
    other: about(from("2001:db8:0:1::7")),
    says: /^451 4\.7\.0 more than 3 messages in a minute come from 2001:db8::\/64; please send this again in 20 s$/,
  },
  {
    name: "recipients of a network",
    settings: { recipientsPerMinute: 3 },
    phase: "rcpt",
    facts: toAnn(from("192.0.2.7")),
    other: toAnn(from("198.51.100.7")),
    says: /^451 4\.7\.0 more than 3 recipients/,
  },
  {
    name: "messages of a proven sender, from wherever",
    settings: { senderMessagesPerMinute: 3 },
    phase: "content",
    facts: content(from("192.0.2.7"), dmarc("example.org")),
    other: content(from("192.0.2.7"), dmarc("example.net")),
    says: /^451 4\.7\.0 more than 3 messages in a minute come from example\.org; please send this again in 20 s$/,
  },
];

for (const { name, settings, phase, facts, other, says } of cases)
  test(`${name}: so many and no more, others are not concerned, time lets one more in`, async () => {
    const { world, ask, take } = setUp(settings);
    const once = (): string => {
      const said = ask(phase, facts);
      if (phase === "content" && said === "") take(facts);
      return said;
    };
    for (let i = 0; i < 3; i += 1) assert.equal(once(), "");
    assert.match(ask(phase, facts), says);
    assert.equal(ask(phase, other), "");
    assert.equal(ask(phase, { ...facts, trusted: true }), "");
    for (let i = 0; i < 5; i += 1) assert.equal(ask(phase, { ...facts, client: from("192.0.2.99") }), "", "a proxy");
    await world.advance(20_000);
    assert.equal(once(), "");
    assert.match(ask(phase, facts), says);
  });

test("a network or an account is no proven sender: they have limits of their own", () => {
  const { ask, take } = setUp({ senderMessagesPerMinute: 1 });
  for (const kind of ["network", "account"] as const)
    for (let i = 0; i < 3; i += 1) {
      const facts = content(from("192.0.2.7"), { kind, name: "x" });
      assert.equal(ask("content", facts), "");
      take(facts);
    }
});

test("a recipient's messages are counted when they are taken, and limit recipients, in any case of letters", async () => {
  const { world, ask, take } = setUp({ recipientMessagesPerHour: 2 });
  const network: Identity = { kind: "network", name: "192.0.2.0/24" };
  for (let i = 0; i < 5; i += 1)
    assert.equal(ask("rcpt", toAnn(from("192.0.2.7"))), "", "who only asks uses nothing up");
  for (const client of ["192.0.2.7", "198.51.100.7"]) take(content(from(client), network));
  const says =
    /^450 4\.2\.1 <\w+@example\.com> gets more than 2 messages in an hour; please send this again in 30 minutes$/;
  assert.match(ask("rcpt", toAnn(from("203.0.113.7"))), says);
  assert.match(ask("rcpt", toAnn(from("203.0.113.7"), { address: address("ANN@example.com") })), says);
  assert.equal(ask("rcpt", toAnn(from("203.0.113.7"), { address: address("ben@example.com") })), "");
  assert.equal(
    ask("content", content(from("203.0.113.7"), network)),
    "",
    "who was let in is not turned away at the end",
  );
  await world.advance(30 * 60_000);
  assert.equal(ask("rcpt", toAnn(from("203.0.113.7"))), "");
});

test("mail that other checks refuse, and mail of exempt clients, uses up nobody's share", () => {
  const { ask, take } = setUp({ recipientMessagesPerHour: 1, senderMessagesPerMinute: 1 });
  const facts = content(from("192.0.2.7"), dmarc("example.org"));
  for (let i = 0; i < 5; i += 1) assert.equal(ask("content", facts), "", "nothing was taken yet");
  take({ ...facts, client: from("192.0.2.99") });
  assert.equal(ask("rcpt", toAnn(from("198.51.100.7"))), "");
  assert.equal(ask("content", facts), "");
  take(facts);
  assert.match(ask("rcpt", toAnn(from("198.51.100.7"))), /^450/);
  assert.match(ask("content", facts), /^451/);
});

test("postmaster can be reached however much mail there is", () => {
  const { ask, take } = setUp({ recipientMessagesPerHour: 1 });
  const postmaster = { address: address("Postmaster@example.com") };
  for (let i = 0; i < 3; i += 1) take(content(from("192.0.2.7"), dmarc("example.org"), [postmaster]));
  assert.equal(ask("rcpt", toAnn(from("192.0.2.7"), postmaster)), "");
});

test("without limits there is nothing to check", () => assert.deepEqual(setUp({}).checks, []));
