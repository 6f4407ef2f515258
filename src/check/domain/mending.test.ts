// What was meant by a record that was typed or pasted wrong; what is right stays as it is.
import { constantFrom, property, string, assert as fcAssert, subarray, tuple, ipV4, ipV6 } from "fast-check";
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { readSpfRecord } from "../authentication/spf-record.ts";
import { mendKey } from "./dkim-mending.ts";
import { mendDmarc } from "./dmarc-mending.ts";
import { mendSpf } from "./spf-mending.ts";

const spf: Readonly<Record<string, string | undefined>> = {
  "v=spf1 ip4:192.0.2.1include:_spf.a.example -all": "v=spf1 ip4:192.0.2.1 include:_spf.a.example -all",
  "v=spf1 include:a.example.ip4:192.0.2.1 -all": undefined, // a dot too many, or a name too few
  "v=spf1 ip4:192.0.2.1~all": "v=spf1 ip4:192.0.2.1 ~all",
  "v=spf1 ip4:192.0.2.0/24;include:a.example;-all": "v=spf1 ip4:192.0.2.0/24 include:a.example -all",
  "v=spf1 include: a.example -all": "v=spf1 include:a.example -all",
  "v=spf1 include=a.example ~all": "v=spf1 include:a.example ~all",
  "v=spf1 ip:192.0.2.1 ipv6:2001:db8::1 -all": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all",
  "v=spf1 a:192.0.2.1 2001:db8::/32 -all": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all",
  "v=spf1 ip4:2001:db8::1 -all": "v=spf1 ip6:2001:db8::1 -all",
  "v = spf1 mx -all": "v=spf1 mx -all",
  "v=spf1\u00a0mx\u00a0-all": "v=spf1 mx -all",
  "spf1 mx -all": "v=spf1 mx -all",
  "v=spf mx -all": "v=spf1 mx -all",
  "spf2.0/pra,mfrom mx -all": undefined, // what stands between is not known
  "v=spf1 -all v=spf1 mx ~all": "v=spf1 mx -all",
  "v=spf1 everything -all": undefined,
  "v=spf1 mx -all": undefined,
  "v=spf1 redirect=_spf.a.example": undefined,
  "v=spf1 exists:%{l1r-,}.%{i}.a.example -all": undefined,
};

for (const [record, mended] of Object.entries(spf))
  test(`SPF: ${JSON.stringify(record)}`, () => assert.equal(mendSpf(record), mended));

test("SPF: a right record needs no mending, whatever it has", () => {
  const terms = ["a", "mx", "mx:a.example/24", "?include:b.example", "exists:%{ir}.c.example", "ip6:2001:db8::/32"];
  fcAssert(
    property(subarray(terms), tuple(ipV4(), ipV6()), constantFrom("-all", "~all", "?all"), (some, [four, six], all) => {
      const record = ["v=spf1", ...some, `ip4:${four}`, `ip6:${six}/64`, all].join(" ");
      assert.equal(mendSpf(record), undefined);
    }),
  );
});

test("SPF: what comes out is right, and stays so", () => {
  fcAssert(
    property(
      string({
        unit: constantFrom("v=spf1", " ", "ip4:", "192.0.2.1", "include:", "a.example", "-all", ";", '"', "%", "x"),
      }),
      (text) => {
        const mended = mendSpf(text);
        if (mended === undefined) return;
        assert.deepEqual(
          readSpfRecord(mended).filter(({ kind }) => kind === "wrong"),
          [],
        );
        assert.equal(mendSpf(mended), undefined);
      },
    ),
  );
});

const key = generateKeyPairSync("rsa", { modulusLength: 2_048 })
  .publicKey.export({ type: "spki", format: "der" })
  .toString("base64");
const right = `v=DKIM1; k=rsa; p=${key}`;

test("DKIM: what pasting adds is taken off", () => {
  const pasted = [
    `v=DKIM1\\; k=rsa\\; p=${key}`,
    `"v=DKIM1; k=rsa; p=${key}"`,
    `v=DKIM1; k=rsa; p=${key.slice(0, 100)}" "${key.slice(100)}`,
    `v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----${key}-----END PUBLIC KEY-----`,
    `v=DKIM1 k=rsa; p=${key}`,
    `k=rsa; p=${key}; v=DKIM1`,
    key,
  ];
  for (const record of pasted) assert.equal(mendKey(record), right, record.slice(0, 40));
});

test("DKIM: a key that is cut off is not guessed", () => {
  assert.equal(mendKey(`v=DKIM1; k=rsa; p=${key.slice(0, 200)}`), undefined);
  assert.equal(mendKey(right), undefined);
  assert.equal(mendKey("hello"), undefined);
});

test("a DMARC record is freed from what was pasted with it; what else is wrong with it is left to people", () => {
  const cases = [
    ['"v=DMARC1; p=none"', "v=DMARC1; p=none"],
    ["DMARC1; p=reject", "v=DMARC1; p=reject"],
    ["v=dmarc1: p=none", "v=DMARC1; p=none"],
    ["v=DMARC1, p=none, rua=mailto:a@shop.example", "v=DMARC1; p=none; rua=mailto:a@shop.example"],
    ["v=DMARC1; p=none", undefined],
    ["v=DMARC1; p=perhaps", undefined],
    ["v=spf1 -all", undefined],
  ] as const;
  for (const [record, mended] of cases) assert.equal(mendDmarc(record), mended, record);
});
