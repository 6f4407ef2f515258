// Pacing: a dead host is probed by one, a busy one gets less, the operator suspends and resumes; all of it is told in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DestinationStatus } from "../../src/deliver/pacing/status.ts";
import { waybill, waybillJson } from "../support/lab-cli.ts";
import { type Lab, startLab } from "../support/lab-server.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const stepMs = 5 * minuteMs;

/** Questions to the server until an attempt has ended. */
const mostPolls = 10_000;

const destination = async (lab: Lab, name: string): Promise<DestinationStatus> => {
  const [status] = await waybillJson<DestinationStatus>(lab, "destinations", "list", name);
  return status ?? assert.fail(`${name} is not known`);
};

/** Time passes in small steps; what falls due in one is attempted before the next. */
async function live(lab: Lab, forMs: number, isOver: () => boolean): Promise<void> {
  const until = lab.world.now() + forMs;
  while (!isOver() && lab.world.now() < until) {
    await lab.world.advance(stepMs);
    await lab.control.change({ queueId: "none" }, "retry"); // the worker looks at the clock
    for (let polls = 0; await isBusy(lab); polls += 1) assert.ok(polls < mostPolls, "what is due is attempted");
  }
}

const isBusy = async ({ control, world }: Lab): Promise<boolean> =>
  (await control.list({ limit: 100 })).some(({ state, dueAt }) => state === "claimed" || dueAt <= world.now());

const delivered = (lab: Lab, domain: string): number =>
  lab.events.filter((event) => event.kind === "delivered" && event.to.endsWith(`@${domain}`)).length;

test("a dead host is tried by one message at a time, the others wait untried and know why; when it is back, all go", async () => {
  await using lab = await startLab({ names: ["noon"] });
  await lab.send({ to: ["anna@noon.lab"] });
  await lab.event("deferred", "anna@noon.lab");
  const others = ["ben@noon.lab", "carl@noon.lab", "dora@noon.lab"];
  for (const to of others) {
    await lab.send({ to: [to] });
    const { untried, because, attempt } = await lab.event("deferred", to);
    assert.deepEqual([untried, because.kind, attempt], [true, "unreachable", 0]);
  }
  const { stdout } = await waybill(lab, "trace", "ben@noon.lab");
  assert.match(stdout, /not tried now: mx\.noon\.lab \[127\.0\.0\.\d+\].* refused the connection/);
  const { state, failures } = await destination(lab, "noon.lab");
  assert.deepEqual([state, failures], ["closed", 1]);

  await live(lab, 11 * hourMs, () => false);
  const tries = lab.events.filter((event) => event.kind === "deferred" && event.untried === undefined).length;
  assert.ok(tries >= 20 && tries <= 40, `${tries} attempts in eleven hours, a probe in half an hour`);
  await live(lab, 6 * hourMs, () => delivered(lab, "noon.lab") === 4);
  await lab.assertEmpty();
  assert.equal((await destination(lab, "noon.lab")).state, "open");
});

test("a host that complains of too many messages gets fewer, and no mail is lost by it", async () => {
  const answers = {
    rcpt: ({ times }: { times: number }) =>
      times <= 2 ? ("450 4.7.1 too many messages, slow down" as const) : undefined,
  };
  await using lab = await startLab({ newcomers: [{ name: "strict", what: "", character: { answers } }] });
  await lab.send({ to: ["anna@strict.lab"] });
  const { because } = await lab.event("deferred", "anna@strict.lab");
  const status = await destination(lab, "strict.lab");
  assert.deepEqual([status.state, status.messagesPerMinute, status.because], ["slowed", 10, because]);
  await live(lab, hourMs, () => delivered(lab, "strict.lab") === 1);
  await lab.assertEmpty();
});

test("suspended, a destination gets nothing, whatever the clock says; resumed, it gets all at once", async () => {
  await using lab = await startLab();
  const suspend = await waybill(lab, "destinations", "suspend", "home.lab", "--because", "they move house");
  assert.deepEqual([suspend.exitCode, suspend.stdout], [0, "Suspended: mx.home.lab.\n"]);
  await lab.send({ to: ["anna@home.lab"] });
  const { because, untried } = await lab.event("deferred", "anna@home.lab");
  const text = "the operator suspended mail to this destination: they move house";
  assert.deepEqual([because, untried], [{ kind: "held-back", text }, true]);
  await live(lab, 3 * hourMs, () => false);
  assert.equal(lab.mails.length, 0);
  await lab.control.change({ domain: "home.lab" }, "retry");
  await live(lab, 2 * minuteMs, () => false);
  assert.equal(lab.mails.length, 0, "a retry does not end a suspension");

  const resume = await waybillJson<{ due: number }>(lab, "destinations", "resume", "home.lab");
  assert.equal(resume[0]?.due, 1);
  await lab.mail("anna@home.lab");
  await lab.assertEmpty();
});
