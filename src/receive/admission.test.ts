import assert from "node:assert/strict";
import { test } from "node:test";
import { replyText } from "../mail/reply.ts";
import { admission } from "./admission.ts";

test("one address may have so many sessions, others go on", () => {
  const gate = admission({ total: 10, perAddress: 2 });
  assert.equal(gate.enter("192.0.2.1"), undefined);
  assert.equal(gate.enter("192.0.2.1"), undefined);
  const refusal = gate.enter("192.0.2.1");
  assert.match(replyText(refusal!), /^421 4\.7\.0 too many connections from 192\.0\.2\.1, close some of the 2/);
  assert.equal(gate.enter("192.0.2.2"), undefined);
  gate.leave("192.0.2.1");
  assert.equal(gate.enter("192.0.2.1"), undefined);
});

test("an IPv6 client is its /64", () => {
  const gate = admission({ total: 10, perAddress: 2 });
  assert.equal(gate.enter("2001:db8::1"), undefined);
  assert.equal(gate.enter("2001:db8::ffff:0:0:1"), undefined);
  const refusal = gate.enter("2001:db8:0:0:abcd::2");
  assert.match(replyText(refusal!), /too many connections from 2001:db8::\/64, close some of the 2/);
  assert.equal(gate.enter("2001:db8:0:1::1"), undefined, "the next network");
  gate.leave("2001:db8::1");
  assert.equal(gate.enter("2001:db8::3"), undefined);
  assert.equal(gate.enter("::ffff:192.0.2.1"), undefined);
  assert.equal(gate.enter("192.0.2.1"), undefined);
  assert.match(replyText(gate.enter("192.0.2.1")!), /from 192\.0\.2\.1,/, "an IPv4 client is its address");
});

test("all together may have so many; who was refused does not count", () => {
  const gate = admission({ total: 2, perAddress: 2 });
  assert.equal(gate.enter("192.0.2.1"), undefined);
  assert.equal(gate.enter("192.0.2.2"), undefined);
  assert.match(replyText(gate.enter("192.0.2.3")!), /^421 4\.3\.2 too many connections to this server/);
  gate.leave("192.0.2.1");
  assert.equal(gate.enter("192.0.2.3"), undefined);
  assert.equal(gate.enter("192.0.2.3")?.code, 421);
});
