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

test("all together may have so many; who was refused does not count", () => {
  const gate = admission({ total: 2, perAddress: 2 });
  assert.equal(gate.enter("192.0.2.1"), undefined);
  assert.equal(gate.enter("192.0.2.2"), undefined);
  assert.match(replyText(gate.enter("192.0.2.3")!), /^421 4\.3\.2 too many connections to this server/);
  gate.leave("192.0.2.1");
  assert.equal(gate.enter("192.0.2.3"), undefined);
  assert.equal(gate.enter("192.0.2.3")?.code, 421);
});
