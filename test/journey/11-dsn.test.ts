// What the sender asked to be told: NOTIFY, RET, ENVID, ORCPT. RFC 3461.
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../golden/dsn/read-notice.ts";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";
import { startSink } from "../support/sink.ts";

const hourMs = 3_600_000;

test("NOTIFY=SUCCESS, next host without DSN: we say that we passed it on", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  await lab.send({
    from: "you@home.lab ENVID=order+2B7",
    to: ["anna@accepts.lab NOTIFY=SUCCESS ORCPT=rfc822;Anna+2Blist@accepts.lab", "ben@accepts.lab"],
  });
  const notice = openNotice(await lab.mail("you@home.lab"));
  assertPlainWords(notice);
  assert.deepEqual(actionOf(notice, "anna@accepts.lab"), ["relayed", "2.0.0"]);
  assert.equal(notice.recipients.size, 1, "ben's sender did not ask");
  assert.equal(field(notice.message, "Original-Envelope-Id"), "order+7");
  assert.equal(field(notice.recipients.get("anna@accepts.lab")!, "Original-Recipient"), "rfc822;Anna+list@accepts.lab");
  await lab.assertEmpty();
  assert.equal(lab.mails.filter(({ domain }) => domain === "home.lab").length, 1);
});

test("NOTIFY=SUCCESS, final delivery here: we say that it is delivered", async () => {
  const settings = (_: unknown, dir: string) => ({
    domain: [{ name: "ours.lab", deliver: `maildir:${dir}/mail/{user}` }],
  });
  await using lab = await startLab({ settings });
  await lab.send({ to: ["ann@ours.lab NOTIFY=SUCCESS,FAILURE"] });
  const notice = openNotice(await lab.mail("you@home.lab"));
  assertPlainWords(notice);
  assert.deepEqual(actionOf(notice, "ann@ours.lab"), ["delivered", "2.0.0"]);
  assert.match(notice.letter, /was delivered/);
});

test("a next host that speaks DSN is told everything, and we are silent", async () => {
  await using sink = await startSink({ offers: ["PIPELINING", "DSN"] });
  await using lab = await startLab({
    settings: () => ({ route: [{ host: "127.0.0.1", port: sink.port, to: "dsn.lab" }] }),
  });
  await lab.send({
    from: "you@home.lab RET=HDRS ENVID=order+2B7",
    to: ["anna@dsn.lab NOTIFY=SUCCESS,DELAY ORCPT=rfc822;anna@old.lab", "ben@dsn.lab NOTIFY=NEVER", "carl@dsn.lab"],
  });
  const [taken] = await sink.taken.count(1);
  assert.match(taken!.mail, /^MAIL FROM:<you@home\.lab>(?=.* RET=HDRS)(?=.* ENVID=order\+2B7)/);
  assert.deepEqual(taken!.rcpts, [
    "RCPT TO:<anna@dsn.lab> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;anna@old.lab",
    "RCPT TO:<ben@dsn.lab> NOTIFY=NEVER",
    "RCPT TO:<carl@dsn.lab>",
  ]);
  await lab.assertEmpty();
  assert.equal(lab.events.filter(({ kind }) => kind === "notice").length, 0);
});

test("NOTIFY=NEVER: not a word, whatever happens", async () => {
  await using lab = await startLab({ names: ["unknown", "full"] });
  await lab.send({ to: ["carl@unknown.lab NOTIFY=NEVER", "fred@full.lab NOTIFY=NEVER"] });
  const { text } = await lab.event("notice-suppressed", "carl@unknown.lab");
  assert.match(text, /NOTIFY=NEVER/);
  await lab.event("deferred", "fred@full.lab");
  while (!lab.events.some(({ kind, at }) => kind === "deferred" && at >= Date.UTC(2026, 0, 1, 5)))
    await lab.nextAttempt();
  assert.equal(lab.events.filter(({ kind }) => kind === "notice").length, 0);
  assert.deepEqual(lab.mails, []);
});

test("NOTIFY=DELAY: told of the delay, not of the failure; NOTIFY=FAILURE: the other way round", async () => {
  const settings = () => ({ retry: { give_up_after: "8h" } });
  await using lab = await startLab({ names: ["full"], settings });
  const start = lab.world.now();
  await lab.send({ to: ["delay@full.lab NOTIFY=DELAY", "failure@full.lab NOTIFY=FAILURE"] });
  await lab.event("deferred", "failure@full.lab");
  const ended = (): number => lab.events.filter(({ kind }) => kind === "bounced").length;
  while (ended() < 2) await lab.nextAttempt();
  await lab.assertEmpty();
  const told = lab.events.filter((event) => event.kind === "notice");
  assert.deepEqual(
    told.map(({ action, to }) => [action, to]),
    [
      ["delayed", "delay@full.lab"],
      ["failed", "failure@full.lab"],
    ],
  );
  assert.ok(told[0]!.at - start >= 4 * hourMs);
  assert.equal(told[1]!.at - start, 8 * hourMs);
});

test("RET=FULL gives the whole message back, RET=HDRS its header; what is large is never given back whole", async () => {
  await using lab = await startLab({ names: ["unknown"] });
  const content = "Subject: Poem\r\n\r\nRoses are red.\r\n";
  const large = content + "Violets are blue.\r\n".repeat(8_000);
  const returned = async (from: string, text: string) => {
    const queueId = await lab.send({ from, to: [`carl${lab.mails.length}@unknown.lab`], content: text }); // a new one each time: who is gone is not tried again
    await lab.assertEmpty();
    const notice = openNotice(lab.mails.at(-1)!);
    assert.match(notice.letter, new RegExp(queueId));
    return notice.returned;
  };
  const whole = await returned("you@home.lab RET=FULL", content);
  assert.equal(whole.type, "message/rfc822");
  assert.match(whole.text, /Subject: Poem\r\n\r\nRoses are red\.\r\n$/);
  for (const [from, text] of [
    ["you@home.lab RET=HDRS", content],
    ["you@home.lab RET=FULL", large],
  ] as const) {
    const header = await returned(from, text);
    assert.equal(header.type, "text/rfc822-headers");
    assert.match(header.text, /Subject: Poem\r\n/);
    assert.doesNotMatch(header.text, /Roses/);
  }
});
