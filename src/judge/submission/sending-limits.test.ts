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
    counts: sendingCounts(world),
    world,
    rightsOf: (account) => (account === "gone" ? undefined : { limits }),
    onWarning: (account, words) => warnings.push([account, words]),
  });
  /** "" for nothing. */
  const judge = (phase: Phase, account?: string): string => {
    const facts: Facts = {
      client: { address: "::1", port: 1, protocol: "ESMTP", ...(account && { account }) },
      trusted: true,
    };
    const finding = checks.find((check) => check.phase === phase)!.judge(facts) as Finding;
    return finding.kind === "nothing" || finding.kind === "mark" ? "" : replyText(finding.reply);
  };
  /** How many are taken, of so many. */
  const taken = (phase: Phase, count: number, account = "ann"): number =>
    Array.from({ length: count }, () => judge(phase, account)).filter((said) => said === "").length;
  return { world, warnings, judge, taken };
}

test("the wall says what is allowed, and when it goes on, and then it does", async () => {
  const { world, judge, taken } = desk({ recipientsPerHour: 10, recipientsPerDay: 25 });
  assert.equal(taken("rcpt", 15), 10);
  assert.equal(
    judge("rcpt", "ann"),
    "452 4.7.28 the account ann has sent to 10 recipients in the last hour, and 10 are allowed; it goes on in 63 min, at 2026-01-01 01:02 UTC; if it was not you who sent these, change your password",
  );
  assert.equal(taken("rcpt", 1, "ben"), 1, "each account has its own");
  await world.advance(hour);
  assert.equal(taken("rcpt", 1), 0);
  await world.advance(0.05 * hour);
  assert.equal(taken("rcpt", 15), 10);
  await world.advance(1.05 * hour);
  assert.equal(taken("rcpt", 15), 5, "the day's wall");
  assert.match(
    judge("rcpt", "ann"),
    /25 recipients in the last 24 hours, and 25 are allowed; it goes on in 23 h, at 2026-01-02 01:00 UTC/,
  );
  await world.advance(22.9 * hour);
  assert.equal(taken("rcpt", 15), 10, "what is a day old counts no more");
});

test("messages count when they are there; at the wall the next one is stopped at MAIL", () => {
  const { judge, taken } = desk({ messagesPerDay: 3 });
  assert.equal(taken("mail", 100), 100, "to ask costs nothing");
  assert.equal(taken("content", 5), 3);
  assert.match(
    judge("mail", "ann"),
    /^452 4\.7\.28 the account ann has sent 3 messages in the last 24 hours, and 3 are/,
  );
  assert.equal(judge("rcpt", "ann"), "");
});

test("whom no limit is for, and who may send nothing", () => {
  const { judge, taken } = desk({ recipientsPerDay: 0, messagesPerDay: 0 });
  assert.match(judge("rcpt", "ann"), /^550 5\.7\.1 the account ann may not send mail/);
  assert.match(judge("mail", "ann"), /^550 5\.7\.1/);
  assert.equal(judge("rcpt"), "", "not logged in");
  assert.equal(taken("rcpt", 10, "gone"), 10, "another check speaks of that");
});

test("the owner is warned once in a window, before the wall", async () => {
  const { world, warnings, taken } = desk({ recipientsPerHour: 10, recipientsPerDay: 10_000 });
  taken("rcpt", 7);
  assert.equal(warnings.length, 0);
  taken("rcpt", 1);
  assert.equal(warnings.length, 1);
  const [account, words] = warnings[0]!;
  assert.equal(account, "ann");
  assert.match(
    words,
    /^The account ann has sent to 8 recipients in the last hour\. At 10, this server takes no more mail/,
  );
  taken("rcpt", 5);
  assert.equal(warnings.length, 1);
  await world.advance(1.1 * hour);
  taken("rcpt", 9);
  assert.equal(warnings.length, 2);
});

test("accounts beyond number are forgotten, those of longest ago first", () => {
  const world = fakeWorld();
  const counts = sendingCounts(world);
  const window = { of: "messages", ms: hour } as const;
  counts.count("old", window, 1);
  counts.count("busy", window, 1);
  for (let i = 0; i < 30_000; i += 1) {
    counts.count(`a${i}`, window, 1);
    if (i === 10_000) counts.count("busy", window, 0);
  }
  assert.equal(counts.count("busy", window, 0).total, 1);
  assert.equal(counts.count("old", window, 0).total, 0);
});
