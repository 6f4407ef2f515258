// The simulation's judge sees what it is there to see.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../src/mail/address.ts";
import type { Event } from "../../src/journal/event.ts";
import type { Failure } from "../../src/mail/failure.ts";
import type { QueueId } from "../../src/mail/message.ts";
import type { Delivery, NewMessage } from "../../src/queue/store.ts";
import { Process } from "../../sim/clock.ts";
import type { Taken } from "../../sim/host.ts";
import { Ledger } from "../../sim/ledger.ts";

const ann = "ann@d1.sim" as Address;
const ben = "ben@d1.sim" as Address;
const queueId = "1abc" as QueueId;
const host = { name: "mx.sim" };
const full: Failure = { kind: "refused", host, stage: "rcpt", reply: { code: 452, lines: ["full"] } };
const unknown: Failure = { kind: "refused", host, stage: "rcpt", reply: { code: 550, lines: ["unknown"] } };

function court() {
  const found: string[] = [];
  const ledger = new Ledger({ report: (text) => void found.push(text), say: () => {}, kindOf: () => "mail" });
  const node = new Process("node1");
  const other = new Process("node2");
  const message = {
    message: { queueId, reversePath: "sue@d0.sim", messageId: "<m1>" },
    recipients: [{ address: ann }],
    expiresAt: 1_000,
  } as unknown as NewMessage;
  const delivery = { deliveryId: 1, message: message.message, recipient: { address: ann } } as Delivery;
  const lease = { by: "node1", until: 500 };
  return {
    found,
    ledger,
    node,
    other,
    delivery,
    lease,
    sent: (to: readonly string[] = [ann]) =>
      ledger.willSend({ token: "m1", from: "sue@d0.sim", to, notify: "unsaid", body: "Hello\r\n" }),
    kept: () => ledger.kept(message, [delivery], { process: node, lease }),
    taken: (from: Process, content = "Hello\r\n") =>
      ledger.taken({
        site: { name: "site" },
        at: 0,
        from,
        to: [ann],
        reversePath: "sue@d0.sim",
        content: `Received: by node1 id ${queueId}; now\r\nMessage-ID: <m1>\r\n\r\n${content}`,
      } as unknown as Taken),
    settled: (by: Process, event: Partial<Event>, now = 100) =>
      ledger.settled(by, by.name, {
        settlements: [{ deliveryId: 1, by: by.name, next: { kind: "done" } }],
        events: [{ queueId, to: ann, at: now, ...event } as Event],
        notices: [],
        noticeDeliveries: [],
        now,
      }),
  };
}

test("a delivery that goes as it should is no violation", () => {
  const { found, ledger, node, sent, kept, taken, settled } = court();
  sent();
  kept();
  ledger.promised("m1");
  taken(node)();
  settled(node, { kind: "delivered" });
  ledger.checkEnd();
  assert.deepEqual(found, []);
  assert.equal(ledger.tally.delivered, 1);
});

test("a 250 for what was not kept for all", () => {
  const { found, ledger, sent, kept } = court();
  sent([ann, ben]);
  kept();
  ledger.promised("m1");
  assert.match(found.join(), /a 250 was sent for m1, but it was not kept for all/);
});

test("a promise that is never settled", () => {
  const { found, ledger, sent, kept } = court();
  sent();
  kept();
  ledger.promised("m1");
  ledger.checkEnd();
  assert.match(found.join(), /1abc \(m1\) for ann@d1\.sim was never settled/);
});

test("delivered, and no host took it", () => {
  const { found, node, sent, kept, settled } = court();
  sent();
  kept();
  settled(node, { kind: "delivered" });
  assert.match(found.join(), /settled as delivered, but no host took it/);
});

test("handed over twice: a reason only when the reply was lost, the node died, or its lease ended", () => {
  const twice = (between: (court: ReturnType<typeof setUp>, heard: () => void) => Process): string => {
    const all = setUp();
    const by = between(all, all.taken(all.node));
    all.taken(by);
    return all.found.join();
  };
  const setUp = () => {
    const all = court();
    all.sent();
    all.kept();
    return all;
  };
  assert.match(
    twice(({ node }, heard) => (heard(), node)),
    /handed over twice without a reason/,
  );
  assert.equal(
    twice(({ node }) => node),
    "",
  );
  assert.match(
    twice(({ other }) => other),
    /handed over by node2, who has no lease/,
  );
  const claimedByOther = ({ ledger, other, delivery }: ReturnType<typeof setUp>): Process => {
    ledger.claimed([delivery], other, { lease: { by: "node2", until: 2_000 }, now: 600 });
    return other;
  };
  assert.equal(
    twice((all, heard) => (heard(), claimedByOther(all))),
    "",
  );
});

test("claimed, or attempted, while another holds it", () => {
  const { found, ledger, node, other, delivery, sent, kept } = court();
  sent();
  kept();
  ledger.attemptBegins([delivery], node, 10);
  ledger.attemptBegins([delivery], other, 10);
  ledger.claimed([delivery], other, { lease: { by: "node2", until: 900 }, now: 100 });
  assert.match(found.join(), /is attempted by node1 and node2 at once.*was claimed by node2 while node1 held it/);
});

test("bounced without telling the sender, for a reason that may pass, or after it was taken", () => {
  const quiet = court();
  quiet.sent();
  quiet.kept();
  quiet.settled(quiet.node, { kind: "bounced", because: unknown });
  assert.match(quiet.found.join(), /its sender is not told/);
  const hasty = court();
  hasty.sent();
  hasty.kept();
  hasty.settled(hasty.node, { kind: "bounced", because: full });
  assert.match(hasty.found.join(), /bounced for a reason that may pass/);
  const late = court();
  late.sent();
  late.kept();
  late.taken(late.node)();
  late.settled(late.node, { kind: "bounced", because: unknown });
  assert.match(late.found.join(), /bounced after its host had taken it/);
});

test("given up too early", () => {
  const { found, node, sent, kept, settled } = court();
  sent();
  kept();
  settled(node, { kind: "bounced", because: { kind: "expired", afterMs: 1 } }, 900);
  assert.match(found.join(), /given up too early/);
});

test("content that has changed on its way", () => {
  const { found, node, sent, kept, taken } = court();
  sent();
  kept();
  taken(node, "Hallo\r\n");
  assert.match(found.join(), /the content of 1abc has changed/);
});
