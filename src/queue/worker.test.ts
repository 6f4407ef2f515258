import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld, settled } from "../../test/support/fake-world.ts";
import { address, sampleDelivery, sampleMessage } from "../../test/support/sample.ts";
import type { QueueId } from "../mail/message.ts";
import type { ClaimRequest, Delivery, QueueStore } from "./store.ts";
import { type Ending, Worker, workerLimits } from "./worker.ts";

/** A store that holds deliveries with due times, and hands each out once. */
function fakeStore(world: { now(): number }) {
  const waiting: { delivery: Delivery; dueAt: number }[] = [];
  const claims: ClaimRequest[] = [];
  let failures = 0;
  const store = {
    claim: async (request: ClaimRequest) => {
      claims.push(request);
      if (failures > 0) {
        failures -= 1;
        throw new Error("the store is away");
      }
      const due = waiting.filter(
        ({ dueAt, delivery }) =>
          dueAt <= request.now && !request.exceptDomains.includes(delivery.recipient.address.split("@")[1]!),
      );
      const taken = due.slice(0, request.limit);
      for (const item of taken) waiting.splice(waiting.indexOf(item), 1);
      return taken.map(({ delivery }) => delivery);
    },
    nextDueAt: async () => (waiting.length === 0 ? undefined : Math.min(...waiting.map(({ dueAt }) => dueAt))),
  } as unknown as QueueStore;
  const add = (
    deliveryId: number,
    { dueAt = world.now(), domain = "example.com", queueId = String(deliveryId), attempts = 0 } = {},
  ): void =>
    void waiting.push({
      dueAt,
      delivery: sampleDelivery({
        deliveryId,
        attempts,
        message: sampleMessage({ queueId: queueId as QueueId }),
        recipient: { address: address(`a${deliveryId}@${domain}`) },
      }),
    });
  return { store, add, claims, fail: (times: number) => (failures = times) };
}

function started(attempt: (deliveries: readonly Delivery[], ending: Ending) => Promise<void>) {
  const world = fakeWorld();
  const fake = fakeStore(world);
  const faults: unknown[] = [];
  const worker = new Worker({ queue: fake.store, world, by: "w", attempt, onFault: (error) => faults.push(error) });
  worker.start();
  return { world, fake, worker, faults };
}

test("attempts what is due, message by message, and the rest when its time comes", async () => {
  const attempts: number[][] = [];
  const { world, fake, worker } = started(
    async (deliveries) => void attempts.push(deliveries.map(({ deliveryId }) => deliveryId)),
  );
  fake.add(1, { queueId: "m" });
  fake.add(2, { queueId: "m" });
  fake.add(3);
  fake.add(4, { dueAt: world.now() + 90_000 });
  worker.wake();
  await settled();
  assert.deepEqual(attempts, [[1, 2], [3]]);
  await world.advance(90_000);
  assert.deepEqual(attempts.at(-1), [4]);
  await worker.close(0);
});

test("a domain with enough in hand leaves room for the others", async () => {
  const { fake, worker } = started(() => new Promise(() => undefined));
  for (let i = 0; i < workerLimits.perDomain + 50; i += 1) fake.add(i, { domain: "slow.example" });
  worker.wake();
  await settled();
  fake.add(9_999, { domain: "quick.example" });
  worker.wake();
  await settled();
  assert.deepEqual(fake.claims.at(-1)?.exceptDomains, ["slow.example"]);
  assert.ok(worker.inFlight <= workerLimits.claim + 1);
});

test("a delivery that was settled and is due again does not wait for its message's other attempts", async () => {
  const attempts: string[] = [];
  const { fake, worker } = started((deliveries) => {
    attempts.push(deliveries.map(({ deliveryId, attempts }) => `${deliveryId}:${attempts}`).join(" "));
    return new Promise(() => undefined); // of another host of the message: no end in sight
  });
  fake.add(1, { queueId: "m" });
  fake.add(2, { queueId: "m" });
  worker.wake();
  await settled();
  fake.add(1, { queueId: "m", attempts: 1 }); // settled as deferred, and its time has come
  fake.add(2, { queueId: "m" }); // its lease ended, yet it is still being tried
  worker.wake();
  await settled();
  assert.deepEqual(attempts, ["1:0 2:0", "1:1"]);
});

test("a delivery that was postponed may be due again, uncounted, before its message's other attempts end", async () => {
  const attempts: number[][] = [];
  const { fake, worker } = started((deliveries, { settled: tell }) => {
    attempts.push(deliveries.map(({ deliveryId }) => deliveryId));
    tell?.(deliveries.filter(({ deliveryId }) => deliveryId === 1));
    return new Promise(() => undefined);
  });
  fake.add(1, { queueId: "m" });
  fake.add(2, { queueId: "m" });
  worker.wake();
  await settled();
  fake.add(1, { queueId: "m" });
  fake.add(2, { queueId: "m" });
  worker.wake();
  await settled();
  assert.deepEqual(attempts, [[1, 2], [1]]);
});

test("domains of a sated destination are neither claimed nor leased", async () => {
  const world = fakeWorld();
  const fake = fakeStore(world);
  const sated = { isSated: (domain: string) => domain === "sated.example", satedDomains: () => ["sated.example"] };
  const worker = new Worker({ queue: fake.store, world, by: "w", attempt: async () => {}, onFault: () => {}, sated });
  worker.start();
  await settled();
  assert.deepEqual(fake.claims[0]?.exceptDomains, ["sated.example"]);
  assert.equal(worker.lease([{ address: address("a@sated.example") }]), undefined);
  assert.notEqual(worker.lease([{ address: address("a@other.example") }]), undefined);
  await worker.close(0);
});

test("a store that fails is asked again after a pause", async () => {
  const attempts: number[] = [];
  const { world, fake, worker, faults } = started(async (deliveries) => void attempts.push(deliveries[0]!.deliveryId));
  await settled();
  fake.fail(2);
  fake.add(1);
  worker.wake();
  await world.advance(3 * workerLimits.faultMs);
  assert.deepEqual([attempts, faults.length], [[1], 2]);
  await worker.close(0);
});

test("close lets attempts finish, then ends those that do not", async () => {
  let aborted = false;
  const { fake, worker } = started(
    (_, { signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          resolve();
        }),
      ),
  );
  fake.add(1);
  worker.wake();
  await settled();
  await worker.close(1);
  assert.equal(aborted, true);
  assert.equal(worker.inFlight, 0);
});

test("an attempt that fails by a bug is told, and the worker goes on", async () => {
  const attempts: number[] = [];
  const { fake, worker, faults } = started(async (deliveries) => {
    attempts.push(deliveries[0]!.deliveryId);
    if (attempts.length === 1) throw new Error("a bug");
  });
  fake.add(1);
  worker.wake();
  await settled();
  fake.add(2);
  worker.wake();
  await settled();
  assert.deepEqual([attempts, faults.length, worker.inFlight], [[1, 2], 1, 0]);
  await worker.close(0);
});

test("attempts end when others may have their deliveries", async () => {
  const ends: boolean[] = [];
  const { fake, worker } = started(async (_, { signal, stopping }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ends.push(stopping.aborted);
  });
  fake.add(1);
  fake.add(2);
  worker.wake();
  await settled();
  worker.endAttempts();
  await settled();
  assert.deepEqual(ends, [false, false], "Waybill does not stop");
  await worker.close(0);
});
