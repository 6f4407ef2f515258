// One message to many: each recipient has its own end; recipients of one host travel together. RFC 5321 §5.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resident } from "../../src/lab/characters.ts";
import { actionOf, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";

function pickyHost() {
  const seen = { transactions: 0 };
  const picky: Resident = {
    name: "picky",
    what: "",
    character: {
      answers: {
        mail: () => void (seen.transactions += 1),
        rcpt: ({ path, times }) => {
          if (path.startsWith("carl")) return "550 5.1.1 no such user";
          return path.startsWith("ben") && times === 1 ? "451 4.3.0 come back later" : undefined;
        },
      },
    },
  };
  return { picky, seen };
}

test("delivered, deferred and bounced: each recipient has its own outcome, in one transaction per host", async () => {
  const { picky, seen } = pickyHost();
  await using lab = await startLab({ names: ["accepts"], newcomers: [picky] });
  const to = [
    "anna@picky.lab",
    "ben@picky.lab",
    "carl@picky.lab",
    "dora@picky.lab",
    "eve@accepts.lab",
    "fay@accepts.lab",
  ];
  const queueId = await lab.send({ to });

  await lab.event("deferred", "ben@picky.lab");
  const notice = openNotice(await lab.mail("you@home.lab"));
  assert.deepEqual([...notice.recipients.keys()], ["carl@picky.lab"], "the notice is about the one that failed");
  assert.deepEqual(actionOf(notice, "carl@picky.lab"), ["failed", "5.1.1"]);
  assert.deepEqual((await lab.mail("anna@picky.lab")).to, ["anna@picky.lab", "dora@picky.lab"]);
  assert.deepEqual((await lab.mail("eve@accepts.lab")).to, ["eve@accepts.lab", "fay@accepts.lab"]);
  assert.equal(seen.transactions, 1);
  await lab.calm();
  const waiting = await lab.control.list({ queueId });
  assert.deepEqual(
    waiting.map(({ recipient, state }) => [recipient.address, state]),
    [["ben@picky.lab", "deferred"]],
  );

  await lab.nextAttempt();
  assert.deepEqual((await lab.mail("ben@picky.lab")).to, ["ben@picky.lab"], "the others do not get it twice");
  assert.equal(seen.transactions, 2);
  await lab.assertEmpty();
  const ends = lab.events.filter((event) => "attempt" in event && event.queueId === queueId);
  assert.deepEqual(
    to.map((address) => ends.filter((event) => "to" in event && event.to === address).map(({ kind }) => kind)),
    [["delivered"], ["deferred", "delivered"], ["bounced"], ["delivered"], ["delivered"], ["delivered"]],
  );
});

test("a recipient named twice gets the message once", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  await lab.send({ to: ["anna@accepts.lab", "anna@ACCEPTS.lab"] });
  assert.deepEqual((await lab.mail("anna@accepts.lab")).to, ["anna@accepts.lab"]);
  await lab.assertEmpty();
});

test("a host that does not answer does not hold up the message's other recipients", async () => {
  const silent: Resident = { name: "silent", what: "", character: { answers: { greeting: () => "silent" } } };
  await using lab = await startLab({ names: ["greylists"], newcomers: [silent] });
  await lab.send({ to: ["ben@greylists.lab", "gus@silent.lab"] });
  const { retryAt } = await lab.event("deferred", "ben@greylists.lab");
  await lab.world.advance(retryAt - lab.world.now());
  await lab.control.change({ queueId: "none" }, "retry"); // the worker looks at the clock
  await lab.until("second attempt", () => lab.events.some((event) => "attempt" in event && event.attempt === 2));
  assert.ok(!lab.events.some((event) => "attempt" in event && event.to === "gus@silent.lab"), "that one still waits");
});
