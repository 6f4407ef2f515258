import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { address } from "../../test/support/sample.ts";
import { reply } from "../mail/reply.ts";
import type { Check, Facts } from "./check.ts";
import { createJudge, type Decision, judgeLimits } from "./judge.ts";
import { loop } from "./loop.ts";
import { relay } from "./relay.ts";

const client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" } as const;
const facts: Facts = { client, trusted: false, recipient: { address: address("ann@example.com") } };
const world = fakeWorld();

/** The code of the no, of a judge that can say it at once. */
function codeOf(decision: Decision | Promise<Decision>): number | undefined {
  assert.ok(!(decision instanceof Promise));
  return decision.no?.code;
}

test("strangers may send to us, not through us; trusted clients may do both", () => {
  const judge = createJudge([relay], world);
  const codeFor = (changes: Partial<Facts>) => codeOf(judge.judge("rcpt", { ...facts, ...changes }));
  assert.equal(codeFor({ recipientIs: "ours" }), undefined);
  assert.equal(codeFor({ recipientIs: "elsewhere" }), 550);
  assert.equal(codeFor({ recipientIs: "elsewhere", trusted: true }), undefined);
  assert.equal(codeFor({ recipientIs: "unknown-here", trusted: true }), 550);
});

test("a refusal says what to do, and which check said it", async () => {
  const { no } = await createJudge([relay], world).judge("rcpt", { ...facts, recipientIs: "elsewhere" });
  assert.match(no!.lines[0]!, /192\.0\.2\.7.*your own provider/);
  assert.equal(no!.check, "relay");
});

test("more hops than allowed are a loop", () => {
  const judge = createJudge([loop(50)], world);
  const content = {
    sizeBytes: 1,
    header: [],
    recipients: [],
    identity: { kind: "network", name: "192.0.2.0/24" },
  } as const;
  const at = (hops: number) => codeOf(judge.judge("content", { ...facts, content: { ...content, hops } }));
  assert.equal(at(50), undefined);
  assert.equal(at(51), 554);
});

const says = (kind: "defer" | "refuse", code: number): Check => ({
  name: kind,
  phase: "mail",
  judge: async () => ({ kind, check: kind, reply: reply(code, undefined, kind) }),
});

const marks: Check = {
  name: "marks",
  phase: "mail",
  judge: () => ({ kind: "mark", check: "marks", because: "odd" }),
};

test("a refusal comes before a deferral, both before a mark, and checks of other phases are not asked", async () => {
  const judge = createJudge(
    [marks, says("defer", 451), says("refuse", 550), { ...says("refuse", 554), phase: "rcpt" }],
    world,
  );
  const { no, findings } = await judge.judge("mail", facts);
  assert.equal(no?.code, 550);
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["mark", "defer", "refuse"],
  );
});

test("a mark alone refuses nothing, and is told of", () => {
  const decision = createJudge([marks], world).judge("mail", facts);
  assert.deepEqual(decision, { findings: [{ kind: "mark", check: "marks", because: "odd" }] });
});

test("a check that does not answer in time says nothing", async () => {
  const silent: Check = { name: "silent", phase: "mail", judge: () => new Promise(() => undefined) };
  const judged = createJudge([silent, says("defer", 451)], world).judge("mail", facts);
  await world.advance(judgeLimits.checkMs);
  assert.equal((await judged).no?.code, 451);
});

test("a check that throws or rejects says nothing, and is told of; the others count", async () => {
  const faults: string[] = [];
  const throwing: Check = {
    name: "throwing",
    phase: "mail",
    judge() {
      throw new Error("at once");
    },
  };
  const rejecting: Check = { name: "rejecting", phase: "mail", judge: () => Promise.reject(new Error("later")) };
  const judge = createJudge([throwing, rejecting, says("refuse", 550)], world, (check, error) =>
    faults.push(`${check}: ${String(error)}`),
  );
  assert.equal((await judge.judge("mail", facts)).no?.code, 550);
  assert.deepEqual(faults, ["throwing: Error: at once", "rejecting: Error: later"]);
});
