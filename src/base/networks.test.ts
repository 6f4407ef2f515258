import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import ipaddr from "ipaddr.js";
import { canonicalAddress, isLoopback, networks } from "./networks.ts";

test("an address is in a network when its first bits are the network's", () => {
  const list = networks(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "10.9.8.7/31"]);
  for (const inside of ["10.255.0.1", "192.0.2.1", "2001:db8:ffff::1"]) assert.equal(list.has(inside), true, inside);
  for (const outside of ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::1"])
    assert.equal(list.has(outside), false, outside);
});

test("IPv4-mapped IPv6 counts as IPv4, in the address and in the list", () => {
  assert.equal(networks(["10.0.0.0/8"]).has("::ffff:10.1.2.3"), true);
  assert.equal(networks(["::ffff:10.0.0.0/104"]).has("10.1.2.3"), true);
  assert.equal(networks(["::ffff:10.0.0.0/104"]).has("11.1.2.3"), false);
});

test("all of one family is not all of the other", () => {
  assert.equal(networks(["0.0.0.0/0"]).has("203.0.113.9"), true);
  assert.equal(networks(["0.0.0.0/0"]).has("2001:db8::1"), false);
  assert.equal(networks(["::/0"]).has("203.0.113.9"), false);
});

test("what is no address is in no network", () => {
  const list = networks(["0.0.0.0/0", "::/0"]);
  for (const text of ["", "localhost", "10.1", "10.0.0.0/8", "1.2.3.4.5"]) assert.equal(list.has(text), false, text);
  assert.equal(networks([]).has("10.0.0.1"), false);
});

test("a scoped address is matched without its zone", () => {
  assert.equal(networks(["fe80::/10"]).has("fe80::1%eth0"), true);
});

test("an entry that is no network is named", () => {
  for (const text of ["10.0.0.0/33", "2001:db8::/129", "example.org", "10.0.0.0/", "10.0.0.0/8/8x", "10/8"])
    assert.throws(() => networks([text]), { message: new RegExp(`^"${text}" is not a network`) }, text);
});

test("addresses of both families, however written, are where their bits say", () => {
  const mapped = fc.ipV4().map((address) => `::ffff:${address}`);
  const anyAddress = fc.oneof(
    fc.ipV4(),
    mapped,
    mapped.map((text) => text.toUpperCase()),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(anyAddress, anyAddress, fc.nat(128), (text, other, longest) => {
      const [address, network] = [ipaddr.process(text), ipaddr.process(other)];
      const bits = Math.min(longest, network.kind() === "ipv4" ? 32 : 128);
      const expected = address.kind() === network.kind() && address.match(network, bits);
      assert.equal(networks(["192.0.2.1", `${network.toString()}/${bits}`]).has(text), expected);
      assert.equal(canonicalAddress(text), address.toString());
    }),
    { numRuns: 2_000 },
  );
});

test("an address is written in one way", () => {
  assert.equal(canonicalAddress("2001:DB8:0:0::0001"), "2001:db8::1");
  assert.equal(canonicalAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(canonicalAddress("::ffff:c000:201"), "192.0.2.1");
  assert.equal(canonicalAddress("192.0.2.1"), "192.0.2.1");
  assert.equal(canonicalAddress("192.0.2"), undefined);
});

test("loopback, in every way it is written", () => {
  for (const inside of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    assert.equal(isLoopback(inside), true, inside);
  for (const outside of ["128.0.0.1", "10.0.0.1", "::", "::2", "127.example.org", ""])
    assert.equal(isLoopback(outside), false, outside);
});
