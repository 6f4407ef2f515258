import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { address } from "../../test/support/sample.ts";
import { reply } from "../mail/reply.ts";
import type { Check, Facts } from "./check.ts";
import { createJudge, judgeLimits } from "./judge.ts";
import { loop } from "./loop.ts";
import { relay } from "./relay.ts";

const client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" } as const;
const facts: Facts = { client, trusted: false, recipient: { address: address("ann@example.com") } };
const world = fakeWorld();

test("strangers may send to us, not through us; trusted clients may do both", () => {
  const judge = createJudge([relay], world);
  const codeFor = (changes: Partial<Facts>) =>
    (judge.judge("rcpt", { ...facts, ...changes }) as { code: number } | undefined)?.code;
  assert.equal(codeFor({ recipientIs: "ours" }), undefined);
  assert.equal(codeFor({ recipientIs: "elsewhere" }), 550);
  assert.equal(codeFor({ recipientIs: "elsewhere", trusted: true }), undefined);
  assert.equal(codeFor({ recipientIs: "unknown-here", trusted: true }), 550);
});

test("a refusal says what to do", () => {
  const judge = createJudge([relay], world);
  const answer = judge.judge("rcpt", { ...facts, recipientIs: "elsewhere" });
  assert.ok(answer !== undefined && !(answer instanceof Promise));
  assert.match(answer.lines[0]!, /192\.0\.2\.7.*your own provider/);
});

test("more hops than allowed are a loop", () => {
  const judge = createJudge([loop(50)], world);
  const at = (hops: number) => judge.judge("content", { ...facts, content: { sizeBytes: 1, hops } });
  assert.equal(at(50), undefined);
  assert.ok(at(51) !== undefined);
});

const says = (kind: "defer" | "refuse", code: number): Check => ({
  name: kind,
  phase: "mail",
  judge: async () => ({ kind, check: kind, reply: reply(code, undefined, kind) }),
});

test("a refusal comes before a deferral, and checks of other phases are not asked", async () => {
  const judge = createJudge(
    [says("defer", 451), says("refuse", 550), { ...says("refuse", 554), phase: "rcpt" }],
    world,
  );
  assert.equal((await judge.judge("mail", facts))?.code, 550);
});

test("a check that does not answer in time says nothing", async () => {
  const silent: Check = { name: "silent", phase: "mail", judge: () => new Promise(() => undefined) };
  const judged = createJudge([silent, says("defer", 451)], world).judge("mail", facts);
  await world.advance(judgeLimits.checkMs);
  assert.equal((await judged)?.code, 451);
});
