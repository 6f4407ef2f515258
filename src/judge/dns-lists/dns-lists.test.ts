import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { address } from "../../../test/support/sample.ts";
import type { Client } from "../../mail/client.ts";
import { formatReply } from "../../mail/reply.ts";
import type { Authentication, SpfVerdict } from "../../mail/verdict.ts";
import type { ContentFacts, Facts, Finding, Phase } from "../check.ts";
import type { DnsListSettings } from "./dns-list.ts";
import { DnsLists, dnsListsLimits } from "./dns-lists.ts";

const zone = `
2.0.0.127.bad.lab A 127.0.0.2
2.0.0.127.worse.lab A 127.0.0.2
2.0.0.127.good.lab A 127.0.0.2
test.domains.lab A 127.0.0.2
test.fine.lab A 127.0.0.2
7.2.0.192.bad.lab A 127.0.0.2
7.2.0.192.bad.lab TXT "see https://bad.lab/192.0.2.7"
8.2.0.192.bad.lab A 127.0.0.2
8.2.0.192.worse.lab A 127.0.0.2
9.2.0.192.bad.lab A 127.0.0.2
9.2.0.192.worse.lab A 127.0.0.2
9.2.0.192.good.lab A 127.0.0.2
10.2.0.192.good.lab A 127.0.0.2
evil.example.domains.lab A 127.0.0.2
evil.example.domains.lab TXT "phishing"
fine.example.fine.lab A 127.0.0.2
fine.example.domains.lab A 127.0.0.2
`;

const list = (name: string, weight: number, changes: Partial<DnsListSettings> = {}): DnsListSettings => ({
  name,
  of: "address",
  weight,
  answers: {},
  timeoutMs: 3_000,
  ...changes,
});
const lists = [
  list("bad.lab", 6),
  list("worse.lab", 6),
  list("good.lab", -7),
  list("domains.lab", 10, { of: "domain" }),
  list("fine.lab", -20, { of: "domain" }),
];

const ann = { address: address("ann@example.com") };
const postmaster = { address: address("PostMaster@example.com") };

function setUp(settings: Partial<ConstructorParameters<typeof DnsLists>[0]> = {}) {
  const world = fakeWorld();
  const resolver = fakeResolver(zone);
  const parts = { resolver, world, onTrouble: assert.fail };
  const dnsLists = new DnsLists({ lists, refuseAt: 10, markAt: 5, ...settings }, parts);
  const ask = async (phase: Phase, facts: Partial<Facts> & { client: Client }): Promise<Finding> => {
    const check = dnsLists.checks.find((check) => check.phase === phase);
    return (await check?.judge({ trusted: false, ...facts })) ?? { kind: "nothing" };
  };
  return { world, resolver, dnsLists, ask };
}

const from = (text: string, helloName = "mail.example.net"): Client => ({
  address: text,
  port: 1,
  protocol: "ESMTP",
  helloName,
});

const spf = (domain: string, result: SpfVerdict["result"]): SpfVerdict => ({
  scope: "mailfrom",
  domain,
  result,
  because: "",
});
const iprev = { result: "fail", because: "" } as const;

const authentication = (changes: Partial<Authentication> = {}): Authentication => ({
  iprev,
  spf: [],
  dkim: [],
  arc: { result: "none", because: "" },
  dmarc: { result: "none", because: "", author: "one", domain: "example.net" },
  ...changes,
});

const content = (recipients = [ann], known = authentication()): ContentFacts => ({
  sizeBytes: 1,
  hops: 1,
  header: [],
  recipients,
  authentication: known,
  identity: { kind: "network", name: "192.0.2.0/24" },
});

const signedBy = (domain: string): Authentication["dkim"][number] => ({
  result: "pass",
  because: "",
  domain,
  selector: "s",
  algorithm: "rsa-sha256",
  signature: "x",
});

const cases: readonly {
  readonly name: string;
  readonly phase: Phase;
  readonly facts: Partial<Facts> & { client: Client };
  readonly is: Finding["kind"];
}[] = [
  { name: "nobody lists it", phase: "rcpt", facts: { client: from("192.0.2.1"), recipient: ann }, is: "nothing" },
  {
    name: "one list is not enough",
    phase: "rcpt",
    facts: { client: from("192.0.2.7"), recipient: ann },
    is: "nothing",
  },
  { name: "two lists are", phase: "rcpt", facts: { client: from("192.0.2.8"), recipient: ann }, is: "refuse" },
  { name: "a good list outweighs", phase: "rcpt", facts: { client: from("192.0.2.9"), recipient: ann }, is: "nothing" },
  { name: "postmaster", phase: "rcpt", facts: { client: from("192.0.2.8"), recipient: postmaster }, is: "nothing" },
  {
    name: "a trusted client",
    phase: "rcpt",
    facts: { client: from("192.0.2.8"), recipient: ann, trusted: true },
    is: "nothing",
  },
  {
    name: "a bad name in HELO",
    phase: "rcpt",
    facts: { client: from("192.0.2.1", "EVIL.example"), recipient: ann },
    is: "refuse",
  },
  {
    name: "a bad name in MAIL FROM",
    phase: "rcpt",
    facts: { client: from("192.0.2.1"), recipient: ann, reversePath: address("x@evil.example") },
    is: "refuse",
  },
  {
    name: "a good name that anybody can type",
    phase: "rcpt",
    facts: {
      client: from("192.0.2.8"),
      recipient: ann,
      reversePath: address("x@fine.example"),
      sender: Promise.resolve({ iprev, spf: [spf("fine.example", "softfail")] }),
    },
    is: "refuse",
  },
  {
    name: "a good name that SPF proves",
    phase: "rcpt",
    facts: {
      client: from("192.0.2.8"),
      recipient: ann,
      reversePath: address("x@fine.example"),
      sender: Promise.resolve({ iprev, spf: [spf("fine.example", "pass")] }),
    },
    is: "nothing",
  },
  { name: "one list marks", phase: "content", facts: { client: from("192.0.2.7"), content: content() }, is: "mark" },
  {
    name: "what only the content shows: a bad author",
    phase: "content",
    facts: {
      client: from("192.0.2.1"),
      content: content(
        [ann],
        authentication({ dmarc: { result: "fail", because: "", author: "one", domain: "evil.example" } }),
      ),
    },
    is: "refuse",
  },
  {
    name: "what only the content shows: a bad signer",
    phase: "content",
    facts: { client: from("192.0.2.1"), content: content([ann], authentication({ dkim: [signedBy("evil.example")] })) },
    is: "refuse",
  },
  {
    name: "what only the content shows: a good signer",
    phase: "content",
    facts: { client: from("192.0.2.8"), content: content([ann], authentication({ dkim: [signedBy("fine.example")] })) },
    is: "nothing",
  },
  {
    name: "a message to postmaster alone",
    phase: "content",
    facts: { client: from("192.0.2.8"), content: content([postmaster]) },
    is: "mark",
  },
  {
    name: "a message to postmaster and others",
    phase: "content",
    facts: { client: from("192.0.2.8"), content: content([postmaster, ann]) },
    is: "refuse",
  },
];

for (const { name, phase, facts, is } of cases)
  test(`${name}: ${is}`, async () => {
    const { ask, dnsLists } = setUp();
    assert.equal((await ask(phase, facts)).kind, is);
    dnsLists[Symbol.dispose]();
  });

test("the refusal names what is listed, where, why, and what to do", async () => {
  const replyOf = async (changes: Parameters<typeof setUp>[0], client: Client) => {
    const { ask, dnsLists } = setUp(changes);
    const finding = await ask("rcpt", { client, recipient: ann });
    dnsLists[Symbol.dispose]();
    return finding.kind === "refuse" ? formatReply(finding.reply) : "";
  };
  assert.equal(
    await replyOf({ refuseAt: 6 }, from("192.0.2.7")),
    "550 5.7.1 mail refused: 192.0.2.7 is listed by bad.lab: see https://bad.lab/192.0.2.7; see the page named there and have the entry removed, or write to postmaster here\r\n",
  );
  assert.equal(
    await replyOf({}, from("192.0.2.8", "evil.example")),
    [
      "550-5.7.1 mail refused, because of these lists:",
      "550-5.7.1 evil.example is listed by domains.lab: phishing",
      "550-5.7.1 192.0.2.8 is listed by bad.lab",
      "550-5.7.1 192.0.2.8 is listed by worse.lab",
      "550 5.7.1 look it up at domains.lab and have the entry removed, or write to postmaster here",
      "",
    ].join("\r\n"),
  );
});

test("the mark tells the recipient the same", async () => {
  const { ask, dnsLists } = setUp();
  assert.deepEqual(await ask("content", { client: from("192.0.2.7"), content: content() }), {
    kind: "mark",
    check: "dns-lists",
    because: "192.0.2.7 is listed by bad.lab: see https://bad.lab/192.0.2.7",
  });
  dnsLists[Symbol.dispose]();
});

test("others may ask for a client's score, which is below 0 for good ones", async () => {
  const { dnsLists } = setUp();
  assert.deepEqual(await dnsLists.listingOf({ address: "192.0.2.10" }), {
    score: -7,
    listings: [{ list: "good.lab", what: "192.0.2.10", answer: "127.0.0.2", weight: -7 }],
  });
  assert.deepEqual(await dnsLists.listingOf({ address: "192.0.2.1" }), { score: 0, listings: [] });
  dnsLists[Symbol.dispose]();
});

test("lists are asked at connect and MAIL, all at once, and not again for each recipient", async () => {
  const { ask, resolver, dnsLists, world } = setUp();
  const client = from("192.0.2.7");
  await ask("connect", { client });
  await ask("mail", { client, reversePath: address("x@example.org") });
  await world.advance(0);
  const asked = resolver.questions.length;
  assert.deepEqual(
    ["7.2.0.192.bad.lab", "7.2.0.192.good.lab", "example.org.domains.lab", "mail.example.net.fine.lab"].filter(
      (name) => !resolver.questions.includes(`A ${name}`),
    ),
    [],
  );
  for (let i = 0; i < 100; i += 1) await ask("rcpt", { client, recipient: ann, reversePath: address("x@example.org") });
  assert.equal(resolver.questions.length, asked);
  dnsLists[Symbol.dispose]();
});

test("a flood of invented names is forgotten, oldest first", async () => {
  const { ask, resolver, dnsLists } = setUp({ lists: [list("fine.lab", -20, { of: "domain" })] });
  const client = from("192.0.2.1", "[192.0.2.1]");
  const mail = (i: number) => ask("mail", { client, reversePath: address(`x@invented${i}.example`) });
  const last = dnsListsLimits.kept + 10;
  for (let i = 0; i <= last; i += 1) await mail(i);
  await mail(last);
  await mail(0);
  await settled();
  const timesAsked = (i: number) => resolver.questions.filter((q) => q === `A invented${i}.example.fine.lab`).length;
  assert.deepEqual([timesAsked(last), timesAsked(0)], [1, 2]);
  dnsLists[Symbol.dispose]();
});

test("lists of addresses do not wait for SPF", async () => {
  const { ask, dnsLists } = setUp({ lists: [list("bad.lab", 10)] });
  const facts = { client: from("192.0.2.7"), recipient: ann, sender: new Promise<never>(() => {}) };
  assert.equal((await ask("rcpt", facts)).kind, "refuse");
  dnsLists[Symbol.dispose]();
});

test("without lists there is nothing to check", () => assert.deepEqual(setUp({ lists: [] }).dnsLists.checks, []));
