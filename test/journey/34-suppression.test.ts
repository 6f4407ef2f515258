// Addresses that are gone are not tried for a time that grows; the sender is told at once, and the operator can lift it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/journal/event.ts";
import { openNotice } from "../support/lab-notice.ts";
import { type Lab, type LabOptions, startLab } from "../support/lab-server.ts";
import { bounceOf, headerOf } from "../support/reports.ts";
import { askFor } from "../support/smtp-client.ts";

const dayMs = 86_400_000;
const carl = "carl@unknown.lab";

/** What a client of ours is told of a recipient. */
const rcpt = (lab: Lab, to: string, from = "you@home.lab"): Promise<string> => askFor(lab.port, { from, to });

/** Mail to an address that is gone, until its notice has been delivered. */
async function bounce(lab: Lab, to = carl): Promise<void> {
  const { length } = lab.events;
  await lab.send({ to: [to] });
  await lab.event("bounced", to, length);
  await lab.assertEmpty();
}

test("the second message to an address that is gone is refused at once, in words, until the day is over", async () => {
  await using lab = await startLab({ names: ["unknown"] });
  assert.match(await rcpt(lab, carl), /^250 /);
  await bounce(lab);
  const reply = await rcpt(lab, "Carl@Unknown.lab");
  assert.match(
    reply,
    /^550-5\.1\.1 this server has suppressed sending to this address until 2026-01-02 00:00 UTC, since/,
  );
  assert.match(
    reply,
    /550-5\.1\.1 the reason: There is no mailbox with this address at unknown\.lab\. \(mx\.unknown\.lab: 550/,
  );
  assert.match(reply, /550 5\.1\.1 .*waybill suppression lift carl@unknown\.lab$/);
  assert.equal((await lab.event("refused")).check, "suppression");
  assert.match(await rcpt(lab, "dora@unknown.lab"), /^250 /);
  assert.deepEqual(
    await lab.control.senders({ name: "127.0.0.1" }),
    [],
    "a client that asks is no guesser of addresses",
  );
  assert.match(await rcpt(lab, carl, ""), /^250 /, "notices are for people who wrote from there");
  await lab.stopServer();
  await lab.startServer();
  assert.match(await rcpt(lab, carl), /^550-/, "it outlasts a restart");

  await lab.world.advance(dayMs);
  await bounce(lab);
  assert.match(await rcpt(lab, carl), /until 2026-01-09 00:00/, "a week, the second time");
  await lab.world.advance(7 * dayMs + dayMs);
  await bounce(lab);
  const [known] = await lab.control.suppressions({});
  assert.deepEqual([known?.address, known?.times, known!.until - known!.since], [carl, 3, 30 * dayMs]);
});

test("the operator lists it, lifts it, and stops an address himself", async () => {
  await using lab = await startLab({ names: ["unknown", "accepts"] });
  await bounce(lab);
  assert.deepEqual(
    (await lab.control.suppressions({})).map(({ address, cause, times }) => [address, cause, times]),
    [[carl, "no-such-mailbox", 1]],
  );
  assert.deepEqual(await lab.control.suppressions({ address: "dora@unknown.lab" }), []);
  await lab.control.suppress({ action: "lift", address: "CARL@unknown.lab" });
  assert.match(await rcpt(lab, carl), /^250 /);
  assert.deepEqual(await lab.control.suppressions({ ended: "true" }), []);
  await assert.rejects(
    lab.control.suppress({ action: "lift", address: carl }),
    /mail to carl@unknown\.lab is not stopped/,
  );

  await lab.control.suppress({ action: "add", address: "anna@accepts.lab", because: "asked us by phone" });
  assert.match(await rcpt(lab, "anna@accepts.lab"), /the reason: asked us by phone/);
  const never = lab.control.suppress({ action: "add", address: "postmaster@accepts.lab" });
  await assert.rejects(never, /is never stopped/);
});

test("mail that is in the queue, or comes through an alias, fails without an attempt, and its sender reads why", async () => {
  const settings: LabOptions["settings"] = (_, dir) => ({
    domain: [{ name: "ours.lab", deliver: `maildir:${dir}/mail/{user}`, aliases: { carla: [carl] } }],
    relay: { networks: ["127.0.0.1"] },
  });
  await using lab = await startLab({ names: ["unknown"], settings });
  await bounce(lab);
  const { length } = lab.events;
  await lab.send({ to: ["carla@ours.lab"] });
  const bounced = await lab.event("bounced", carl, length);
  assert.deepEqual([bounced.because.kind, bounced.steps], ["refused", []]);
  const { letter } = openNotice(await lab.mail("you@home.lab", 2));
  assert.match(letter, /Mail to this address is stopped, because mail to it failed or was not wanted before\./);
  assert.match(letter, /take it off the list/);
  await lab.assertEmpty();
  assert.equal((await lab.control.suppressions({}))[0]?.times, 1, "our own word is no further reason");
});

test("what may pass stops nothing, nor does anything of postmaster, of ours, or of whom the config names", async () => {
  const settings: LabOptions["settings"] = (_, dir) => ({
    domain: [{ name: "ours.lab", deliver: `maildir:${dir}/mail/{user}`, aliases: { gone: ["ann@unknown.lab"] } }],
    suppression: { never: [carl] },
  });
  await using lab = await startLab({ names: ["unknown", "blocks", "full"], settings });
  for (const to of [carl, "postmaster@unknown.lab", "ben@blocks.lab"]) {
    await bounce(lab, to);
    assert.match(await rcpt(lab, to), /^250 /, to);
  }
  await lab.send({ to: ["dora@full.lab"] });
  await lab.event("deferred", "dora@full.lab");
  assert.match(await rcpt(lab, "dora@full.lab"), /^250 /);
  assert.deepEqual(await lab.control.suppressions({ ended: "true" }), []);
});

test("off is off", async () => {
  await using lab = await startLab({ names: ["unknown"], settings: () => ({ suppression: { enabled: false } }) });
  await bounce(lab);
  assert.match(await rcpt(lab, carl), /^250 /);
  await assert.rejects(lab.control.suppressions({}), /suppression is off/);
});

test("an address that takes mail again, a week long, is as good as any", async () => {
  let isGone = true;
  const newcomers = [
    {
      name: "comes",
      what: "is gone for a while",
      character: { answers: { rcpt: () => (isGone ? "550 5.1.1 User unknown" : undefined) } },
    },
  ];
  await using lab = await startLab({ newcomers });
  await bounce(lab, "eve@comes.lab");
  isGone = false;
  for (const [days, remembered] of [
    [1, 1],
    [7, 0],
  ] as const) {
    await lab.world.advance(days * dayMs);
    const { length } = lab.events;
    await lab.send({ to: ["eve@comes.lab"] });
    await lab.event("delivered", "eve@comes.lab", length);
    await lab.assertEmpty();
    assert.equal((await lab.control.suppressions({ ended: "true" })).length, remembered);
  }
});

test("a bounce that comes later stops the address, but not one that an alias of theirs caused", async () => {
  const settings: LabOptions["settings"] = (_, dir) => ({
    domain: [{ name: "ours.lab", deliver: `maildir:${dir}/mail/{user}` }],
    returns: { sign: ["*"] },
  });
  await using lab = await startLab({ names: ["accepts"], settings });
  const later = async (to: string, final = to): Promise<Event> => {
    await lab.send({ from: "ann@ours.lab", to: [to] });
    const { from, content } = await lab.mail(to);
    await lab.send({ from: "", to: [from], content: bounceOf({ to: final, original: headerOf(content) }) });
    return lab.event("bounced-later", to);
  };
  await later("anna@accepts.lab");
  assert.match(
    await rcpt(lab, "anna@accepts.lab"),
    /the reason: There is no mailbox .* \(mx\.far\.example: 550 5\.1\.1/,
  );
  await later("all@accepts.lab", "one-of-them@other.example");
  assert.match(await rcpt(lab, "all@accepts.lab"), /^250 /);
});
