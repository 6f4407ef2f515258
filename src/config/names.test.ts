import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import {
  addressOrDomain,
  aliasTarget,
  domainName,
  domainPattern,
  handOver,
  hostName,
  ipAddress,
  listenAddress,
  localPart,
  mailAddress,
  network,
  nextHop,
  resolverAddress,
  separator,
} from "./names.ts";

const bad = Symbol("bad");
const read = (type: z.ZodType, written: readonly string[]): unknown[] =>
  written.map((text) => {
    const { success, data } = type.safeParse(text);
    return success ? data : bad;
  });

test("host names are in lower case; addresses and underscores are none", () => {
  assert.deepEqual(read(hostName, ["Mail.Example.ORG", "mx1", "a-b.c"]), ["mail.example.org", "mx1", "a-b.c"]);
  assert.deepEqual(
    read(hostName, ["", "192.0.2.1", "::1", "a_b.c", "-a.b", "a..b", "a.", "a b", "a".repeat(64)]),
    Array(9).fill(bad),
  );
});

test("domains are in lower-case A-labels", () => {
  assert.deepEqual(read(domainName, ["Example.ORG", "müller.example"]), ["example.org", "xn--mller-kva.example"]);
  assert.deepEqual(
    read(domainName, ["", "ann@example.org", "192.0.2.1", "*.example.org", "[192.0.2.1]"]),
    Array(5).fill(bad),
  );
  assert.deepEqual(read(domainPattern, ["*.Example.org", "example.org", "*", "*.", "a.*.b", "*.192.0.2.1"]), [
    "*.example.org",
    "example.org",
    bad,
    bad,
    bad,
    bad,
  ]);
});

test("addresses are canonical", () => {
  assert.deepEqual(read(mailAddress, ['"ann"@Example.org', "ann", "@example.org", "ann@"]), [
    "ann@example.org",
    bad,
    bad,
    bad,
  ]);
  assert.deepEqual(read(aliasTarget, ["ann", "ann@Example.org", "a b", "", "ann@"]), [
    "ann",
    "ann@example.org",
    bad,
    bad,
    bad,
  ]);
  assert.deepEqual(read(addressOrDomain, ["Example.org", "ann@example.org", "@example.org"]), [
    "example.org",
    "ann@example.org",
    bad,
  ]);
  assert.deepEqual(read(localPart, ["ann", '"ann"', '"a b"', "ann@example.org", ""]), [
    "ann",
    "ann",
    '"a b"',
    bad,
    bad,
  ]);
  assert.deepEqual(read(separator, ["", "+", ".", "++", "a", "@", '"']), ["", "+", ".", bad, bad, bad, bad]);
});

test("listen addresses have a port", () => {
  const good = ["*:25", "127.0.0.1:0", "[::1]:587", "0.0.0.0:65535"];
  const hosts = [
    ["::", 25],
    ["127.0.0.1", 0],
    ["::1", 587],
    ["0.0.0.0", 65_535],
  ] as const;
  assert.deepEqual(
    read(listenAddress, good),
    hosts.map(([host, port]) => ({ host, port })),
  );
  assert.deepEqual(
    read(listenAddress, [
      "25",
      ":25",
      "::1:25",
      "[::1]",
      "127.0.0.1",
      "localhost:25",
      "256.0.0.1:25",
      "*:65536",
      "[*]:25",
    ]),
    Array(9).fill(bad),
  );
});

test("networks have as many bits as their family, at most", () => {
  const good = ["192.0.2.1", "10.0.0.0/8", "::1", "2001:db8::/32", "0.0.0.0/0", "::/128"];
  assert.deepEqual(read(network, good), good);
  assert.deepEqual(
    read(network, [
      "10/8",
      "10.0.0.0/33",
      "::/129",
      "10.0.0.0/",
      "/8",
      "10.0.0.0/8/8",
      "localhost",
      "fe80::1%eth0",
      "10.0.0.0/-1",
    ]),
    Array(9).fill(bad),
  );
});

test("resolvers may have a port", () => {
  const good = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"];
  assert.deepEqual(read(resolverAddress, good), good);
  assert.deepEqual(
    read(resolverAddress, ["dns.example", "dns.example:53", "192.0.2.53:", "[192.0.2.53]:53"]),
    Array(4).fill(bad),
  );
  assert.deepEqual(read(ipAddress, ["192.0.2.1", "::1", "a.example"]), ["192.0.2.1", "::1", bad]);
});

test("a next hop is a name or an address, without port", () => {
  assert.deepEqual(read(nextHop, ["SMTP.example", "192.0.2.1", "::1"]), ["smtp.example", "192.0.2.1", "::1"]);
  assert.deepEqual(read(nextHop, ["smtp.example:25", "[::1]:25", "", "a b", "smtp://a"]), Array(5).fill(bad));
});

test("hand-over", () => {
  const good = [
    "relay",
    "maildir:/m/{domain}/{user}",
    "maildir:m",
    "lmtp:/run/lmtp",
    "lmtp:localhost:24",
    "lmtp:[::1]:24",
  ];
  assert.deepEqual(read(handOver, good), good);
  assert.deepEqual(
    read(handOver, [
      "",
      "Relay",
      "maildir:",
      "lmtp:host",
      "lmtp:run/lmtp",
      "lmtp:a b:24",
      "maildir:/{usr}",
      "maildir:/{user",
      "smtp:host:25",
    ]),
    Array(9).fill(bad),
  );
});
