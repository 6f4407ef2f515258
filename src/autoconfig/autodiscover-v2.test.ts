// Autodiscover version 2: answers of other servers, and ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readAutodiscoverV2, writeAutodiscoverV2 } from "./autodiscover-v2.ts";

const url = "https://autodiscover.example.org/autodiscover/autodiscover.xml";

for (const [json, expected] of [
  [`{"Protocol":"AutodiscoverV1","Url":"${url}"}`, { kind: "url", protocol: "AutodiscoverV1", url }],
  [
    '{"ErrorCode":"UserNotFound","ErrorMessage":"Not here."}',
    { kind: "error", code: "UserNotFound", message: "Not here." },
  ],
  [
    '{"Url":"nowhere"}',
    { kind: "unreadable", why: 'It is no JSON with a "Url" or an "ErrorCode": "{"Url":"nowhere"}".' },
  ],
  ["<html>", { kind: "unreadable", why: 'It is no JSON with a "Url" or an "ErrorCode": "<html>".' }],
  ["null", { kind: "unreadable", why: 'It is no JSON with a "Url" or an "ErrorCode": "null".' }],
] as const)
  test(json, () => assert.deepEqual(readAutodiscoverV2(json), expected));

test("nothing throws", () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (json) => void readAutodiscoverV2(json)));
  assert.equal(readAutodiscoverV2("[".repeat(9_999)).kind, "unreadable");
});

for (const [protocol, status, expected] of [
  ["AutodiscoverV1", 200, { kind: "url", protocol: "AutodiscoverV1", url }],
  ["autodiscoverv1", 200, { kind: "url", protocol: "AutodiscoverV1", url }],
  ["ActiveSync", 400, { kind: "error", code: "ProtocolNotSupported" }],
  [undefined, 400, { kind: "error", code: "MandatoryParameterMissing" }],
] as const)
  test(`we say to ${protocol}`, () => {
    const answer = writeAutodiscoverV2(protocol, url);
    const { message: _message, ...read } = { message: "", ...readAutodiscoverV2(JSON.stringify(answer.body)) };
    assert.deepEqual([answer.status, read], [status, expected]);
  });
