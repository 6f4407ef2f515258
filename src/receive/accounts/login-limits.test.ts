import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { Debts, type SharedDebts, sharedDebts } from "../../judge/rates/debts.ts";
import { createLoginLimits, type LoginLimits, loginLimits } from "./login-limits.ts";

const { freeFailures, longestPauseMs, forgetOneMs, knownForMs } = loginLimits;
const ann = "ann@example.org";
const home = "192.0.2.1";

/** With the same hashes in each run. */
const limitsIn = (world = fakeWorld(), memory: SharedDebts = { ...sharedDebts(), seeds: [1, 2] }): LoginLimits =>
  createLoginLimits({ debts: new Debts(world, memory) });

/** Begins until it is told to wait; answers how often it did. */
function failUntilPaused(limits: LoginLimits, attempt: { account?: string; address: string }): number {
  for (let failures = 0; failures < 1_000; failures += 1) if (limits.begin(attempt) > 0) return failures;
  return assert.fail("never told to wait");
}

test("pauses grow with the failures of an account, wherever they come from, up to a longest one", async () => {
  const world = fakeWorld();
  const limits = limitsIn(world);
  let host = 0;
  const guess = (): number => limits.begin({ account: ann, address: `198.51.100.${(host += 1) % 250}` });
  for (let i = 0; i < freeFailures.account; i += 1) assert.equal(guess(), 0);
  const pauses: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    const pause = guess();
    pauses.push(pause);
    await world.advance(pause);
    assert.equal(guess(), 0, "after the pause there is one more attempt");
  }
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
  );
  assert.ok(pauses[0]! > 0 && pauses[0]! <= 2_000);
  assert.ok(pauses.at(-1)! > longestPauseMs / 2 && pauses.at(-1)! <= longestPauseMs);
});

test("in a day, an account bears some hundreds of guesses, not more", async () => {
  const world = fakeWorld();
  const limits = limitsIn(world);
  let guesses = 0;
  for (const end = world.now() + 86_400_000; world.now() < end; guesses += 1) {
    const attempt = { account: ann, address: `2001:db8:${(guesses % 60_000).toString(16)}::1` };
    for (let pause = limits.begin(attempt); pause > 0; pause = limits.begin(attempt)) await world.advance(pause);
  }
  assert.ok(guesses < 400, `${guesses}`);
});

test("who has logged in from a network is let in from there while others guess, and has a limit of his own", async () => {
  const world = fakeWorld();
  const limits = limitsIn(world);
  limits.begin({ account: ann, address: home });
  limits.passed({ account: ann, address: home });
  failUntilPaused(limits, { account: ann, address: "198.51.100.1" });
  assert.ok(limits.begin({ account: ann, address: "203.0.113.9" }) > 0, "from anywhere else she has to wait");
  assert.equal(limits.begin({ account: "ANN@Example.org", address: home }), 0);
  limits.passed({ account: ann, address: home });
  for (let i = 0; i < freeFailures.pair; i += 1) assert.equal(limits.begin({ account: ann, address: home }), 0);
  limits.passed({ account: ann, address: home });
  assert.equal(failUntilPaused(limits, { account: ann, address: home }), freeFailures.pair, "begins anew");
  await world.advance(knownForMs + forgetOneMs);
  failUntilPaused(limits, { account: ann, address: "198.51.100.1" });
  assert.ok(limits.begin({ account: ann, address: home }) > 0, "what is long ago does not count");
});

test("a network is limited whatever names it tries; IPv6 counts by /64; where many people come from is exempt", () => {
  const limits = createLoginLimits({ debts: new Debts(fakeWorld()), sharedNetworks: ["127.0.0.0/8"] });
  const begin = (address: string, i: number): number => limits.begin({ account: `name${i}`, address });
  for (let i = 0; i < freeFailures.network; i += 1) assert.equal(begin(`2001:db8:1:2::${i}`, i), 0);
  assert.ok(begin("2001:db8:1:2:ffff::1", 99) > 0);
  assert.equal(begin("2001:db8:1:3::1", 100), 0);
  for (let i = 0; i < 5 * freeFailures.network; i += 1) assert.equal(begin("127.0.0.1", 200 + i), 0);
  assert.equal(failUntilPaused(limits, { address: "192.0.2.77" }), freeFailures.network, "tokens name no account");
});

test("a login that passes, and one of which nothing was found out, leave no trace", () => {
  const limits = limitsIn();
  for (const end of ["passed", "undone"] as const)
    for (let i = 0; i < 100; i += 1) {
      const attempt = { account: `${end}${i % 2}@example.org`, address: home };
      assert.equal(limits.begin(attempt), 0);
      limits[end](attempt);
    }
  assert.equal(limits.pauseMs({ account: "new", address: home }), 0);
  const attempt = { account: ann, address: home };
  for (let i = 1; i < freeFailures.account; i += 1) limits.begin(attempt);
  limits.begin(attempt);
  assert.ok(limits.pauseMs(attempt) > 0);
  limits.undone(attempt);
  assert.equal(limits.pauseMs(attempt), 0);
});

test("failures are forgotten in time", async () => {
  const world = fakeWorld();
  const limits = limitsIn(world);
  const attempt = { account: ann, address: home };
  failUntilPaused(limits, attempt);
  await world.advance(forgetOneMs * (freeFailures.account + 1));
  assert.equal(failUntilPaused(limits, attempt), freeFailures.account);
});

test("a hundred thousand invented names disturb nobody, and cost no memory", () => {
  const limits = limitsIn();
  failUntilPaused(limits, { account: ann, address: home });
  for (let i = 0; i < 100_000; i += 1)
    limits.begin({ account: `invented${i}`, address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` });
  const bystanders = Array.from({ length: 1_000 }, (_, i) => ({
    account: `user${i}`,
    address: `172.16.${i >> 8}.${i & 255}`,
  }));
  assert.equal(bystanders.filter((one) => limits.begin(one) > 0).length, 0);
  assert.ok(limits.pauseMs({ account: ann, address: home }) > 0, "nor does it make anything forgotten");
});

test("all threads count together", () => {
  const memory = sharedDebts();
  const world = fakeWorld();
  const threads = [limitsIn(world, memory), limitsIn(world, memory)];
  const attempt = { account: ann, address: home };
  for (let i = 0; i < freeFailures.account; i += 1) assert.equal(threads[i % 2]!.begin(attempt), 0);
  for (const thread of threads) assert.ok(thread.begin(attempt) > 0);
});

test("a flood from one site is stopped, and keeps nobody out who logs in from where he always does", () => {
  const limits = limitsIn();
  limits.begin({ account: ann, address: home });
  limits.passed({ account: ann, address: home });
  let begun = 0;
  for (let i = 0; i < 20_000; i += 1)
    begun += Number(limits.begin({ account: `a${i}`, address: `2001:db8:1:${(i % 65_536).toString(16)}::1` }) === 0);
  assert.ok(begun <= freeFailures.site + 1, `${begun}`);
  for (let i = 0; i < 100_000; i += 1)
    limits.begin({ account: `a${i}`, address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` });
  assert.equal(limits.begin({ account: ann, address: home }), 0);
});
