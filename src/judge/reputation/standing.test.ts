import assert from "node:assert/strict";
import { test } from "node:test";
import { merged } from "../sender-record.ts";
import type { SenderRecord } from "../sender-store.ts";
import type { Behaviour } from "./learn.ts";
import { inNetwork, type Standing, standing } from "./standing.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 2, 1);
const settings = { refuseBelow: -70, markBelow: -30, halfLifeMs: 14 * day };

type Seen = Partial<Record<Behaviour, number>>;

function recordOf(seen: Seen): SenderRecord {
  const tallies = Object.fromEntries(
    Object.entries(seen).map(([behaviour, n]) => [behaviour, { weight: n, total: n, lastAt: start }]),
  );
  const change = { kind: "identity", key: "dmarc x.example", firstAt: start, expiresAt: start, tallies } as const;
  return merged(undefined, change, { now: start, halfLifeMs: settings.halfLifeMs });
}

const standingAfter = (seen: Seen, days = 0): Standing =>
  standing(recordOf(seen), { ...settings, now: start + days * day });

const classes: readonly (readonly [Seen, Standing["class"]])[] = [
  [{}, "unknown"],
  [{ accepted: 1 }, "unknown"],
  [{ accepted: 5 }, "good"],
  [{ "written-to": 5 }, "good"],
  [{ complaint: 1 }, "unknown"], // one decides nothing
  [{ refused: 2 }, "unknown"],
  [{ forged: 3 }, "poor"],
  [{ forged: 15 }, "bad"],
  [{ accepted: 1, forged: 1_000 }, "unknown"], // a network that forwards good mail, and other
  [{ accepted: 1, forged: 1_000, "unknown-recipient": 40 }, "bad"],
  [{ "failed-login": 13 }, "bad"],
  [{ "failed-login": 1_000, "logged-in": 1 }, "unknown"], // people who mistype
  [{ "logged-in": 1_000 }, "unknown"], // who sends without an account is somebody else
  [{ "unknown-recipient": 12 }, "bad"],
  [{ accepted: 90, "unknown-recipient": 10 }, "good"],
  [{ accepted: 50, "unknown-recipient": 50 }, "poor"],
  [{ accepted: 1_000, complaint: 3 }, "good"],
  [{ accepted: 100, complaint: 10 }, "poor"],
];

for (const [seen, expected] of classes)
  test(`${JSON.stringify(seen)} is ${expected}`, () => assert.equal(standingAfter(seen).class, expected));

test("a score fades, and at last is nothing", () => {
  const scores = [0, 14, 28, 56, 112].map((days) => standingAfter({ abuse: 40 }, days).score);
  assert.deepEqual(scores, [-89, -80, -67, -33, -3]);
});

test("a login excuses those that fail for a week", () => {
  const record = recordOf({ "failed-login": 1_000, "logged-in": 1 });
  const classAfter = (days: number): string => standing(record, { ...settings, now: start + days * day }).class;
  assert.deepEqual([classAfter(6.9), classAfter(7)], ["unknown", "bad"]);
});

test("it says what was seen, the most telling first, and when", () => {
  assert.equal(
    standingAfter({ accepted: 3, "unknown-recipient": 1_200, complaint: 1 }).because,
    "since 2026-03-01: 1,200 recipients that do not exist (last on 2026-03-01), 1 complaint of a recipient (on 2026-03-01), 3 messages accepted (last on 2026-03-01)",
  );
  assert.equal(standingAfter({}).because, "nothing was seen of it");
  assert.equal(standing(undefined, { ...settings, now: start }).because, "nothing was seen of it");
});

test("a pin counts, whatever was seen", () => {
  const pinned = { ...recordOf({ complaint: 500 }), pin: { as: "good", because: "our bank", at: start } } as const;
  const found = standing(pinned, { ...settings, now: start });
  assert.deepEqual(
    [found.score, found.class, found.because],
    [100, "good", "pinned as good by the operator on 2026-03-01: our bank"],
  );
});

test("its network counts a little for a proven sender, and never against a good one", () => {
  const badNetwork = standingAfter({ abuse: 5_000 });
  const good = standingAfter({ accepted: 6 });
  assert.equal(inNetwork(good, badNetwork, settings), good);
  const stranger = standingAfter({});
  assert.deepEqual([inNetwork(stranger, badNetwork, settings).score, badNetwork.score], [-20, -100]);
  const doubtful = standingAfter({ abuse: 2 });
  assert.deepEqual([doubtful.class, inNetwork(doubtful, badNetwork, settings).class], ["unknown", "poor"]);
  assert.equal(inNetwork(doubtful, good, settings), doubtful, "nor does a good network help");
});
