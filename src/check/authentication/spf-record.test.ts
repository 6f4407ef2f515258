// What is wrong with a term of an SPF record, in words, as people get it wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSpfRecord } from "./spf-record.ts";

const wrong: readonly [term: string, words: RegExp][] = [
  ["192.0.2.1", /needs ip4: before it: ip4:192\.0\.2\.1$/],
  ["2001:db8::1", /needs ip6: before it/],
  ["ip:192.0.2.1", /did you mean ip4:192\.0\.2\.1\?/],
  ["ipv6:2001:db8::1", /did you mean ip6:2001:db8::1\?/],
  ["ip4:192.0.2", /"192\.0\.2" is not such an address/],
  ["ip4:192.0.2.1/33", /"\/33" is not a prefix length of 0 to 32/],
  ["ip4:192.0.2.1/024", /"\/024" is not a prefix length/],
  ["ip4:2001:db8::1", /2001:db8::1 belongs into ip6:/],
  ["ip6:192.0.2.1", /192\.0\.2\.1 belongs into ip4:/],
  ["include", /"include" needs a domain: include:example\.org/],
  ["include:", /the domain is missing/],
  ["include:localhost", /"localhost" is not a full domain name/],
  ["mail.example.org", /a domain needs a mechanism before it: include:mail\.example\.org/],
  ["mx,", /separated by spaces only; leave out the ","/],
  ["-all.", /there is no mechanism "all\."/],
  ["all:x", /nothing may follow "all"/],
  ["exists:%{x}.example", /there is no macro %\{x\}/],
  ["exists:%{c}.example", /only in the text of an explanation/],
  ["exists:%{d0}.example", /0 parts/],
  ["a:%i.example", /"%" begins a macro/],
  ["redirect=a.example redirect=b.example", /redirect= may stand in a record only once/],
  ["a:b\u00e4r.example", /printable ASCII/],
  [":example.org", /name is missing/],
];

for (const [term, words] of wrong)
  test(`"${term}" is wrong`, () => {
    const found = readSpfRecord(`v=spf1 ${term} -all`).filter(({ kind }) => kind === "wrong");
    assert.equal(found.length, 1);
    assert.match((found[0] as { problem: string }).problem, words);
  });
