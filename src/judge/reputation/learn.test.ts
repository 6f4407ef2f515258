// What events teach of senders; above all, that nobody is blamed or praised for a name that somebody else typed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { address } from "../../../test/support/sample.ts";
import type { Event } from "../../journal/event.ts";
import type { QueueId } from "../../mail/message.ts";
import { type EnhancedCode, reply } from "../../mail/reply.ts";
import type { Authentication, Identity } from "../../mail/verdict.ts";
import { learn } from "./learn.ts";

const client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" } as const;
const network: Identity = { kind: "network", name: "192.0.2.0/24" };
const domain: Identity = { kind: "dmarc", name: "bank.example" };
const verdict = { because: "", domain: "bank.example" };

const authentication: Authentication = {
  iprev: { result: "pass", because: "" },
  spf: [{ ...verdict, scope: "mailfrom", result: "fail" }],
  dkim: [],
  arc: { result: "none", because: "" },
  dmarc: { ...verdict, result: "fail", author: "one", policy: "reject" },
};

const bob = address("bob@bank.example");

const received = (identity: Identity, more: object = {}): Event => ({
  kind: "received",
  at: 1,
  queueId: "Q1" as QueueId,
  from: bob,
  to: [address("ann@ours.example")],
  client,
  sizeBytes: 1,
  judged: { identity, authentication, findings: [], ...more },
});

const refused = (code: number, enhanced: EnhancedCode | undefined, more: object = {}): Event => ({
  kind: "refused",
  at: 1,
  client,
  stage: "content",
  from: bob,
  reply: reply(code, enhanced, "no"),
  ...more,
});

const mark = (check: string) => ({ findings: [{ check, kind: "mark", text: "" }] });

/** "dmarc bank.example accepted" for what is wholly theirs, with "(0.25)" behind it for a part. */
const deeds = (event: Event): string[] =>
  learn(event).map(
    ({ identity, behaviour, share }) =>
      `${identity.kind} ${identity.name} ${behaviour}${share === 1 ? "" : ` (${share})`}`,
  );

const blamesNetwork = (behaviour: string): string[] => [`network 192.0.2.0/24 ${behaviour}`];
const blames = (behaviour: string): string[] => [
  `dmarc bank.example ${behaviour}`,
  `network 192.0.2.0/24 ${behaviour} (0.25)`,
];
const unproven = { judged: { identity: network, authentication, findings: [] } };
const ofList = { judged: { identity: { kind: "dkim", name: "list.example" }, authentication, findings: [] } };
const proven = { judged: { identity: domain, authentication, findings: [] } };

const table: readonly (readonly [string, Event, readonly string[]])[] = [
  ["good mail of a proven domain", received(domain), blames("accepted")],
  ["good mail of nobody proven", received({ kind: "network", name: "192.0.2.7" }), blamesNetwork("accepted")],
  ["marked mail", received(domain, mark("hook:filter")), blames("marked")],
  ["what a listed host sends on of others", received(domain, mark("dns-lists")), blamesNetwork("marked")],
  ["a list that breaks DMARC", received({ kind: "dkim", name: "list.example" }, mark("dmarc")), []],
  ["marked as a forgery, and nobody proven", received(network, mark("spf")), blamesNetwork("forged")],
  ["marked for its reputation, which must not feed itself", received(domain, mark("reputation")), []],
  ["a trusted client without an account", received(network, { authentication: undefined }), []],
  [
    "an account writes to the world",
    {
      ...received(network),
      client: { ...client, account: "ann" },
      judged: undefined,
      to: ["a@x.example", "b@mail.x.example", "c@y.example", "d@[192.0.2.1]"].map(address),
    } as Event,
    [
      "account ann accepted",
      "network 192.0.2.0/24 logged-in",
      "dmarc x.example written-to",
      "dmarc y.example written-to",
    ],
  ],
  ["a forged From: DMARC", refused(550, "5.7.1", { check: "dmarc", ...unproven }), blamesNetwork("forged")],
  ["a forged From: by its code", refused(550, "5.7.26", { check: "policy", ...unproven }), blamesNetwork("forged")],
  ["a list that breaks DMARC, refused", refused(550, "5.7.1", { check: "dmarc", ...ofList }), []],
  ["one of ours by way of a list", refused(550, "5.7.1", { check: "own-domain", ...ofList }), []],
  [
    "what a list itself sends",
    refused(550, "5.7.1", { check: "filter", ...ofList }),
    ["dkim list.example refused", "network 192.0.2.0/24 refused (0.25)"],
  ],
  ["a forged MAIL FROM: SPF", refused(550, "5.7.23", { check: "spf", stage: "mail" }), blamesNetwork("forged")],
  ["no reverse name is no forgery", refused(550, "5.7.25", { check: "iprev", stage: "mail" }), []],
  ["an authentication that could not be checked", refused(451, "4.7.24", { check: "spf", stage: "mail" }), []],
  ["two authors", refused(550, "5.7.1", { check: "author", ...unproven }), blamesNetwork("forged")],
  ["a DNS list is not our own experience", refused(554, "5.7.1", { check: "dns-lists", ...proven }), []],
  ["content", refused(550, "5.7.1", { check: "filter", ...proven }), blames("refused")],
  ["content for the time being", refused(451, "4.7.1", { check: "filter", ...proven }), []],
  ["reputation does not feed itself", refused(550, "5.7.1", { check: "reputation", ...proven }), []],
  ["greylisting is no offence", refused(451, "4.7.1", { check: "greylist", stage: "rcpt" }), []],
  ["unknown recipients", refused(550, "5.1.1", { check: "relay", stage: "rcpt" }), blamesNetwork("unknown-recipient")],
  ["a try to relay", refused(550, "5.7.1", { check: "relay", stage: "rcpt" }), blamesNetwork("abuse")],
  ["a failed login", refused(535, "5.7.8", { stage: "login" }), ["network 192.0.2.0/24 failed-login (0.25)"]],
  ["the protocol", refused(503, "5.5.1", { stage: "data" }), blamesNetwork("abuse")],
  ["too large", refused(552, "5.3.4", { stage: "mail" }), []],
  [
    "one who has logged in",
    refused(550, "5.1.1", { check: "relay", stage: "rcpt", client: { ...client, account: "ann" } }),
    [],
  ],
  [
    "IPv6",
    { ...received(network), client: { ...client, address: "2001:db8::7:1" } } as Event,
    ["network 2001:db8::/64 accepted"],
  ],
];

for (const [name, event, expected] of table) test(name, () => assert.deepEqual(deeds(event), expected));

test("one letter to many is not a thousand acquaintances", () => {
  const to = Array.from({ length: 1_000 }, (_, i) => address(`x@d${i}.example`));
  const event = { ...received(network), client: { ...client, account: "ann" }, to } as Event;
  assert.equal(deeds(event).length, 12);
});
