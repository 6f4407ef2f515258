// What follows from verdicts, by the settings: a table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdicts, type Wanted } from "../../../test/support/verdicts.ts";
import { schema } from "../../config/schema.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { replyText } from "../../mail/reply.ts";
import type { IprevVerdict } from "../../mail/verdict.ts";
import type { Facts, Finding } from "../check.ts";
import { type AuthenticationSettings, identityChecks } from "./policy.ts";

const defaults = schema.parse({}).authentication;
const ours = { hostname: "mx.here.example", addresses: ["198.51.100.25", "2001:db8::25", "127.0.0.1"], domains: [] };
const client: Client = { address: "192.0.2.7", port: 1, protocol: "ESMTP", helloName: "mx.example.org" };
const identity = { kind: "network", name: "192.0.2.0/24" } as const;

type Settings = Partial<AuthenticationSettings>;

const findings = async (phase: string, facts: Facts, settings: Settings): Promise<Finding[]> => {
  const due = identityChecks({ ...defaults, ...settings }, ours).filter((check) => check.phase === phase);
  const all = await Promise.all(due.map(async (check) => check.judge(facts)));
  return all.filter(({ kind }) => kind !== "nothing");
};

/** `refuse 550 5.7.1 words`, `mark words`; "": nothing speaks against it. */
const say = (found: readonly Finding[]): string =>
  found
    .map((finding) => {
      if (finding.kind === "nothing") return "";
      return `${finding.check} ${finding.kind} ${finding.kind === "mark" ? finding.because : replyText(finding.reply)}`;
    })
    .join(" | ");

async function judge(wanted: Wanted, settings: Settings = {}, trusted = false): Promise<string> {
  const authentication = verdicts(wanted);
  const content = { sizeBytes: 1, hops: 0, header: [], recipients: [], identity, authentication };
  return say(await findings("content", { client, trusted, content }, settings));
}

const arcPass = { sealer: "google.com", earlierSealers: [], passed: "dmarc example.org" } as const;

const cases: readonly [what: string, wanted: Wanted, expected: RegExp, settings?: Settings][] = [
  ["DMARC passes", { dmarc: "pass", policy: "reject", spf: "fail" }, /^$/],
  [
    "p=reject",
    { dmarc: "fail", policy: "reject" },
    /^dmarc refuse 550 5\.7\.1 .*example\.org asks in its DMARC record \(p=reject\).*DKIM as example\.org/,
  ],
  ["p=reject, as marked", { dmarc: "fail", policy: "reject" }, /^dmarc mark [^|]*$/, { dmarc_reject: "mark" }],
  ["p=reject, as accepted", { dmarc: "fail", policy: "reject", spf: "fail" }, /^$/, { dmarc_reject: "accept" }],
  ["p=quarantine", { dmarc: "fail", policy: "quarantine" }, /^dmarc mark /],
  [
    "p=quarantine, as refused",
    { dmarc: "fail", policy: "quarantine" },
    /^dmarc refuse 550 5\.7\.1/,
    { dmarc_quarantine: "refuse" },
  ],
  ["p=none", { dmarc: "fail", policy: "none", spf: "fail" }, /^$/],
  [
    "SPF fail without DMARC",
    { dmarc: "none", spf: "fail", explanation: "go away" },
    /^spf refuse 550 5\.7\.23 .*bounce\.example itself says: "go away"$/,
  ],
  ["SPF fail, as marked", { dmarc: "none", spf: "fail" }, /^spf mark /, { spf_fail: "mark" }],
  ["SPF softfail", { dmarc: "none", spf: "softfail" }, /^$/],
  ["SPF fail, signed by the author", { dmarc: "none", spf: "fail", dkim: "example.org" }, /^$/],
  ["SPF fail, signed by another", { dmarc: "none", spf: "fail", dkim: "list.example" }, /^spf refuse/],
  ["a list of a trusted sealer", { dmarc: "fail", policy: "reject", arc: arcPass }, /^$/],
  [
    "a host of a trusted sealer",
    { dmarc: "fail", policy: "reject", arc: { ...arcPass, sealer: "mail.google.com" } },
    /^$/,
  ],
  ["a trusted sealer after SPF fail", { dmarc: "none", spf: "fail", arc: arcPass }, /^$/],
  [
    "a sealer whom we do not trust",
    { dmarc: "fail", policy: "reject", arc: { ...arcPass, sealer: "evilgoogle.com" } },
    /^dmarc refuse/,
  ],
  [
    "a forger below a trusted sealer",
    { dmarc: "fail", policy: "reject", arc: { ...arcPass, earlierSealers: ["evil.example"] } },
    /^dmarc refuse/,
  ],
  [
    "a sealer that saw another author",
    { dmarc: "fail", policy: "reject", arc: { ...arcPass, passed: "dmarc other.example" } },
    /^dmarc refuse/,
  ],
  [
    "a sealer that saw his signature",
    { dmarc: "fail", policy: "reject", arc: { ...arcPass, passed: "dkim mail.example.org" } },
    /^$/,
  ],
  ["DNS fails", { dmarc: "temperror", spf: "neutral" }, /^$/],
  ["DNS fails, and SPF rules it out", { dmarc: "temperror", spf: "fail" }, /^spf mark /],
  ["nothing was found out in time", { dmarc: "temperror", author: "none" }, /^(?=.*author)|dmarc mark /],
  ["DNS fails where the policy is known", { dmarc: "temperror", policy: "reject" }, /^dmarc mark /],
  [
    "DNS fails, as deferred",
    { dmarc: "temperror" },
    /^dmarc defer 451 4\.7\.0 .*try again later/,
    { temporary_failure: "defer" },
  ],
  ["SPF temperror", { dmarc: "none", spf: "temperror" }, /^$/],
  [
    "SPF temperror, as deferred",
    { dmarc: "none", spf: "temperror" },
    /^spf defer 451 4\.7\.24/,
    { temporary_failure: "defer" },
  ],
  ["no From", { dmarc: "permerror", author: "none" }, /^author refuse 550 5\.7\.1 .*one From field/],
  ["two From fields, as marked", { dmarc: "permerror", author: "several" }, /^author mark /, { bad_author: "mark" }],
  ["no readable From, as accepted", { dmarc: "permerror", author: "invalid" }, /^$/, { bad_author: "accept" }],
];
for (const [what, wanted, expected, settings] of cases)
  test(what, async () => assert.match(await judge(wanted, settings), expected));

test("trusted clients are not judged", async () => {
  assert.equal(await judge({ dmarc: "permerror", author: "none", spf: "fail" }, {}, true), "");
});

test("replies fit into lines (RFC 5321 §4.5.3.1.5)", async () => {
  const found = await findings(
    "content",
    {
      client,
      trusted: false,
      content: {
        sizeBytes: 1,
        hops: 0,
        header: [],
        recipients: [],
        identity,
        authentication: verdicts({
          dmarc: "none",
          spf: "fail",
          explanation: "x".repeat(200),
          because: "y ".repeat(600),
        }),
      },
    },
    {},
  );
  const [finding] = found;
  assert.ok(finding?.kind === "refuse");
  assert.ok(finding.reply.lines.every((line) => line.length <= 400 && line.trim() === line && line !== ""));
});

const hellos: readonly [name: string, address: string, isRefused: boolean][] = [
  ["mx.here.example", "192.0.2.7", true],
  ["MX.Here.Example.", "192.0.2.7", true],
  ["[198.51.100.25]", "192.0.2.7", true],
  ["198.51.100.25", "192.0.2.7", true],
  ["[IPv6:2001:DB8::25]", "192.0.2.7", true],
  ["mx.example.org", "192.0.2.7", false],
  ["localhost", "192.0.2.7", false],
  ["mx.here.example", "127.0.0.1", false],
];
for (const [helloName, address, isRefused] of hellos)
  test(`HELO ${helloName} of ${address} is ${isRefused ? "refused" : "taken"}`, async () => {
    const facts = { client: { ...client, helloName, address }, trusted: false };
    assert.match(say(await findings("mail", facts, {})), isRefused ? /^helo refuse 550 5\.7\.1/ : /^$/);
    assert.equal(say(await findings("mail", { ...facts, trusted: true }, {})), "");
    assert.match(say(await findings("mail", facts, { bad_helo: "mark" })), isRefused ? /^helo mark/ : /^$/);
  });

const names: readonly [result: IprevVerdict["result"], wish: "accept" | "defer" | "refuse", expected: RegExp][] = [
  ["pass", "refuse", /^$/],
  ["fail", "accept", /^$/],
  ["fail", "defer", /^reverse-name defer 451 4\.7\.25/],
  ["permerror", "refuse", /^reverse-name refuse 550 5\.7\.25 .*PTR/],
  ["temperror", "refuse", /^reverse-name defer 451 4\.7\.25/],
];
for (const [result, reverse_name, expected] of names)
  test(`reverse name ${result}, ${reverse_name}`, async () => {
    const sender = Promise.resolve({ iprev: { result, because: "a reason" }, spf: [] });
    const facts = { client, trusted: false, reversePath: "" as ReversePath, sender };
    assert.match(say(await findings("mail", facts, { reverse_name })), expected);
  });

test("a stranger who writes as one of ours needs a proof, or a policy decides", () => {
  const judgeOwn = (wanted: Wanted, own_domain: AuthenticationSettings["own_domain"] = "mark"): string => {
    const checks = identityChecks({ ...defaults, own_domain }, { ...ours, domains: ["example.org"] });
    const authentication = verdicts(wanted);
    const content = { sizeBytes: 1, hops: 0, header: [], recipients: [], identity, authentication };
    const check = checks.find(({ name }) => name === "own-domain")!;
    return say([check.judge({ client, trusted: false, content }) as Finding]);
  };
  const words = /own-domain mark it says that it is from example\.org.*nothing proves it$/;
  assert.match(judgeOwn({ dmarc: "none" }), words);
  assert.match(judgeOwn({ dmarc: "fail", policy: "none" }), words);
  assert.match(judgeOwn({ dmarc: "none" }, "refuse"), /^own-domain refuse 550 5\.7\.1 .*after logging in/);
  for (const wanted of [
    { dmarc: "pass", policy: "none" },
    { dmarc: "none", dkim: "example.org" },
    { dmarc: "fail", policy: "reject" },
  ] as const)
    assert.equal(judgeOwn(wanted), "");
  assert.equal(judgeOwn({ dmarc: "none" }, "accept"), "");
});
