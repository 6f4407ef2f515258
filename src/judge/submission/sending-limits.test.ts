import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { replyText } from "../../mail/reply.ts";
import type { Facts, Finding, Phase } from "../check.ts";
import { sendingCounts } from "./sending-counts.ts";
import { type SendingLimits, sendingLimits } from "./sending-limits.ts";

const hour = 3_600_000;

function desk(own: Partial<SendingLimits> = {}) {
  const world = fakeWorld();
  const warnings: [account: string, words: string][] = [];
  const limits = { messagesPerDay: 1_000, recipientsPerDay: 2_000, recipientsPerHour: 1_000, ...own };
  const checks = sendingLimits({
    count: sendingCounts(world),
    world,
    rightsOf: (account) => (account === "gone" ? undefined : { limits }),
    onWarning: (account, words) => warnings.push([account, words]),
  });
  /** "" for nothing. */
  const judge = async (phase: Phase, account?: string): Promise<string> => {
    const facts: Facts = {
      client: { address: "::1", port: 1, protocol: "ESMTP", ...(account && { account }) },
      trusted: true,
    };
    const finding: Finding = await checks.find((check) => check.phase === phase)!.judge(facts);
    return finding.kind === "nothing" || finding.kind === "mark" ? "" : replyText(finding.reply);
  };
  /** How many are taken, of so many. */
  const taken = async (phase: Phase, count: number, account = "ann"): Promise<number> => {
    let taken = 0;
    for (let i = 0; i < count; i += 1) taken += Number((await judge(phase, account)) === "");
    return taken;
  };
  return { world, warnings, judge, taken };
}

test("the wall says what is allowed, and when it goes on, and then it does", async () => {
  const { world, judge, taken } = desk({ recipientsPerHour: 10, recipientsPerDay: 25 });
  assert.equal(await taken("rcpt", 15), 10);
  assert.equal(
    await judge("rcpt", "ann"),
    "452 4.7.28 the account ann has sent to 10 recipients in the last hour, and 10 are allowed; it goes on in 63 min, at 2026-01-01 01:02 UTC; if it was not you who sent these, change your password",
  );
  assert.equal(await taken("rcpt", 1, "ben"), 1, "each account has its own");
  await world.advance(hour);
  assert.equal(await taken("rcpt", 1), 0);
  await world.advance(0.05 * hour);
  assert.equal(await taken("rcpt", 15), 10);
  await world.advance(1.05 * hour);
  assert.equal(await taken("rcpt", 15), 5, "the day's wall");
  assert.match(
    await judge("rcpt", "ann"),
    /25 recipients in the last 24 hours, and 25 are allowed; it goes on in 23 h, at 2026-01-02 01:00 UTC/,
  );
  await world.advance(22.9 * hour);
  assert.equal(await taken("rcpt", 15), 10, "what is a day old counts no more");
});

test("messages count when they are there; at the wall the next one is stopped at MAIL", async () => {
  const { judge, taken } = desk({ messagesPerDay: 3 });
  assert.equal(await taken("mail", 100), 100, "to ask costs nothing");
  assert.equal(await taken("content", 5), 3);
  assert.match(
    await judge("mail", "ann"),
    /^452 4\.7\.28 the account ann has sent 3 messages in the last 24 hours, and 3 are/,
  );
  assert.equal(await judge("rcpt", "ann"), "");
});

test("whom no limit is for, and who may send nothing", async () => {
  const { judge, taken } = desk({ recipientsPerDay: 0, messagesPerDay: 0 });
  assert.match(await judge("rcpt", "ann"), /^550 5\.7\.1 the account ann may not send mail/);
  assert.match(await judge("mail", "ann"), /^550 5\.7\.1/);
  assert.equal(await judge("rcpt"), "", "not logged in");
  assert.equal(await taken("rcpt", 10, "gone"), 10, "another check speaks of that");
});

test("the owner is warned once in a window, before the wall", async () => {
  const { world, warnings, taken } = desk({ recipientsPerHour: 10, recipientsPerDay: 10_000 });
  await taken("rcpt", 7);
  assert.equal(warnings.length, 0);
  await taken("rcpt", 1);
  assert.equal(warnings.length, 1);
  const [account, words] = warnings[0]!;
  assert.equal(account, "ann");
  assert.match(
    words,
    /^The account ann has sent to 8 recipients in the last hour\. At 10, this server takes no more mail/,
  );
  await taken("rcpt", 5);
  assert.equal(warnings.length, 1);
  await world.advance(1.1 * hour);
  await taken("rcpt", 9);
  assert.equal(warnings.length, 2);
});

test("accounts beyond number are forgotten, those of longest ago first", async () => {
  const world = fakeWorld();
  const countSent = sendingCounts(world);
  const count = (account: string, amount: number): number =>
    countSent({ account, amount, windows: [{ window: { of: "messages", ms: hour }, limit: 2 }] })[0]!.total;
  count("old", 1);
  count("busy", 1);
  for (let i = 0; i < 30_000; i += 1) {
    count(`a${i}`, 1);
    if (i === 10_000) count("busy", 0);
  }
  assert.equal(count("busy", 0), 1);
  assert.equal(count("old", 0), 0);
});

test("what ends at the same moment meets the same wall", async () => {
  const { judge } = desk({ messagesPerDay: 5 });
  const said = await Promise.all(Array.from({ length: 50 }, () => judge("content", "ann")));
  assert.equal(said.filter((words) => words === "").length, 5);
});
