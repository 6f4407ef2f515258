import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWorld, fakeWorld, settled } from "../../../test/support/fake-world.ts";
import { formatReply, reply } from "../../mail/reply.ts";
import type { Check, Facts, Finding } from "../check.ts";
import { createJudge, judgeLimits } from "../judge.ts";
import { guarded, hookLimits } from "./guard.ts";

const facts: Facts = { client: { address: "192.0.2.1", port: 1, protocol: "ESMTP" }, trusted: false };

/** A hook that does `judge`, and what is told of it. */
function hook(judge: (facts: Facts) => unknown, world: FakeWorld = fakeWorld(), phase: Check["phase"] = "connect") {
  const told: string[] = [];
  const check = { name: "mine", phase, judge } as Check;
  const listener = { world, onFault: (text: string) => void told.push(text) };
  return { check: guarded(check, "./my.js", listener), told, world };
}

const boom = (): never => {
  throw new Error("boom");
};
const trap = new Proxy({}, { get: boom, has: boom });
const circular: unknown[] = [];
circular.push(circular);

const harmless: readonly [string, (facts: Facts) => unknown, RegExp][] = [
  ["throws", boom, /^the hook "mine" of \.\/my\.js: it failed, and counts as nothing: boom$/],
  [
    "throws what is no error",
    () => {
      throw undefined;
    },
    /it failed, and counts as nothing: undefined/,
  ],
  ["rejects", async () => boom(), /it failed, and counts as nothing: boom/],
  ["returns nothing", () => {}, /it returned nothing at all: return \{ kind: "nothing" \}/],
  ["resolves to nothing", async () => {}, /it returned nothing at all/],
  ["returns a boolean", () => false, /it returned false: return/],
  ["returns a list", () => circular, /it returned a list of 1: return/],
  ["returns another kind", () => ({ kind: "reject" }), /it returned the kind "reject": return/],
  ["returns a kind that every object has", () => ({ kind: "toString" }), /it returned the kind "toString"/],
  ["returns a trap", () => trap, /it failed, and counts as nothing: boom/],
  [
    "resolves to a trap",
    async () => ({
      get kind() {
        return boom();
      },
    }),
    /it failed/,
  ],
];
for (const [what, judge, message] of harmless)
  test(`a hook that ${what} counts as nothing, and is told of`, async () => {
    const { check, told } = hook(judge);
    assert.deepEqual(await check.judge(facts), { kind: "nothing" });
    assert.equal(told.length, 1);
    assert.match(told[0]!, message);
  });

const no = (kind: "defer" | "refuse", given: unknown) => () => ({ kind, check: "x", reply: given });
const usualText = "a rule of this mail server forbids this; ask its postmaster";

const replies: readonly [string, () => unknown, string, RegExp | undefined][] = [
  ["a good reply", no("refuse", reply(554, "5.7.1", "go away")), "554 5.7.1 go away", undefined],
  ["a good deferral", no("defer", { code: 450, lines: ["later"] }), "450 4.7.1 later", undefined],
  ["421, which closes the session", no("defer", reply(421, "4.7.0", "bye")), "421 4.7.0 bye", undefined],
  ["more lines", no("refuse", reply(550, "5.7.1", "one", "two")), "550 5.7.1 one two", undefined],
  [
    "a reply in a line",
    no("refuse", reply(550, "5.7.1", "no\r\n250 ok\r\n\0\u001b[31mé")),
    "550 5.7.1 no 250 ok [31m?",
    undefined,
  ],
  [
    "a code that says yes",
    no("refuse", reply(250, undefined, "no")),
    "550 5.7.1 no",
    /has the code 250 \(write one from 500 to 559\)/,
  ],
  [
    "the other class",
    no("defer", reply(550, "5.7.1", "no")),
    "451 4.7.1 no",
    /has the code 550 .*, and has the enhanced code "5\.7\.1" \(write one like "4\.7\.1"/,
  ],
  ["what is no code", no("refuse", { code: "550", lines: ["no"] }), "550 5.7.1 no", /has the code "550"/],
  ["a code of no group", no("refuse", reply(599, "5.7.1", "no")), "550 5.7.1 no", /has the code 599/],
  ["a fraction", no("refuse", reply(550.5, "5.7.1", "no")), "550 5.7.1 no", /has the code 550\.5/],
  ["no reply", no("refuse", undefined), `550 5.7.1 ${usualText}`, /has the code missing .*has no text/],
  ["no text", no("refuse", { code: 550, lines: [] }), `550 5.7.1 ${usualText}`, /has no text/],
  ["text that is none", no("refuse", { code: 550, lines: [" \r\n", 5] }), `550 5.7.1 ${usualText}`, /has no text/],
  [
    "an enhanced code with a line",
    no("refuse", { code: 550, enhanced: "5.7.1\r\n250 ok", lines: ["no"] }),
    "550 5.7.1 no",
    /enhanced code/,
  ],
];
for (const [what, judge, line, fault] of replies)
  test(`what the client gets of ${what}`, () => {
    const { check, told } = hook(judge);
    const finding = check.judge(facts) as Extract<Finding, { reply: unknown }>;
    assert.equal(formatReply(finding.reply), `${line}\r\n`);
    assert.equal(finding.check, "hook:mine");
    if (fault === undefined) assert.deepEqual(told, []);
    else assert.match(told.join(), fault);
  });

test("the line of a reply is not longer than a reply may be", () => {
  const { check } = hook(no("refuse", reply(550, "5.777.777", "x".repeat(10_000))));
  const { reply: cleaned } = check.judge(facts) as Extract<Finding, { reply: unknown }>;
  assert.ok(formatReply(cleaned).length <= 512);
});

test("a mark has its words on one line, or words of ours", () => {
  const mark = (because: unknown, phase: Check["phase"] = "mail") =>
    hook(() => ({ kind: "mark", check: "spf", because }), fakeWorld(), phase);
  assert.deepEqual(mark("a\r\nX-Spam-Flag: NO").check.judge(facts), {
    kind: "mark",
    check: "hook:mine",
    because: "a X-Spam-Flag: NO",
  });
  const { check, told } = mark(undefined);
  assert.deepEqual(check.judge(facts), { kind: "mark", check: "hook:mine", because: "no reason was given" });
  assert.match(told[0]!, /it returned a mark without a reason/);
  const early = mark("odd", "connect");
  assert.deepEqual(early.check.judge(facts), { kind: "nothing" });
  assert.match(early.told[0]!, /it marks a connection, but only a message can be marked/);
});

test("a hook that is late says nothing, and is told of; the judge waits no longer", async () => {
  const world = fakeWorld();
  const never = hook(() => new Promise(() => {}), world);
  const judge = createJudge([never.check], world);
  const decided = Promise.resolve(judge.judge("connect", facts));
  await world.advance(judgeLimits.checkMs - 1);
  assert.deepEqual(never.told, []);
  await world.advance(1);
  assert.deepEqual(await decided, { findings: [] });
  assert.deepEqual(never.told, ['the hook "mine" of ./my.js: it gave no answer within 30 s, and counts as nothing']);
  const late = hook(async () => world.sleep(judgeLimits.checkMs + 5).then(boom), world);
  const unheard = late.check.judge(facts);
  await world.advance(judgeLimits.checkMs + 10);
  assert.deepEqual(await unheard, { kind: "nothing" });
  assert.equal(late.told.length, 1);
  assert.equal(world.sleeping, 0);
});

test("an answer in time leaves no timer", async () => {
  const { check, world, told } = hook(async () => ({ kind: "nothing" }));
  await check.judge(facts);
  await settled();
  assert.deepEqual([world.sleeping, told], [0, []]);
});

test("a hook that fails for each message is told of once a minute, with how often", async () => {
  const { check, told, world } = hook(boom);
  for (let n = 0; n < 100; n += 1) check.judge(facts);
  assert.equal(told.length, 1);
  await world.advance(hookLimits.quietMs);
  check.judge(facts);
  assert.equal(told.length, 2);
  assert.match(told[1]!, /boom \(99 more faults of it since it was told of last\)$/);
  await world.advance(hookLimits.quietMs);
  check.judge(facts);
  assert.match(told[2]!, /boom$/);
});

test("a hook that blocks its thread is told of", () => {
  const now = { at: 0 };
  const slow = () => {
    now.at += hookLimits.blockedMs + 1;
    return { kind: "nothing" };
  };
  const { check, told } = hook(slow, { ...fakeWorld(), now: () => now.at });
  assert.deepEqual(check.judge(facts), { kind: "nothing" });
  assert.match(told[0]!, /it held up all sessions of its thread for 101 ms: await what takes long/);
});
