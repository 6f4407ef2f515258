// The tree walk of RFC 9989 §4.10: which names are asked for, whose record holds, where the organization begins.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { recordingResolver } from "../../dns/recording-resolver.ts";
import { walkTree } from "./dmarc-walk.ts";

const zone = `
_dmarc.org.example TXT "v=DMARC1; p=reject"
_dmarc.unit.org.example TXT "v=DMARC1; p=none; psd=n"
_dmarc.suffix TXT "v=DMARC1; p=quarantine; psd=y"
_dmarc.twice.example TXT "v=DMARC1; p=none; p=reject"
_dmarc.like.example TXT "dmarc1; p=none"
_dmarc.down.example SERVFAIL
_dmarc.a.down.example TXT "v=DMARC1; p=none"
`;

interface Expected {
  readonly asked: readonly string[];
  readonly policy?: string;
  readonly organization?: string;
  readonly faults?: number;
}

const cases: readonly [domain: string, expected: Expected][] = [
  ["org.example", { asked: ["org.example", "example"], policy: "org.example", organization: "org.example" }],
  [
    "a.org.example",
    { asked: ["a.org.example", "org.example", "example"], policy: "org.example", organization: "org.example" },
  ],
  [
    "b.unit.org.example",
    { asked: ["b.unit.org.example", "unit.org.example"], policy: "unit.org.example", organization: "unit.org.example" },
  ],
  ["a.b.suffix", { asked: ["a.b.suffix", "b.suffix", "suffix"], policy: "suffix", organization: "b.suffix" }],
  ["suffix", { asked: ["suffix"], policy: "suffix", organization: "suffix" }],
  ["none.test", { asked: ["none.test", "test"], organization: "none.test" }],
  ["twice.example", { asked: ["twice.example", "example"], organization: "twice.example" }],
  ["like.example", { asked: ["like.example", "example"], organization: "like.example", faults: 1 }],
  ["a.down.example", { asked: ["a.down.example", "down.example"], policy: "a.down.example" }],
  [
    "1.2.3.4.5.6.7.org.example",
    {
      asked: [
        "1.2.3.4.5.6.7.org.example",
        ..."3.4.5.6.7 4.5.6.7 5.6.7 6.7 7".split(" ").map((name) => `${name}.org.example`),
        "org.example",
        "example",
      ],
      policy: "org.example",
      organization: "org.example",
    },
  ],
];

for (const [domain, { asked, policy, organization, faults = 0 }] of cases)
  test(`from ${domain}`, async () => {
    const resolver = fakeResolver(zone);
    const walked = await walkTree(domain, recordingResolver(resolver, fakeWorld()));
    assert.deepEqual(
      resolver.questions,
      asked.map((name) => `TXT _dmarc.${name}`),
    );
    assert.equal(walked.policy?.domain, policy);
    assert.equal(walked.organization, organization);
    assert.equal(walked.faults.length, faults);
    assert.equal(walked.failed !== undefined, domain === "a.down.example");
  });
