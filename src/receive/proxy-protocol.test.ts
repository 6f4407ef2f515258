import * as fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyHeaderLimits, readProxyHeader } from "./proxy-protocol.ts";

const version1 = (line: string) => readProxyHeader(Buffer.from(`${line}\r\n`));

/** A version 2 header: version and command, family and transport, then addresses, ports and TLVs. */
function version2(first: number, second: number, rest: readonly number[]): Buffer {
  const length = [rest.length >> 8, rest.length & 255];
  return Buffer.from([...Buffer.from("\r\n\r\n\0\r\nQUIT\n"), first, second, ...length, ...rest]);
}

const v4 = [198, 51, 100, 1, 192, 0, 2, 1, 0x8b, 0x3e, 0, 25];
const v6 = [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1, ...Array<number>(16).fill(9), 0x8b, 0x3e, 0, 25];

test("version 1 names the client", () => {
  assert.deepEqual(version1("PROXY TCP4 198.51.100.1 192.0.2.1 35646 25"), {
    kind: "proxied",
    address: "198.51.100.1",
    port: 35_646,
    sizeBytes: 44,
  });
  assert.deepEqual(version1("PROXY TCP6 2001:DB8:0::1 ::1 35646 25"), {
    kind: "proxied",
    address: "2001:db8::1",
    port: 35_646,
    sizeBytes: 39,
  });
  assert.deepEqual(version1("PROXY UNKNOWN"), { kind: "local", sizeBytes: 15 });
  assert.deepEqual(version1("PROXY UNKNOWN ffff::1 ffff::2 1 2"), { kind: "local", sizeBytes: 35 });
});

test("version 1 is read strictly", () => {
  for (const line of [
    "PROXY TCP4 198.51.100.1 192.0.2.1 35646",
    "PROXY TCP4 2001:db8::1 ::1 35646 25",
    "PROXY TCP6 198.51.100.1 192.0.2.1 35646 25",
    "PROXY TCP4 198.51.100 192.0.2.1 35646 25",
    "PROXY TCP4 198.51.100.1 192.0.2.1 65536 25",
    "PROXY TCP4 198.51.100.1 192.0.2.1 035 25",
    "PROXY TCP4  198.51.100.1 192.0.2.1 35646 25",
    "PROXY UDP4 198.51.100.1 192.0.2.1 35646 25",
    "PROXY UNKNOWNS",
  ])
    assert.equal(version1(line).kind, "bad", line);
});

test("version 2 names the client, TLVs are skipped", () => {
  const header = version2(0x21, 0x11, [...v4, 4, 0, 1, 7]);
  const proxied = { kind: "proxied", port: 35_646 } as const;
  assert.deepEqual(readProxyHeader(header), { ...proxied, address: "198.51.100.1", sizeBytes: 32 });
  assert.deepEqual(readProxyHeader(version2(0x21, 0x21, v6)), { ...proxied, address: "2001:db8::1", sizeBytes: 52 });
});

test("version 2 over IPv6 with a mapped address names the IPv4 client", () => {
  const mapped = [...Array<number>(10).fill(0), 255, 255, 198, 51, 100, 1, ...v6.slice(16)];
  const header = readProxyHeader(version2(0x21, 0x21, mapped));
  assert.equal(header.kind === "proxied" && header.address, "198.51.100.1");
});

test("version 2: LOCAL and other families leave the connection's own address", () => {
  assert.deepEqual(readProxyHeader(version2(0x20, 0x11, v4)), { kind: "local", sizeBytes: 28 });
  assert.deepEqual(readProxyHeader(version2(0x20, 0, [])), { kind: "local", sizeBytes: 16 });
  assert.deepEqual(readProxyHeader(version2(0x21, 0, [])), { kind: "local", sizeBytes: 16 });
  assert.deepEqual(readProxyHeader(version2(0x21, 0x31, Array(216).fill(1))), { kind: "local", sizeBytes: 232 });
});

test("version 2 is read strictly", () => {
  assert.equal(readProxyHeader(version2(0x11, 0x11, v4)).kind, "bad", "version 1 in version 2's form");
  assert.equal(readProxyHeader(version2(0x22, 0x11, v4)).kind, "bad", "unknown command");
  assert.equal(readProxyHeader(version2(0x21, 0x11, v4.slice(1))).kind, "bad", "too short");
  assert.equal(readProxyHeader(version2(0x21, 0x21, v4)).kind, "bad", "too short for IPv6");
  const long = version2(0x21, 0x11, Array(proxyHeaderLimits.version2Bytes - 15).fill(0));
  assert.equal(readProxyHeader(long.subarray(0, 16)).kind, "bad", "refused by its announced length");
});

test("a client that talks without a header is noticed at its first byte", () => {
  assert.equal(readProxyHeader(Buffer.from("E")).kind, "bad");
  assert.equal(readProxyHeader(Buffer.from("PROXY")).kind, "incomplete");
  assert.equal(readProxyHeader(Buffer.from("PROXI")).kind, "bad");
});

test("an endless line ends at the limit", () => {
  assert.equal(readProxyHeader(Buffer.from("PROXY TCP4 ".padEnd(106, "1"))).kind, "incomplete");
  assert.equal(readProxyHeader(Buffer.from("PROXY TCP4 ".padEnd(107, "1"))).kind, "bad");
});

test("a header may be split anywhere, and what follows it does not matter", () => {
  const headers = [
    Buffer.from("PROXY TCP4 198.51.100.1 192.0.2.1 35646 25\r\n"),
    version2(0x21, 0x11, v4),
    version2(0x21, 0x21, [...v6, 1, 2, 3]),
  ];
  for (const header of headers) {
    for (let length = 0; length < header.length; length++)
      assert.equal(readProxyHeader(header.subarray(0, length)).kind, "incomplete", `${length} bytes`);
    const whole = readProxyHeader(header);
    assert.equal("sizeBytes" in whole && whole.sizeBytes, header.length);
    assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from("EHLO x\r\n")])), whole);
  }
});

test("no bytes make it throw", () => {
  const mark = fc.constantFrom("", "PROXY TCP4 ", "PROXY ", "\r\n\r\n\0\r\nQUIT\n", "\r\n\r\n\0\r\nQUIT\n\x21\x11");
  fc.assert(
    fc.property(mark, fc.uint8Array({ maxLength: 120 }), (start, rest) => {
      readProxyHeader(Buffer.concat([Buffer.from(start, "latin1"), rest]));
    }),
  );
});
