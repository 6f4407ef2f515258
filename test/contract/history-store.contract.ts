// What every driver of the history promises (src/journal/history.ts), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Event } from "../../src/journal/event.ts";
import type { Address } from "../../src/mail/address.ts";
import { refusalLimits } from "../../src/storage/refusal-quota.ts";
import {
  ann,
  bob,
  claim,
  cleo,
  dan,
  deferred,
  delivered,
  done,
  type Driver,
  mail,
  queueId,
  received,
  refusal,
  type Store,
} from "./mail.ts";

export function historyStoreContract({ name, open }: Driver): void {
  const it = (promise: string, check: (store: Store) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: history`, () => {
    it("finds the whole story of a message by queue id, sender, recipient and Message-ID", async (store) => {
      const story = [
        received(1, [bob, dan], { messageId: "<m1@sender.example>" }),
        delivered(1, bob, 5),
        delivered(1, dan, 6),
      ];
      await store.record(story.slice(0, 2));
      await store.record([received(2, ["x@three.example" as Address], { from: "y@three.example" as Address })]);
      await store.record(story.slice(2));
      for (const query of [{ queueId: queueId(1) }, { address: ann }, { address: bob }, { address: dan }])
        assert.deepEqual(await store.find(query, 10), story);
      assert.deepEqual(await store.find({ messageId: "<m1@sender.example>" }, 10), story);
      assert.deepEqual(await store.find({ messageId: "m1@sender.example" }, 10), story);
      assert.deepEqual(await store.find({ messageId: "m1@sender.exampl" }, 10), []);
      assert.deepEqual(await store.find({ address: "nobody@one.example" as Address }, 10), []);
    });

    it("finds addresses whatever their case", async (store) => {
      await store.record([received(1, ["Bob.Smith@one.example" as Address])]);
      assert.equal((await store.find({ address: "bob.SMITH@one.example" as Address }, 10)).length, 1);
    });

    it("finds recipients that later events name", async (store) => {
      await store.record([delivered(1, dan)]);
      assert.deepEqual(await store.find({ address: dan }, 10), [delivered(1, dan)]);
    });

    it("finds refusals, each for itself", async (store) => {
      const [first, second] = [refusal(3, bob), refusal(4, dan)];
      await store.record([first, second, received(5, [bob])]);
      assert.deepEqual(await store.find({ address: bob }, 10), [first, received(5, [bob])]);
      assert.deepEqual(await store.find({ address: ann }, 10), [first, second, received(5, [bob])]);
    });

    it("finds messages by whom they were for as named, by their author, and by the account that sent them", async (store) => {
      const alias = "Sales@one.example" as Address;
      const author = "Info@bank.example" as Address;
      const client = { address: "192.0.2.1", port: 40_000, protocol: "ESMTP", account: "Shop" } as const;
      const story = { ...received(1, [bob]), asked: [alias], author, client } as Event;
      await store.record([story, received(2, [dan])]);
      for (const query of [
        { address: alias },
        { address: "info@bank.example" as Address },
        { account: "shop" },
        { address: bob },
      ])
        assert.deepEqual(await store.find(query, 10), [story], JSON.stringify(query));
      assert.deepEqual(await store.find({ account: "sho" }, 10), []);
    });

    it("finds refused contents by recipient, Message-ID and author, and forgets them", async (store) => {
      const { to: _, ...about } = refusal(3, bob) as Event & { kind: "refused" };
      const author = "info@bank.example" as Address;
      const refused: Event = { ...about, stage: "content", recipients: [bob, cleo], messageId: "<m@bank>", author };
      await store.record([refused, refusal(4, dan)]);
      const queries = [{ address: bob }, { address: cleo }, { address: author }, { messageId: "m@bank" }];
      for (const query of queries) assert.deepEqual(await store.find(query, 10), [refused], JSON.stringify(query));
      assert.equal(await store.prune(1_000, 100), 2);
      for (const query of queries) assert.deepEqual(await store.find(query, 10), [], JSON.stringify(query));
    });

    it("does not find failed logins by the account: guessers would bury its mail", async (store) => {
      const { to: _, ...about } = refusal(3, bob) as Event & { kind: "refused" };
      await store.record([{ ...about, stage: "login", account: bob }]);
      assert.deepEqual(await store.find({ address: bob }, 10), []);
    });

    it("takes so many refusals a minute, for strangers cause them, and all else", async (store) => {
      const { perMinute } = refusalLimits;
      const minute = (n: number) => Array.from({ length: perMinute + 5 }, (_, i) => refusal(n * 60_000 + i, bob));
      await store.record(minute(1));
      await store.record([...minute(1), received(1, [cleo])]);
      assert.deepEqual(await store.find({ address: bob }, 5_000), minute(1).slice(0, perMinute));
      assert.equal((await store.find({ address: cleo }, 10)).length, 1);
      await store.record(minute(2));
      assert.equal((await store.find({ address: bob }, 5_000)).length, 2 * perMinute);
    });

    it("answers the newest messages, and each of them whole", async (store) => {
      for (const n of [1, 2, 3]) await store.record([received(n, [bob]), delivered(n, bob, n + 100)]);
      await store.record([refusal(4, bob)]);
      assert.deepEqual(await store.find({ address: bob }, 2), [
        received(3, [bob]),
        delivered(3, bob, 103),
        refusal(4, bob),
      ]);
    });

    it("has the events of keep and settle, in the order they were written", async (store) => {
      await store.keep(mail(1, { events: [received(1, [bob])] }));
      const [delivery] = await claim(store);
      await store.settle([done(delivery!.deliveryId)], [delivered(1, bob, 9)], []);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [received(1, [bob]), delivered(1, bob, 9)]);
    });

    it("has events of another message that came with one that was kept, and tells each its own story", async (store) => {
      const story = [received(1, [bob]), delivered(1, bob, 5)];
      await store.record(story);
      const later: Event = {
        kind: "bounced-later",
        at: 9,
        queueId: queueId(1),
        reportId: queueId(2),
        to: bob,
        cause: "no-such-mailbox",
        permanence: "permanent",
        confidence: "certain",
        summary: "There is no such mailbox.",
        text: "550 unknown",
      };
      const own = received(2, [bob]);
      await store.keep(mail(2, { events: [own, later] }));
      assert.deepEqual(await store.story(queueId(1)), [...story, later]);
      assert.deepEqual(await store.story(queueId(2)), [own]);
      assert.deepEqual(await store.find({ queueId: queueId(1) }, 1), [...story, later]);
      assert.deepEqual(await store.story(queueId(3)), []);
    });
  });

  describe(`${name}: prune`, () => {
    it("forgets old events, and how to find them", async (store) => {
      const events = [
        received(1, [bob], { messageId: "<m@x>" }),
        refusal(2, dan),
        delivered(1, bob, 50),
        refusal(60, dan),
      ];
      await store.record(events);
      assert.equal(await store.prune(50, 100), 2);
      const left = delivered(1, bob, 50);
      assert.deepEqual(await store.find({ address: dan }, 10), [refusal(60, dan)]);
      assert.deepEqual(await store.find({ address: bob }, 10), [left], "what is left is still found");
      assert.deepEqual(await store.find({ messageId: "<m@x>" }, 10), [left], "by all names of the message");
      assert.deepEqual(await store.find({ address: ann }, 10), [left, refusal(60, dan)]);
      assert.equal(await store.prune(1_000, 100), 2);
      for (const query of [{ address: bob }, { address: ann }, { messageId: "<m@x>" }])
        assert.deepEqual(await store.find(query, 10), []);
    });

    it("forgets `limit` rows at most, the oldest first", async (store) => {
      await store.record([3, 1, 2, 5, 4].map((at) => refusal(at, bob)));
      assert.equal(await store.prune(1_000, 3), 3);
      assert.deepEqual(
        (await store.find({ address: bob }, 10)).map(({ at }) => at),
        [4, 5],
      );
      assert.equal(await store.prune(1_000, 3), 2);
      assert.equal(await store.prune(1_000, 3), 0);
    });

    it("leaves alone what is still queued", async (store) => {
      await store.keep(mail(1, { events: [received(1, [bob])] }));
      assert.equal(await store.prune(1_000, 100), 0);
      const [delivery] = await claim(store);
      await store.settle([deferred(delivery!.deliveryId)], [], []);
      assert.equal(await store.prune(1_000, 100), 0);
      await store.change({}, "drop", 500);
      assert.equal(await store.prune(1_000, 100), 2);
    });

    it("forgets many at once", async (store) => {
      await store.record(Array.from({ length: 1_300 }, (_, i) => refusal(i * 1_000, bob)));
      assert.equal(await store.prune(1_200_000, 5_000), 1_200);
      assert.equal((await store.find({ address: bob }, 5_000)).length, 100);
    });
  });
}
