// What every driver of the queue promises (src/queue/store.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Address } from "../../src/mail/address.ts";
import { NotKept } from "../../src/queue/store.ts";
import {
  ann,
  bob,
  claim,
  claimAll,
  cleo,
  content,
  dan,
  deferred,
  delivered,
  done,
  type Driver,
  mail,
  queueId,
  readBody,
  received,
  refusedForNow,
  type Store,
} from "./mail.ts";

const ids = (deliveries: readonly { deliveryId: number }[]): number[] => deliveries.map(({ deliveryId }) => deliveryId);

export function queueStoreContract({ name, open }: Driver): void {
  const it = (promise: string, check: (store: Store) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: keep and claim`, () => {
    it("gives back every fact of a kept message", async (store) => {
      const facts = { ret: "hdrs", envid: "id 7", messageId: "<m@x>", smtpUtf8: true, eightBit: true } as const;
      const recipients = [
        { address: bob, notify: ["failure", "delay"], orcpt: { type: "rfc822", address: "Bob@old.example" } },
        { address: cleo, notify: [] },
        { address: dan, reversePath: ann },
      ] as const;
      const kept = mail(1, { recipients, from: "", message: { ...facts, bodyType: "binarymime" } });
      await store.keep(kept);
      const claimed = await claim(store);
      assert.deepEqual(
        claimed.map(({ message }) => message),
        [kept.message, kept.message, kept.message],
      );
      assert.deepEqual(
        claimed.map(({ recipient }) => recipient),
        recipients,
      );
      for (const delivery of claimed) {
        assert.equal(delivery.attempts, 0);
        assert.equal(delivery.expiresAt, kept.expiresAt);
        assert.equal(delivery.delayNoticeSent, false);
        assert.equal(delivery.bounceOrdered, false);
        assert.ok(!("lastFailure" in delivery));
      }
    });

    it("keeps nothing of a message that it rejects", async (store) => {
      await store.keep(mail(1, { body: Buffer.from("first") }));
      await assert.rejects(
        store.keep(mail(1, { to: [dan], body: Buffer.from("second"), events: [received(1, [dan])] })),
      );
      assert.deepEqual(
        (await store.list({}, 10)).map(({ recipient }) => recipient.address),
        [bob],
      );
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 10), []);
      assert.equal(String(await readBody(store, queueId(1))), "first");
    });

    it("rejects a message without recipients, which would stay for ever", async (store) => {
      await assert.rejects(store.keep(mail(1, { recipients: [] })), /no recipients/);
      await assert.rejects(store.read(queueId(1)), NotKept);
    });

    it("a rejected keep harms none that is kept at the same moment", async (store) => {
      await store.keep(mail(3));
      const results = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => store.keep(mail(n))));
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"],
      );
      assert.equal((await store.list({}, 10)).length, 5);
    });

    it("claims the oldest due first, and nothing before its time", async (store) => {
      for (const n of [30, 10, 20, 40]) await store.keep(mail(n));
      assert.deepEqual(
        (await claim(store, { now: 30 })).map(({ message }) => message.receivedAt),
        [10, 20, 30],
      );
    });

    it("keeps for a worker that will attempt it at once, as if it had claimed it", async (store) => {
      const lease = { by: "a", until: claimAll.now + 10 };
      const kept = await store.keep(mail(1, { to: [bob, dan] }), lease);
      assert.deepEqual(await claim(store, { by: "b" }), []);
      assert.equal(await store.nextDueAt(), lease.until);
      assert.deepEqual(await store.count({}), { due: 0, deferred: 0, claimed: 2, held: 0 });
      assert.deepEqual(await claim(store, { by: "b", now: lease.until }), kept);
      await store.keep(mail(2), { by: "a", until: 5 });
      assert.equal((await claim(store, { by: "b" })).length, 1, "a lease that has ended");
    });

    it("a message that was kept with a lease is settled like any other", async (store) => {
      const [one, two] = await store.keep(mail(1, { to: [bob, dan] }), { by: "a", until: 2_000_000 });
      assert.equal(String(await readBody(store, queueId(1))), "message 1");
      await store.settle([done(one!.deliveryId, "a")], [delivered(1, bob)], []);
      await store.settle([deferred(two!.deliveryId, { by: "a" })], [], []);
      assert.deepEqual(
        (await store.list({}, 10)).map(({ deliveryId, state }) => [deliveryId, state]),
        [[two!.deliveryId, "deferred"]],
      );
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [delivered(1, bob)]);
      assert.equal(String(await readBody(store, queueId(1))), "message 1");
      const [again] = await claim(store, { now: 2_000_000 });
      assert.deepEqual(again, { ...two, attempts: 1, lastFailure: refusedForNow });
      await store.settle([done(again.deliveryId)], [], []);
      assert.deepEqual(await store.list({}, 10), []);
      await assert.rejects(store.read(queueId(1)), NotKept);
    });

    it("lanes take turns: a backlog of one sender's mail to a domain holds up no other", async (store) => {
      for (let n = 1; n <= 30; n++) await store.keep(mail(n));
      await store.keep(mail(40, { from: dan }));
      await store.keep(mail(50, { to: [dan] }));
      const claimed = await claim(store, { limit: 6 });
      const arrived = claimed.map(({ message }) => message.receivedAt).sort((a, b) => a - b);
      assert.deepEqual([arrived[0], ...arrived.slice(-2)], [1, 40, 50]);
      assert.equal((await claim(store)).length + claimed.length, 32);
    });

    it("claims `limit` deliveries at most", async (store) => {
      for (const n of [1, 2, 3]) await store.keep(mail(n));
      assert.equal((await claim(store, { limit: 2 })).length, 2);
      assert.equal((await claim(store, { limit: 2 })).length, 1);
      assert.equal((await claim(store, { limit: 2 })).length, 0);
    });

    it("claims whole messages together, though others fell due in between", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      const [first, second] = await claim(store);
      await store.settle(
        [deferred(first!.deliveryId, { dueAt: 100 }), deferred(second!.deliveryId, { dueAt: 300 })],
        [],
        [],
      );
      await store.keep(mail(200));
      assert.deepEqual(
        (await claim(store)).map(({ message }) => message.receivedAt),
        [1, 1, 200],
      );
    });

    it("splits a message only where the limit does", async (store) => {
      const to = Array.from({ length: 5 }, (_, i) => `user${i}@one.example` as Address);
      await store.keep(mail(1, { to }));
      await store.keep(mail(2));
      const first = await claim(store, { limit: 3 });
      const rest = await claim(store, { limit: 3 });
      assert.deepEqual(
        [...first, ...rest].map(({ recipient }) => recipient.address),
        [...to, bob],
      );
    });

    it("never claims a delivery for two workers while the lease lasts", async (store) => {
      await store.keep(mail(1));
      const [one, two] = await Promise.all([claim(store, { by: "a" }), claim(store, { by: "b" })]);
      assert.equal(one.length + two.length, 1);
      assert.deepEqual(await claim(store, { by: "b", now: claimAll.now + claimAll.leaseMs - 1 }), []);
    });

    it("claims again when the lease has ended", async (store) => {
      await store.keep(mail(1));
      const first = await claim(store, { by: "a" });
      const second = await claim(store, { by: "b", now: claimAll.now + claimAll.leaseMs });
      assert.deepEqual(second, first);
      assert.deepEqual(await claim(store, { by: "a", now: claimAll.now + claimAll.leaseMs }), [], "the lease is new");
    });

    it("leaves out deliveries to busy domains, also of a message that it claims", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      await store.keep(mail(2, { to: [cleo] }));
      const claimed = await claim(store, { exceptDomains: ["one.example", "three.example"] });
      assert.deepEqual(
        claimed.map(({ recipient }) => recipient.address),
        [dan],
      );
      const rest = await claim(store);
      assert.deepEqual(
        rest.map(({ recipient }) => recipient.address),
        [bob, cleo],
      );
    });

    it("finds what becomes due behind a backlog to a busy domain", async (store) => {
      const except = { exceptDomains: ["one.example"] };
      for (const n of [10, 20, 30]) await store.keep(mail(n));
      assert.deepEqual(await claim(store, except), []);
      await store.keep(mail(15, { to: [dan] }));
      const [early] = await claim(store, except);
      assert.equal(early?.message.receivedAt, 15, "kept later, due earlier");
      await store.settle([deferred(early.deliveryId, { dueAt: 5 })], [], []);
      assert.deepEqual(ids(await claim(store, except)), ids([early]), "deferred");
      assert.deepEqual(await claim(store, except), []);
      await store.recover("another");
      assert.deepEqual(ids(await claim(store, except)), ids([early]), "its worker died");
      await store.change({ to: dan }, "hold", 40);
      await store.settle([deferred(early.deliveryId, { dueAt: 5 })], [], []);
      assert.deepEqual(await claim(store, except), []);
      await store.change({ to: dan }, "release", 40);
      assert.deepEqual(ids(await claim(store, except)), ids([early]), "released");
      assert.deepEqual(await claim(store, except), []);
      const later = claimAll.now + claimAll.leaseMs;
      assert.deepEqual(ids(await claim(store, { ...except, now: later })), ids([early]), "its lease has ended");
      assert.equal((await claim(store)).length, 3);
    });
  });

  describe(`${name}: settle`, () => {
    it("removes a message with its last delivery", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      const [one, two] = await claim(store);
      await store.settle([done(one!.deliveryId)], [], []);
      assert.equal(String(await readBody(store, queueId(1))), "message 1");
      assert.deepEqual(ids(await store.list({}, 10)), [two!.deliveryId]);
      await store.settle([done(two!.deliveryId)], [], []);
      assert.deepEqual(await store.list({}, 10), []);
      await assert.rejects(store.read(queueId(1)), NotKept);
    });

    it("puts a deferred delivery off until it is due, with its failure", async (store) => {
      await store.keep(mail(1));
      const [first] = await claim(store);
      await store.settle([deferred(first!.deliveryId, { dueAt: 5_000_000, delayNoticeSent: true })], [], []);
      assert.deepEqual(await claim(store, { now: 4_999_999 }), []);
      const [second] = await claim(store, { now: 5_000_000 });
      assert.deepEqual(second, { ...first!, attempts: 1, lastFailure: refusedForNow, delayNoticeSent: true });
    });

    it("counts no attempt that was not made", async (store) => {
      await store.keep(mail(1));
      const [first] = await claim(store);
      await store.settle([deferred(first!.deliveryId, { dueAt: 50, attempted: false })], [], []);
      assert.equal((await store.list({}, 1))[0]?.state, "due");
      const [second] = await claim(store);
      assert.deepEqual(second, first);
    });

    it("takes a deferral from the holder of the lease only", async (store) => {
      await store.keep(mail(1));
      const [delivery] = await claim(store, { by: "a" });
      const now = claimAll.now + claimAll.leaseMs;
      await claim(store, { by: "b", now });
      await store.settle([deferred(delivery!.deliveryId, { by: "a" })], [], []);
      assert.equal((await store.list({}, 1))[0]?.state, "claimed");
      await store.settle([deferred(delivery!.deliveryId, { by: "b" })], [], []);
      assert.equal((await store.list({}, 1))[0]?.state, "deferred");
    });

    it("takes `done` from anyone, and more than once", async (store) => {
      await store.keep(mail(1));
      const [delivery] = await claim(store, { by: "a" });
      await claim(store, { by: "b", now: claimAll.now + claimAll.leaseMs });
      await store.settle([done(delivery!.deliveryId, "a")], [], []);
      assert.deepEqual(await store.list({}, 1), []);
      await store.keep(mail(2));
      await store.settle([done(delivery!.deliveryId, "b")], [], []);
      assert.equal((await store.list({}, 1)).length, 1, "a late settlement does not hit another's delivery");
    });

    it("writes states, events and notices together", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      const [one, two] = await claim(store);
      const notice = mail(2, { from: "", to: [ann], body: Buffer.from("sorry"), events: [received(2, [ann])] });
      await store.settle([done(one!.deliveryId), deferred(two!.deliveryId)], [delivered(1, bob)], [notice]);
      assert.deepEqual(
        (await store.list({}, 10)).map(({ state }) => state),
        ["deferred", "due"],
      );
      assert.equal(String(await readBody(store, queueId(2))), "sorry");
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [delivered(1, bob)]);
      assert.deepEqual(await store.find({ queueId: queueId(2) }, 1), [received(2, [ann])]);
    });

    it("writes neither events nor notices when all its deliveries were dropped meanwhile", async (store) => {
      await store.keep(mail(1));
      const [delivery] = await claim(store);
      await store.change({}, "drop", 5);
      const story = await store.find({ queueId: queueId(1) }, 1);
      const notice = mail(2, { from: "", to: [ann], body: content(300_000), events: [received(2, [ann])] });
      for (const settlement of [done(delivery!.deliveryId), deferred(delivery!.deliveryId)])
        await store.settle([settlement], [delivered(1, bob)], [notice]);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), story);
      assert.deepEqual(await store.find({ queueId: queueId(2) }, 1), []);
      assert.deepEqual(await store.list({}, 10), []);
      await assert.rejects(store.read(queueId(2)), NotKept);
    });

    it("writes no event to a recipient whose delivery was dropped meanwhile, and the notice as it is", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      const [one, two] = await claim(store);
      await store.change({ to: bob }, "drop", 5);
      const before = await store.find({ queueId: queueId(1) }, 1);
      const notice = mail(2, { from: "", to: [ann], events: [received(2, [ann])] });
      const events = [delivered(1, bob), delivered(1, dan)];
      await store.settle([done(one!.deliveryId), done(two!.deliveryId)], events, [notice]);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [...before, delivered(1, dan)]);
      assert.deepEqual(
        (await store.list({}, 10)).map(({ message }) => message.queueId),
        [queueId(2)],
      );
      assert.deepEqual(await store.find({ queueId: queueId(2) }, 1), [received(2, [ann])]);
    });

    it("writes nothing of a settlement that it rejects", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      const [one, two] = await claim(store);
      const before = await store.list({}, 10);
      const taken = mail(1, { to: [ann] }); // its queue id is in use
      const fine = mail(2, { to: [ann] });
      const settlements = [done(one!.deliveryId), deferred(two!.deliveryId)];
      await assert.rejects(store.settle(settlements, [delivered(1, bob)], [fine, taken]));
      assert.deepEqual(await store.list({}, 10), before);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), []);
      await assert.rejects(store.read(queueId(2)), NotKept);
    });
  });

  describe(`${name}: nextDueAt`, () => {
    it("names the next due time or lease end, of what is not held", async (store) => {
      assert.equal(await store.nextDueAt(), undefined);
      for (const n of [10, 20]) await store.keep(mail(n));
      assert.equal(await store.nextDueAt(), 10);
      const [first] = await claim(store, { now: 10, leaseMs: 5 });
      assert.equal(await store.nextDueAt(), 15);
      await store.settle([deferred(first!.deliveryId, { dueAt: 30 })], [], []);
      assert.equal(await store.nextDueAt(), 20);
      await store.change({ queueId: queueId(20) }, "hold", 20);
      assert.equal(await store.nextDueAt(), 30);
      await claim(store, { now: 30, leaseMs: 5 });
      await store.change({}, "hold", 30);
      assert.equal(await store.nextDueAt(), undefined, "nor when what is held is in flight");
    });
  });

  describe(`${name}: list and count`, () => {
    it("lists in order of arrival, a page at a time", async (store) => {
      for (const n of [5, 3, 4]) await store.keep(mail(n, { to: [bob, dan] }));
      const pages = [await store.list({}, 4)];
      pages.push(await store.list({}, 4, pages[0]!.at(-1)!.deliveryId));
      pages.push(await store.list({}, 4, pages[1]!.at(-1)!.deliveryId));
      assert.deepEqual(
        pages.map((page) => page.map(({ dueAt }) => dueAt)),
        [[5, 5, 3, 3], [4, 4], []],
      );
    });

    it("filters by every fact, alone and together", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      await store.keep(mail(2, { from: "", to: [cleo] }));
      await store.keep(mail(3, { to: [bob] }));
      await claim(store, { limit: 2 });
      await store.change({ queueId: queueId(3) }, "hold", 5);
      const found = async (filter: Parameters<Store["list"]>[0]): Promise<string[]> =>
        (await store.list(filter, 10)).map(({ message, recipient }) => `${message.receivedAt} ${recipient.address}`);
      assert.deepEqual(await found({ queueId: queueId(1) }), [`1 ${bob}`, `1 ${dan}`]);
      assert.deepEqual(await found({ from: "" }), [`2 ${cleo}`]);
      assert.deepEqual(await found({ from: ann }), [`1 ${bob}`, `1 ${dan}`, `3 ${bob}`]);
      assert.deepEqual(await found({ to: bob }), [`1 ${bob}`, `3 ${bob}`]);
      assert.deepEqual(await found({ domain: "one.example" }), [`1 ${bob}`, `2 ${cleo}`, `3 ${bob}`]);
      assert.deepEqual(await found({ state: "claimed" }), [`1 ${bob}`, `1 ${dan}`]);
      assert.deepEqual(await found({ to: bob, state: "held" }), [`3 ${bob}`]);
      assert.deepEqual(await found({ domain: "two.example", from: "" }), []);
    });

    it("counts by state, of all that the filter names", async (store) => {
      for (const n of [1, 2, 3, 4, 5]) await store.keep(mail(n, { to: n === 5 ? [dan] : [bob] }));
      const [first] = await claim(store, { limit: 2, exceptDomains: ["two.example"] });
      await store.settle([deferred(first!.deliveryId)], [], []);
      await store.change({ queueId: queueId(3) }, "hold", 5);
      assert.deepEqual(await store.count({}), { due: 2, deferred: 1, claimed: 1, held: 1 });
      assert.deepEqual(await store.count({ domain: "two.example" }), { due: 1, deferred: 0, claimed: 0, held: 0 });
      assert.deepEqual(await store.count({ from: "", state: "held" }), { due: 0, deferred: 0, claimed: 0, held: 0 });
    });
  });

  describe(`${name}: change`, () => {
    const operator = (n: number, to: Address, action: string) => ({
      kind: "operator",
      at: 1_500_000,
      queueId: queueId(n),
      to,
      action,
    });
    const now = 1_500_000;

    /** One message, deferred until 2,000,000. */
    async function deferredOne(store: Store): Promise<number> {
      await store.keep(mail(1));
      const [delivery] = await claim(store);
      await store.settle([deferred(delivery!.deliveryId)], [], []);
      return delivery!.deliveryId;
    }

    it("retry makes due what waits, and nothing else", async (store) => {
      const id = await deferredOne(store);
      await store.keep(mail(2));
      assert.equal(await store.change({}, "retry", now), 1);
      const [first] = await store.list({}, 1);
      assert.deepEqual([first?.state, first?.dueAt, first?.attempts], ["due", now, 1]);
      assert.ok(ids(await claim(store, { now })).includes(id));
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [operator(1, bob, "retry")]);
      assert.equal(await store.change({}, "retry", now), 0, "what is in flight stays as it is");
    });

    it("hold keeps it from being claimed, until release", async (store) => {
      await store.keep(mail(1));
      assert.equal(await store.change({}, "hold", now), 1);
      assert.equal(await store.change({}, "hold", now), 0);
      assert.deepEqual(await claim(store), []);
      assert.equal(await store.change({}, "retry", now), 0, "what is held is released first");
      assert.equal(await store.change({}, "release", now), 1);
      assert.equal(await store.change({}, "release", now), 0);
      assert.equal((await claim(store)).length, 1);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [
        operator(1, bob, "hold"),
        operator(1, bob, "release"),
      ]);
    });

    it("hold of a delivery in flight takes effect after the attempt", async (store) => {
      await store.keep(mail(1));
      const [delivery] = await claim(store);
      await store.change({}, "hold", now);
      assert.equal((await store.list({}, 1))[0]?.state, "claimed");
      await store.settle([deferred(delivery!.deliveryId, { dueAt: now })], [], []);
      assert.equal((await store.list({}, 1))[0]?.state, "held");
      assert.deepEqual(await claim(store, { now: now + 1 }), []);
    });

    it("hold of a delivery in flight stands when its worker dies", async (store) => {
      await store.keep(mail(1));
      await claim(store);
      await store.change({}, "hold", now);
      assert.deepEqual(await claim(store, { now: claimAll.now + claimAll.leaseMs }), []);
    });

    it("drop forgets the delivery, and the message with its last", async (store) => {
      await store.keep(mail(1, { to: [bob, dan] }));
      assert.equal(await store.change({ to: bob }, "drop", now), 1);
      assert.deepEqual(
        (await store.list({}, 10)).map(({ recipient }) => recipient.address),
        [dan],
      );
      assert.equal(await store.change({}, "drop", now), 1);
      await assert.rejects(store.read(queueId(1)), NotKept);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [
        operator(1, bob, "drop"),
        operator(1, dan, "drop"),
      ]);
    });

    it("bounce orders a bounce now, of what waits and of what is held", async (store) => {
      const id = await deferredOne(store);
      await store.keep(mail(2));
      await store.change({ queueId: queueId(2) }, "hold", now);
      assert.equal(await store.change({}, "bounce", now), 2);
      assert.equal(await store.change({}, "bounce", now), 0);
      const claimed = await claim(store, { now });
      assert.deepEqual(
        claimed.map(({ bounceOrdered }) => bounceOrdered),
        [true, true],
      );
      assert.ok(ids(claimed).includes(id));
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [operator(1, bob, "bounce")]);
    });

    it("bounce of a delivery in flight is due as soon as the attempt ends", async (store) => {
      await store.keep(mail(1));
      const [delivery] = await claim(store);
      await store.change({}, "bounce", now);
      await store.settle([deferred(delivery!.deliveryId, { dueAt: now * 2 })], [], []);
      assert.deepEqual(
        (await claim(store, { now })).map(({ bounceOrdered }) => bounceOrdered),
        [true],
      );
    });

    it("reaches all that the filter names, however many", async (store) => {
      const to = Array.from({ length: 1_201 }, (_, i) => `user${i}@one.example` as Address);
      await store.keep(mail(1, { to }));
      await store.keep(mail(2, { to: [dan] }));
      assert.equal(await store.change({ domain: "one.example" }, "hold", now), 1_201);
      assert.deepEqual(await store.count({}), { due: 1, deferred: 0, claimed: 0, held: 1_201 });
      assert.equal(await store.change({ state: "held" }, "drop", now), 1_201);
      assert.deepEqual(ids(await store.list({}, 10)).length, 1);
    });
  });

  describe(`${name}: recover`, () => {
    it("ends the leases of other workers only", async (store) => {
      for (const n of [1, 2, 3]) await store.keep(mail(n));
      await claim(store, { by: "dead", limit: 2 });
      await claim(store, { by: "alive" });
      assert.equal(await store.recover("alive"), 2);
      assert.deepEqual(
        (await claim(store, { by: "alive" })).map(({ message }) => message.receivedAt),
        [1, 2],
      );
      assert.equal(await store.recover("alive"), 0);
    });
  });
}
