import assert from "node:assert/strict";
import { test } from "node:test";
import { reverseName } from "./reverse-name.ts";

test("IPv4 octets are turned round", () => {
  assert.equal(reverseName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
});

test("IPv6 is written in nibbles, all 32 of them (RFC 3596 §2.5)", () => {
  assert.equal(
    reverseName("4321:0:1:2:3:4:567:89ab"),
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
  );
});

test("an IPv4-mapped address has its name in the IPv4 tree", () => {
  assert.equal(reverseName("::ffff:192.0.2.1"), "1.2.0.192.in-addr.arpa");
});

test("what is no address has no reverse name", () => {
  for (const text of ["", "1", "example.org", "192.0.2", "[::1]"]) assert.equal(reverseName(text), undefined, text);
});
