import assert from "node:assert/strict";
import { test } from "node:test";
import { testAccounts } from "../../test/support/accounts.ts";
import { fakeWorld, settled } from "../../test/support/fake-world.ts";
import type { Event } from "../journal/event.ts";
import { Journal } from "../journal/journal.ts";
import type { Client } from "../mail/client.ts";
import { createLogins } from "../smtp/sasl/logins.ts";
import { beginLogin, loginDelays } from "./login.ts";

const client: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" };

function open(...[accounts]: Parameters<typeof testAccounts>) {
  const world = fakeWorld();
  const events: Event[] = [];
  const parts = {
    logins: createLogins(testAccounts(accounts), Buffer.alloc(32)),
    world,
    journal: new Journal([(event) => events.push(event)]),
  };
  const ended = new AbortController();
  const plain = (failures: number, password: string) => {
    const exchange = beginLogin(parts, {
      mechanism: "PLAIN",
      client,
      binding: undefined,
      failures,
      signal: ended.signal,
    });
    return exchange.step(Buffer.from(`\0ann@home.lab\0${password}`));
  };
  return { world, events, ended, plain };
}

test("a right password is answered at once, and is no event", async () => {
  const { plain, world, events } = open();
  assert.deepEqual(await plain(3, "pencil"), { kind: "accepted", account: "ann@home.lab" });
  assert.equal(world.sleeping, 0);
  assert.deepEqual(events, []);
});

test("each failure of a session is answered later than the one before, up to a limit", async () => {
  for (const [failures, delayMs] of [
    [0, loginDelays.firstMs],
    [1, 2 * loginDelays.firstMs],
    [20, loginDelays.longestMs],
  ] as const) {
    const { plain, world } = open();
    let isAnswered = false;
    void plain(failures, "crayon").then(() => (isAnswered = true));
    await world.advance(delayMs - 1);
    assert.equal(isAnswered, false, `${failures} failures`);
    await world.advance(1);
    assert.equal(isAnswered, true, `${failures} failures`);
  }
});

test("nobody waits once the session has ended", async () => {
  const { plain, world, ended } = open();
  const answered = plain(0, "crayon");
  await settled();
  ended.abort();
  assert.equal((await answered).kind, "refused");
  assert.equal(world.sleeping, 0);
});

test("the journal hears of a failure at once, and neither the name nor the password", async () => {
  const { plain, events, world } = open();
  void plain(0, "my secret");
  await settled();
  const [event] = events;
  assert.ok(event?.kind === "refused");
  assert.deepEqual(
    { stage: event.stage, check: event.check, client: event.client, at: event.at, code: event.reply.code },
    { stage: "login", check: "login", client, at: world.now(), code: 535 },
  );
  assert.doesNotMatch(JSON.stringify(events), /secret|ann@home|c2VjcmV0/);
});

test("the journal hears whose login it would have been, if there is such an account", async () => {
  for (const result of [
    { kind: "refused", account: "ann@home.lab" },
    { kind: "limited", retryAfterMs: 1, account: "ann@home.lab" },
  ] as const) {
    const { plain, events } = open({ result });
    void plain(0, "my secret");
    await settled();
    assert.equal(events[0]?.kind === "refused" && events[0].account, "ann@home.lab", result.kind);
  }
});
