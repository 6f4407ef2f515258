// Reverse names that lead back, and those that do not. RFC 8601 §3
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { evaluateIprev } from "./iprev.ts";

const zone = `
192.0.2.1 PTR mx.example.org
mx.example.org A 192.0.2.1
192.0.2.2 PTR bank.example
bank.example A 198.51.100.1
192.0.2.3 PTR slow.example
slow.example SILENT
192.0.2.4 PTR nowhere.example
192.0.2.5 SERVFAIL
192.0.2.6 PTR other.example
192.0.2.6 PTR six.example
six.example A 192.0.2.6
other.example A 198.51.100.1
2001:db8::1 PTR v6.example
v6.example AAAA 2001:db8:0:0::1
`;

const cases: readonly [address: string, result: string, name: string | undefined][] = [
  ["192.0.2.1", "pass", "mx.example.org"],
  ["192.0.2.2", "fail", "bank.example"],
  ["192.0.2.3", "temperror", "slow.example"],
  ["192.0.2.4", "fail", "nowhere.example"],
  ["192.0.2.5", "temperror", undefined],
  ["192.0.2.6", "pass", "six.example"],
  ["192.0.2.7", "permerror", undefined],
  ["2001:db8::1", "pass", "v6.example"],
  ["no address", "permerror", undefined],
];
for (const [address, result, name] of cases)
  test(`${address}: ${result}`, async () => {
    const verdict = await evaluateIprev(address, fakeResolver(zone));
    assert.deepEqual([verdict.result, verdict.name], [result, name]);
    assert.match(verdict.because, /\w{3}/);
  });
