// Whose reputation a message counts for: the strongest identity that is proven.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../../mail/client.ts";
import type { Authentication } from "../../mail/verdict.ts";
import { identityOf, networkOf } from "./identity.ts";
import { verdicts } from "../../../test/support/verdicts.ts";

const client: Client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" };

const cases: readonly [what: string, verdicts: Authentication, kind: string, name: string][] = [
  ["DMARC", verdicts({ dmarc: "pass", dkim: "list.example" }), "dmarc", "example.org"],
  ["DKIM without DMARC", verdicts({ dmarc: "fail", dkim: "list.example", spf: "pass" }), "dkim", "list.example"],
  [
    "DKIM of the author first",
    verdicts({ dmarc: "none", dkim: "list.example mail.example.org" }),
    "dkim",
    "example.org",
  ],
  ["a subdomain", verdicts({ dmarc: "fail", dkim: "x1.y.evil.example" }), "dkim", "evil.example"],
  ["below a suffix of two labels", verdicts({ dmarc: "fail", dkim: "mail.shop.co.uk" }), "dkim", "shop.co.uk"],
  ["a shared host", verdicts({ dmarc: "fail", dkim: "mail.ann.github.io" }), "dkim", "ann.github.io"],
  ["the shared host itself", verdicts({ dmarc: "fail", dkim: "github.io" }), "dkim", "github.io"],
  ["what looks like no host name", verdicts({ dmarc: "fail", dkim: "a_b.-c.evil.example" }), "dkim", "evil.example"],
  ["SPF alone", verdicts({ dmarc: "fail", spf: "pass" }), "spf", "bounce.example"],
  ["nothing", verdicts({ dmarc: "fail", spf: "softfail" }), "network", "192.0.2.0/24"],
];
for (const [what, authentication, kind, name] of cases)
  test(`${what}: ${kind} ${name}`, () => assert.deepEqual(identityOf(client, authentication), { kind, name }));

test("an account comes before all, and who was not judged is a network", () => {
  const all = verdicts({ dmarc: "pass" });
  assert.deepEqual(identityOf({ ...client, account: "ann" }, all), { kind: "account", name: "ann" });
  assert.deepEqual(identityOf(client, undefined), { kind: "network", name: "192.0.2.0/24" });
});

test("networks", () => {
  const addresses = ["192.0.2.255", "::ffff:192.0.2.1", "2001:DB8:1:2:3::4", "::1", "?"];
  assert.deepEqual(addresses.map(networkOf), ["192.0.2.0/24", "192.0.2.0/24", "2001:db8:1:2::/64", "::/64", "?"]);
});
