import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { bounceOf, complaintOf } from "../../test/support/reports.ts";
import { address } from "../../test/support/sample.ts";
import { schema } from "../config/schema.ts";
import type { Event } from "../journal/event.ts";
import type { Failure } from "../mail/failure.ts";
import { queueIds } from "../mail/queue-ids.ts";
import { createReturns } from "../route/returns.ts";
import { readingLimits } from "./report-reader.ts";
import { refuseReturn } from "./refusals.ts";
import { type Arrived, arrivalOf, mayReport, type ReturningParts } from "./returning.ts";

const world = fakeWorld();
const newQueueId = queueIds(world);
const config = schema.parse({
  domain: [{ name: "ours.example", deliver: "maildir:/mail/{user}" }],
  returns: { sign: ["*"] },
});
const returns = createReturns({ config, secrets: ["a secret of the test"], hostname: "mx.ours.example", world });
const queueId = newQueueId();
const returnTo = returns.write(queueId, "ours.example");
const ann = address("ann@ours.example");
const bob = address("bob@far.example");
const client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" } as const;

const received: Event = { kind: "received", at: 0, queueId, from: ann, to: [bob], client, sizeBytes: 1 };

function fixture(changes: Partial<ReturningParts> = {}, story: readonly Event[] = [received]) {
  const bugs: unknown[] = [];
  const parts: ReturningParts = {
    world,
    newQueueId,
    hostname: "mx.ours.example",
    giveUpAfterMs: 1,
    expand: (recipients, { returnedTo } = {}) =>
      recipients.map((recipient) => ({
        ...recipient,
        address: returnedTo?.get(recipient.address) ?? recipient.address,
      })),
    returns,
    history: { story: async () => [...story] },
    feedback: new Set(["feedback@ours.example"]),
    isOurSender: (sender) => sender.endsWith("@ours.example"),
    isGone: (one) => one === "gone@ours.example",
    onBug: (error) => bugs.push(error),
    ...changes,
  };
  return { parts, bugs };
}

const body = { sizeBytes: 1, head: new Uint8Array(0), eightBit: false };

const arrived = (content: string, ...to: readonly string[]): Arrived => ({
  queueId: newQueueId(),
  client,
  envelope: {
    reversePath: "",
    bodyType: "7bit",
    smtpUtf8: false,
    recipients: to.map((one) => ({ address: address(one) })),
  },
  body,
  header: [],
  receivedAt: world.now(),
  expiresAt: world.now() + 1,
  start: Buffer.from(content),
});

const bounce = bounceOf({ to: bob, original: "Subject: Hi" });
const kinds = (events: readonly Event[]): string[] => events.map(({ kind }) => kind);

test("a bounce is replaced by one notice, with all that it means in one transaction", async () => {
  const { parts } = fixture();
  const came = arrived(bounce, returnTo);
  const { message, letters } = await arrivalOf(parts, came);
  assert.deepEqual([message.message.queueId, message.message.reversePath, letters], [came.queueId, "", []]);
  assert.notEqual(message.body, body);
  assert.deepEqual(message.recipients, [{ address: ann }]);
  assert.deepEqual(kinds(message.events), ["received", "bounced-later", "notice"]);
});

test("nothing is lost: what cannot be told goes on as it came; what cannot be looked up comes again", async () => {
  const broken = fixture({
    signer: {
      begin() {
        throw new Error("no key");
      },
    } as unknown as NonNullable<ReturningParts["signer"]>,
  });
  const { message } = await arrivalOf(broken.parts, arrived(bounce, returnTo));
  assert.deepEqual([message.body, message.recipients[0]?.address, broken.bugs.length], [body, ann, 1]);
  assert.deepEqual(kinds(message.events), ["received"]);

  const away = async (): Promise<never> => {
    throw new Error("away");
  };
  await assert.rejects(
    async () => arrivalOf(fixture({ history: { story: away } }).parts, arrived(bounce, returnTo)),
    /away/,
  );
  await assert.rejects(async () => arrivalOf(fixture({}, []).parts, arrived(bounce, returnTo)), /not in the history/);
});

test("one of several recipients: all get what came", async () => {
  const { message } = await arrivalOf(fixture().parts, arrived(bounce, "ben@ours.example", returnTo));
  assert.deepEqual(
    message.recipients.map((recipient) => recipient.address),
    ["ben@ours.example", ann],
  );
  assert.deepEqual([message.body, kinds(message.events)], [body, ["received"]]);
});

test("a report without a code, of several recipients, of a stranger's mail", async () => {
  const told = async (content: string, story: readonly Event[]): Promise<readonly Event[]> =>
    (await arrivalOf(fixture({}, story).parts, arrived(content, returnTo))).message.events;
  const words = [
    "From: MAILER-DAEMON@far.example",
    "Subject: failure notice",
    "",
    "Hi. This is the qmail-send program at far.example.",
    `<${bob}>:`,
    "Sorry, no mailbox here by that name. (#5.1.1)",
    "",
  ];
  const [, qmail] = await told(words.join("\r\n"), [received]);
  assert.ok(qmail?.kind === "bounced-later" && qmail.cause === "no-such-mailbox");
  const dora = address("dora@far.example");
  const both: Event = { ...received, to: [bob, dora] };
  assert.deepEqual(kinds(await told(bounceOf({ to: "else@far.example", original: "" }), [both])), ["received"]);
  const strange: Event = { ...received, from: address("eve@their.example") };
  assert.deepEqual(kinds(await told(bounce, [strange])), ["received", "bounced-later"]);
});

test("a complaint at an address for feedback loops is delivered, and the letter to the sender goes with it", async () => {
  const original = `Return-Path: <${returnTo}>\r\nSubject: Hi`;
  const report = complaintOf({ to: bob, original });
  const { message, letters } = await arrivalOf(fixture().parts, arrived(report, "feedback@ours.example"));
  assert.deepEqual([message.body, kinds(message.events)], [body, ["received", "complained"]]);
  assert.deepEqual(
    letters.map(({ recipients }) => recipients),
    [[{ address: ann }]],
  );
});

test("what is asked of the history, and when it knows nothing", async () => {
  const ask = (story: readonly Event[], at = world.now()) =>
    refuseReturn({ ...fixture({}, story).parts, world: { ...world, now: () => at } }, returnTo);
  assert.equal(await ask([received]), undefined);
  assert.equal((await ask([]))?.code, 451, "it may not have heard of it yet");
  assert.equal((await ask([], world.now() + 11 * 60_000))?.enhanced, "5.1.1");
  assert.equal((await ask([{ ...received, from: address("gone@ours.example") }]))?.enhanced, "5.1.1");
  assert.equal((await ask([{ ...received, from: "" }]))?.enhanced, "5.1.1", "there is nobody to tell");
  const { parts } = fixture({ history: { story: () => assert.fail("for no other address") } });
  assert.equal(refuseReturn(parts, ann), undefined);
  const forged = await refuseReturn(parts, address(`bounce-${queueId}-${"0".repeat(16)}@ours.example`));
  assert.equal(forged?.enhanced, "5.7.1");
  const to = (one: string): boolean => mayReport(parts, { recipients: [{ address: address(one) }] });
  assert.deepEqual([to(returnTo), to("Feedback@ours.example"), to("ann@ours.example")], [true, true, false]);
});

const eve = address("eve@evil.example");
const both: Event = { ...received, to: [bob, eve] };
const host = { name: "mx.evil.example" };
const attempted = { at: 1, queueId, attempt: 1, steps: [] } as const;
const delivered: Event = { kind: "delivered", ...attempted, to: bob, host, reply: { code: 250, lines: ["ok"] } };
const refused = (code: number) =>
  ({ kind: "refused", host, stage: "rcpt", reply: { code, lines: ["no"] } }) as const satisfies Failure;

test("whoever was tried knows the return address: what is said of another recipient is marked, or not believed", async () => {
  const fates: readonly (readonly [string, readonly Event[]])[] = [
    ["handed over, too", [delivered, { ...delivered, to: eve }]],
    ["put off", [delivered, { kind: "deferred", ...attempted, to: eve, because: refused(451), retryAt: 5 }]],
    ["refused", [delivered, { kind: "bounced", ...attempted, to: eve, because: refused(550) }]],
    ["not tried yet", [delivered]],
  ];
  const original = `Return-Path: <${returnTo}>\r\nSubject: Hi`;
  for (const [what, events] of fates) {
    const told = async (content: string, to: string): Promise<Event[]> => {
      const { message } = await arrivalOf(fixture({}, [both, ...events]).parts, arrived(content, to));
      return message.events.filter(({ kind }) => kind === "bounced-later" || kind === "complained");
    };
    for (const [content, to] of [
      [bounceOf({ to: bob, original }), returnTo],
      [complaintOf({ to: bob, original }), returnTo],
      [complaintOf({ to: bob, original }), "feedback@ours.example"],
    ] as const) {
      const [event, ...others] = await told(content, to);
      assert.ok(event !== undefined && "isShared" in event && event.isShared, what);
      assert.deepEqual(others, [], what);
    }
    assert.deepEqual(await told(bounceOf({ to: "x@else.example", original }), returnTo), [], what);
    assert.deepEqual(await told(complaintOf({ to: "x@else.example", original }), returnTo), [], what);
  }
});

/** `count` recipients in one report. */
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `u${i}@evil.example`);
const bounceOfAll = (names: readonly string[], original = ""): string =>
  bounceOf({ to: names[0]!, original }).replace(
    /Final-Recipient[^]*?\r\n\r\n/,
    names.map((name) => `Final-Recipient: rfc822; ${name}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n`).join(""),
  );
const complaintOfAll = (names: readonly string[]): string =>
  complaintOf({ to: names[0]!, original: `Return-Path: <${returnTo}>` }).replace(
    /Original-Rcpt-To.*\r\n/,
    names.map((name) => `Original-Rcpt-To: ${name}\r\n`).join(""),
  );

test("however many names a report has, each recipient of the message is told of once", async () => {
  const kindsOf = async (content: string, to: string, message = received): Promise<string[]> =>
    kinds((await arrivalOf(fixture({}, [message, delivered]).parts, arrived(content, to))).message.events);
  const many = namesOf(300);
  assert.deepEqual(await kindsOf(bounceOfAll(many), returnTo), ["received", "bounced-later", "notice"]);
  assert.deepEqual(await kindsOf(complaintOfAll(many), returnTo), ["received", "complained"]);
  assert.deepEqual(await kindsOf(complaintOfAll(many), "feedback@ours.example"), ["received", "complained"]);
  const twice = [bob, bob.toUpperCase(), ...many];
  assert.deepEqual(await kindsOf(bounceOfAll(twice), returnTo, both), ["received", "bounced-later"]);
  const { message } = await arrivalOf(fixture().parts, arrived(bounceOfAll([...many, bob]), returnTo));
  const [, later] = message.events;
  assert.ok(later?.kind === "bounced-later" && later.final === undefined, "the one that is named counts");
});

test("of a report the start is read: one that goes on behind it, or tells of many, is handed on as it came", async () => {
  const to = namesOf(300).map(address);
  const story: Event[] = [{ ...received, to }];
  const told = async (content: string) =>
    (await arrivalOf(fixture({}, story).parts, arrived(content, returnTo))).message;
  const part = await told(bounceOfAll([...to.slice(0, 2), ..."x".repeat(2_000).split("")]));
  assert.deepEqual([part.body === body, kinds(part.events)], [true, ["received", "bounced-later", "bounced-later"]]);
  const many = await told(bounceOfAll(to, "Subject: Hi"));
  assert.deepEqual([many.body === body, many.events.length], [true, 301]);
  const few = await told(bounceOfAll(to.slice(0, 2), `Subject: Hi\r\n\r\n${"It was large.\r\n".repeat(10_000)}`));
  assert.ok(few.body !== body);
});

test("at an address that anybody can write to, no more than so many reports are read in a second", async () => {
  const here = fakeWorld();
  const { parts } = fixture({ world: here });
  const { perSecond } = readingLimits;
  const counted = async (): Promise<number> => {
    const report = complaintOf({ to: bob, original: `Return-Path: <${returnTo}>` });
    const arrivals = Array.from({ length: perSecond + 5 }, async () =>
      arrivalOf(parts, arrived(report, "feedback@ours.example")),
    );
    const kept = await Promise.all(arrivals);
    assert.ok(kept.every(({ message }) => message.body === body));
    return kept.filter(({ message }) => message.events.some(({ kind }) => kind === "complained")).length;
  };
  assert.equal(await counted(), perSecond);
  assert.equal(await counted(), 0);
  await here.advance(1_000);
  assert.equal(await counted(), perSecond);
});

test("the notice is in the language of the message that came back, not of the report", async () => {
  const messageId = "<1@app.ours.example>";
  const known = { ...received, messageId };
  const id = `Message-ID: ${messageId}`;
  const cases: readonly (readonly [string, string])[] = [
    [`Subject: Hi\r\nContent-Language: ja\r\n${id}`, "ja"],
    [`Received: from x by y with ESMTP id ${queueId};\r\n Thu, 1 Jan 2026\r\nContent-Language: de-AT`, "de"],
    [`Subject: =?ISO-2022-JP?B?GyRCJDMbKEI=?=\r\n${id}`, "ja"],
    [`Content-Type: text/plain; charset=Shift_JIS\r\n${id}`, "ja"],
    [`Content-Language: en, de\r\nContent-Type: text/plain; charset=Shift_JIS\r\n${id}`, "en"],
    [`Subject: Hi\r\n${id}`, "fr"],
    ["Content-Language: ja\r\nMessage-ID: <another@x>", "fr"],
  ];
  for (const [original, language] of cases) {
    const { parts } = fixture({ language: "fr" }, [known]);
    const report = `Content-Language: es\r\n${bounceOf({ to: bob, original })}`;
    const { message } = await arrivalOf(parts, arrived(report, returnTo));
    assert.match(
      Buffer.from(message.body as Uint8Array).toString(),
      new RegExp(`^Content-Language: ${language}\r$`, "m"),
    );
  }
});
