// What every driver promises of deliveries that were postponed without an attempt (Settlement), as one suite.
import assert from "node:assert/strict";
import { test } from "node:test";
import { claim, claimAll, deferred, type Driver, mail, refusedForNow } from "./mail.ts";

const held = { kind: "held-back", text: "the operator suspended mail to this destination" } as const;

export function postponedContract({ name, open }: Driver): void {
  test(`${name}: a postponed delivery is not counted, waits until it is due, and knows the reason`, async () => {
    await using store = await open();
    await store.keep(mail(1));
    const [first] = await claim(store);
    const { deliveryId } = first!;
    await store.settle([deferred(deliveryId, { attempted: false, postponed: true })], [], []);
    const [row] = await store.list({}, 10);
    assert.deepEqual(
      [row?.state, row?.attempts, row?.dueAt, row?.lastFailure],
      ["deferred", 0, 2_000_000, refusedForNow],
    );
    assert.deepEqual(await claim(store), []);

    const [again] = await claim(store, { now: 2_000_000 });
    assert.deepEqual([again?.attempts, again?.lastFailure], [0, refusedForNow]);
    await store.settle([deferred(deliveryId, { dueAt: 3_000_000 })], [], []);
    await claim(store, { now: 3_000_000 });
    const next = { attempted: false, postponed: true, because: held, dueAt: 4_000_000 } as const;
    await store.settle([deferred(deliveryId, next)], [], []);
    const [later] = await store.list({ state: "deferred" }, 10);
    assert.deepEqual([later?.attempts, later?.lastFailure], [1, held]);
    assert.equal(await store.nextDueAt(), 4_000_000);
  });

  test(`${name}: an attempt that was cut short still says nothing new`, async () => {
    await using store = await open();
    await store.keep(mail(1));
    const [first] = await claim(store);
    await store.settle([deferred(first!.deliveryId, { attempted: false, dueAt: claimAll.now })], [], []);
    const [row] = await store.list({}, 10);
    assert.deepEqual([row?.state, row?.attempts, row?.lastFailure], ["due", 0, undefined]);
  });
}
