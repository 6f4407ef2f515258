import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled as settledTurns } from "../test/support/fake-world.ts";
import { address, sampleDelivery, sampleHost } from "../test/support/sample.ts";
import type { Event } from "./journal/event.ts";
import { Journal } from "./journal/journal.ts";
import type { QueueId } from "./mail/message.ts";
import type { Outcome } from "./mail/outcome.ts";
import { reply } from "./mail/reply.ts";
import { NotKept, type QueueStore, type Settlement } from "./queue/store.ts";
import { settle, type SettlingParts } from "./settling.ts";

const hourMs = 3_600_000;
const failure = {
  kind: "refused",
  host: sampleHost,
  stage: "rcpt",
  reply: reply(550, "5.1.1", "no such user"),
} as const;
const bounced: Outcome = { kind: "bounced", because: failure, steps: [] };
const running = { signal: new AbortController().signal, stopping: new AbortController().signal };

/** A store whose `read` and `settle` do as they are told; it notes what was settled. */
function fixture({ read, settle: settling }: { read?: () => Promise<never>; settle?: (tries: number) => void }) {
  const world = fakeWorld();
  const settled: { settlements: readonly Settlement[]; events: readonly Event[]; notices: number }[] = [];
  const events: Event[] = [];
  const bugs: unknown[] = [];
  let tries = 0;
  const queue = {
    read:
      read ??
      (async () =>
        (async function* () {
          yield Buffer.from("Subject: hi\r\n\r\n");
        })()),
    settle: async (settlements, noted, notices) => {
      tries += 1;
      settling?.(tries);
      settled.push({ settlements, events: noted, notices: notices.length });
    },
  } satisfies Partial<QueueStore>;
  const parts: SettlingParts = {
    queue: queue as unknown as QueueStore,
    world,
    hostname: "mx.example.org",
    by: "w",
    newQueueId: () => "00000000000009" as QueueId,
    expand: (recipients) => recipients,
    giveUpAfterMs: 120 * hourMs,
    returnedBytes: 0,
    retry: { scheduleMs: [60_000], giveUpAfterMs: 120 * hourMs, delayNoticeAfterMs: 0 },
    journal: new Journal([(event) => void events.push(event)]),
    work: { wake: () => {} },
    onBug: (error) => bugs.push(error),
  };
  return { world, parts, settled, events, bugs };
}

const delivery = sampleDelivery({ recipient: { address: address("ann@example.com") } });

test("a bounce and its notice are settled together, and noted once", async () => {
  const { parts, settled, events } = fixture({});
  await settle(parts, [{ delivery, outcome: bounced }], running);
  assert.deepEqual(
    settled.map(({ notices }) => notices),
    [1],
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["bounced", "notice", "received"],
  );
});

test("the worker is told what was settled, when it was", async () => {
  const { world, parts } = fixture({
    settle: (tries) => {
      if (tries < 2) throw new Error("not yet");
    },
  });
  const told: unknown[] = [];
  const done = settle(parts, [{ delivery, outcome: bounced }], { ...running, settled: (some) => told.push(...some) });
  await settledTurns();
  assert.deepEqual(told, []);
  await world.advance(60_000);
  await done;
  assert.deepEqual(told, [delivery]);
});

test("a store that fails is tried until it takes the outcome", async () => {
  const { world, parts, settled, bugs } = fixture({
    settle: (tries) => {
      if (tries < 4) throw new Error("disk full");
    },
  });
  const done = settle(parts, [{ delivery, outcome: bounced }], running);
  await world.advance(60_000);
  await done;
  assert.deepEqual([settled.length, bugs.length], [1, 3]);
});

test("when the message cannot be read again and again, its sender is told without it", async () => {
  const { world, parts, settled, events } = fixture({ read: async () => Promise.reject(new Error("unreadable")) });
  const done = settle(parts, [{ delivery, outcome: bounced }], running);
  await world.advance(10 * 60_000);
  assert.equal(settled.length, 0, "it may be a store that is away");
  await world.advance(60 * 60_000);
  await done;
  assert.deepEqual(
    settled.map(({ notices }) => notices),
    [1],
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["bounced", "notice", "received"],
  );
});

test("a notice that cannot be written does not hold the outcome for ever", async () => {
  const { world, parts, settled, events } = fixture({});
  const outcome = { ...bounced, because: { kind: "unheard of" } as never }; // a bug of ours
  const done = settle(parts, [{ delivery, outcome }], running);
  await world.advance(10 * 60_000);
  await done;
  assert.deepEqual(
    settled.map(({ notices }) => notices),
    [0],
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["bounced", "notice-suppressed"],
  );
});

test("what the operator dropped meanwhile is no fault", async () => {
  const { parts, settled, bugs } = fixture({ read: async () => Promise.reject(new NotKept("gone")) });
  await settle(parts, [{ delivery, outcome: bounced }], running);
  assert.deepEqual([settled.length, bugs.length], [0, 0]);
});

test("when Waybill stops, an outcome that the store does not take waits for the next start", async () => {
  const stopping = new AbortController();
  const { parts, bugs } = fixture({
    settle: () => {
      stopping.abort();
      throw new Error("closed");
    },
  });
  await settle(parts, [{ delivery, outcome: bounced }], { signal: stopping.signal, stopping: stopping.signal });
  assert.equal(bugs.length, 1);
});
