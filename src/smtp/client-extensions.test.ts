import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExtensions } from "./client-extensions.ts";

const parse = (...lines: string[]) => parseExtensions(["mx.test says hello", ...lines]);

test("the first line is the server's name, never an extension", () => {
  assert.equal(parseExtensions(["PIPELINING"]).pipelining, false);
});

test("keywords in any case", () => {
  const offered = parse("pipelining", "8BitMime", "StartTLS", "smtputf8", "chunking", "BINARYMIME", "dsn");
  const { startTls, pipelining, eightBitMime, chunking, binaryMime, smtpUtf8, dsn } = offered;
  assert.ok(startTls && pipelining && eightBitMime && chunking && binaryMime && smtpUtf8 && dsn);
});

test("SIZE: a limit, no limit (0 or no number)", () => {
  assert.equal(parse("SIZE 1000").maxMessageBytes, 1_000);
  for (const line of ["SIZE", "SIZE 0", "SIZE many"]) {
    assert.equal(parse(line).size, true);
    assert.equal(parse(line).maxMessageBytes, undefined, line);
  }
  assert.equal(parse().size, false);
});

test("AUTH in the RFC's form, in the old form, and in both", () => {
  assert.deepEqual(parse("AUTH PLAIN login").auth, ["PLAIN", "LOGIN"]);
  assert.deepEqual(parse("AUTH=PLAIN").auth, ["PLAIN"]);
  assert.deepEqual(parse("AUTH PLAIN", "AUTH=LOGIN").auth, ["PLAIN", "LOGIN"]);
  assert.deepEqual(parse("AUTH").auth, []);
});

test("LIMITS of RFC 9422; values that are no positive number say nothing", () => {
  const offered = parse("LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1");
  assert.equal(offered.maxRecipients, 20);
  assert.equal(offered.maxTransactions, 5);
  assert.equal(parse("LIMITS RCPTMAX=0 MAILMAX").maxRecipients, undefined);
});
