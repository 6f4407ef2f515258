import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { bounceOf, complaintOf } from "../../test/support/reports.ts";
import { address } from "../../test/support/sample.ts";
import { schema } from "../config/schema.ts";
import type { Event } from "../journal/event.ts";
import { queueIds } from "../mail/queue-ids.ts";
import { createReturns } from "../route/returns.ts";
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
  const host = { name: "mx" };
  const delivered: Event = {
    kind: "delivered",
    at: 1,
    queueId,
    to: dora,
    host,
    reply: { code: 250, lines: [""] },
    attempt: 1,
    steps: [],
  };
  const [, only] = await told(bounceOf({ to: "else@far.example", original: "" }), [both, delivered]);
  assert.ok(
    only?.kind === "bounced-later" && only.to === dora && only.final === "else@far.example",
    "one was handed over",
  );
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
