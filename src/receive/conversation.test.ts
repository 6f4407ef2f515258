import assert from "node:assert/strict";
import { test } from "node:test";
import { reply } from "../mail/reply.ts";
import type { SaslOutcome } from "../smtp/sasl/exchange.ts";
import { Conversation } from "./conversation.ts";
import type { ReceiveEvent } from "./stage.ts";
import { eventually, nextTurn, RecordingStage, ScriptedSession } from "./testing.ts";

/** A conversation after its greeting; `log` is what it did to the wire. */
function converse() {
  const session = new ScriptedSession({ address: "192.0.2.1", port: 1, protocol: "SMTP" });
  const stage = new RecordingStage();
  const events: ReceiveEvent[] = [];
  const log: string[] = [];
  const conversation = new Conversation(
    { session, stage, onEvent: (event) => void events.push(event) },
    {
      send: (text) => void log.push(text.trim()),
      startTls: () => Promise.resolve(undefined),
      close: () => void log.push("close"),
      resume: () => void log.push("resume"),
    },
  );
  conversation.start();
  log.length = 0;
  return { session, stage, events, log, conversation, feed: (text: string) => conversation.feed(Buffer.from(text)) };
}

const later = <T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } =>
  Promise.withResolvers<T>();

test("what is decided at once is answered in the same tick, in order", () => {
  const { feed, log, conversation } = converse();
  feed("one\r\nASK\r\ntwo\r\nQUIT\r\n");
  assert.deepEqual(log, ["250 2.0.0 one", "220 yes", "250 2.0.0 two", "250 2.0.0 bye", "close"]);
  assert.equal(conversation.isWaiting, false);
});

test("a decision that takes time holds back all that follows it", async () => {
  const { feed, log, stage, conversation } = converse();
  const decision = later<ReturnType<typeof reply>>();
  stage.decide = () => decision.promise;
  feed("one\r\nASK\r\ntwo\r\n");
  assert.deepEqual(log, ["250 2.0.0 one"]);
  assert.equal(conversation.isWaiting, true);
  decision.resolve(reply(550, "5.1.1", "no such user"));
  await eventually(() => !conversation.isWaiting);
  assert.deepEqual(log, ["250 2.0.0 one", "550 5.1.1 no such user", "250 2.0.0 two", "resume"]);
});

test("effects behind a question come before those of its answer", () => {
  const { feed, log, session } = converse();
  const question = { about: "connection", client: session.client } as const;
  session.feed = () => [
    { kind: "ask", question },
    { kind: "send", text: "behind" },
  ];
  feed("any");
  assert.deepEqual(log, ["behind", "220 yes"]);
});

test("content waits for the sink, and the final reply for the last of it", async () => {
  const { feed, log, stage, conversation } = converse();
  const written = later<void>();
  let finished = false;
  stage.write = () => written.promise;
  stage.finish = () => {
    finished = true;
    return Promise.resolve(reply(250, "2.0.0", "kept"));
  };
  feed("DATA\r\nhello\r\n.\r\nnext\r\n");
  assert.deepEqual([stage.contents, finished, conversation.isWaiting], [["hello\r\n"], false, true]);
  written.resolve();
  await eventually(() => !conversation.isWaiting);
  assert.deepEqual(log, ["250 2.0.0 send it", "250 2.0.0 kept", "250 2.0.0 next", "resume"]);
  assert.equal(stage.discarded, 0);
});

test("a decision that comes after the hang-up says nothing any more", async () => {
  const { feed, log, stage, conversation } = converse();
  const decision = later<ReturnType<typeof reply>>();
  stage.decide = () => decision.promise;
  feed("ASK\r\n");
  conversation.hangUp(reply(421, "4.4.2", "too late"));
  decision.resolve(reply(250, "2.0.0", "yes"));
  await nextTurn();
  assert.deepEqual(log, ["421 4.4.2 too late", "close"]);
});

test("a client that is lost, or hung up on, in a message leaves no content behind", () => {
  for (const end of ["lost", "hangUp"] as const) {
    const { feed, stage, events, conversation } = converse();
    feed("DATA\r\nhalf a mess");
    if (end === "lost") conversation.lost();
    else conversation.hangUp(reply(421, "4.4.2", "too slow"));
    assert.equal(stage.discarded, 1, end);
    const told = events.map((event) => (event.kind === "refused" ? [event.stage, event.reply.code, event.from] : []));
    assert.deepEqual(told, end === "lost" ? [] : [["content", 421, "ann@example.org"]]);
  }
});

test("nor when the last of the content still waits for the disk", async () => {
  for (const end of ["lost", "hangUp"] as const) {
    const { feed, stage, conversation } = converse();
    const written = later<void>();
    let finished = false;
    stage.write = () => written.promise;
    stage.finish = () => {
      finished = true;
      return Promise.resolve(reply(250, "2.0.0", "kept"));
    };
    feed("DATA\r\nhello\r\n.\r\n");
    if (end === "lost") conversation.lost();
    else conversation.hangUp(reply(421, "4.4.2", "too slow"));
    written.resolve();
    await nextTurn();
    assert.deepEqual([stage.discarded, finished], [1, false], end);
  }
});

test("a message that is being kept is not discarded", () => {
  const { feed, stage, conversation } = converse();
  stage.finish = () => new Promise(() => {});
  feed("DATA\r\nhello\r\n.\r\n");
  conversation.lost();
  assert.equal(stage.discarded, 0);
});

test("what the session refuses is told with the client", () => {
  const { feed, events } = converse();
  feed("REFUSE\r\n");
  const [event] = events;
  assert.equal(
    event?.kind === "refused" && `${event.stage} ${event.client.address} ${event.reply.code}`,
    "mail 192.0.2.1 550",
  );
});

test("a bug in a decision is a 451 and the session goes on", async () => {
  const { feed, log, stage, events } = converse();
  stage.decide = () => {
    throw new Error("at once");
  };
  feed("ASK\r\n");
  stage.decide = () => Promise.reject(new Error("later"));
  feed("ASK\r\n");
  await eventually(() => log.length === 3);
  stage.finish = () => Promise.reject(new Error("disk"));
  feed("DATA\r\nhello\r\n.\r\nnext\r\n");
  await eventually(() => log.length === 7);
  const local = "451 4.3.0 local error, try again later";
  assert.deepEqual(log, [local, local, "resume", "250 2.0.0 send it", local, "250 2.0.0 next", "resume"]);
  const errors = events.map((event) => event.kind === "trouble" && (event.error as Error).message);
  assert.deepEqual(errors, ["at once", "later", "disk"]);
});

test("a bug in the session ends it with 421, the content forgotten", () => {
  const { feed, log, events, session } = converse();
  feed("THROW\r\n");
  assert.deepEqual(log, ["421 4.3.0 local error, try again later", "close"]);
  assert.equal(events[0]?.kind === "trouble" && (events[0].error as Error).message, "a bug");
  assert.deepEqual(session.calls, ["THROW"]);
});

test("bytes that finish no command are no progress; content is", async () => {
  const { feed, conversation } = converse();
  const before = conversation.moments.progressAt;
  await eventually(() => performance.now() > before);
  feed("NOO");
  assert.equal(conversation.moments.progressAt, before);
  feed("P\r\n");
  const after = conversation.moments.progressAt;
  assert.ok(after > before);
  feed("DATA\r\n");
  await eventually(() => performance.now() > conversation.moments.progressAt);
  const begun = conversation.moments;
  feed("a");
  assert.ok(conversation.moments.progressAt > begun.progressAt);
  assert.equal(conversation.moments.contentSince, begun.contentSince, "the message is as old as it was");
  assert.equal(conversation.isIdle, false);
});

test("a login: the stage begins it, and goes on with it; failures are counted for the next one", async () => {
  const { feed, log, stage, session } = converse();
  const outcomes: SaslOutcome[] = [
    { kind: "challenge", bytes: Buffer.from("?") },
    { kind: "refused", reply: reply(535, "5.7.8", "no") },
    { kind: "accepted", account: "ann" },
  ];
  const responses: (string | undefined)[] = [];
  stage.step = async (response) => {
    responses.push(response && Buffer.from(response).toString());
    return outcomes.shift()!;
  };
  feed("LOGIN\r\nGO ON\r\nLOGIN\r\nafter\r\n");
  await eventually(() => log.includes("250 2.0.0 after"));
  assert.deepEqual(
    session.calls.filter((call) => call.startsWith("login")),
    ["login challenge", "login refused", "login accepted"],
  );
  assert.deepEqual(responses, [undefined, "response", undefined]);
  assert.deepEqual(
    stage.logins.map(({ mechanism, failures }) => [mechanism, failures]),
    [
      ["PLAIN", 0],
      ["PLAIN", 1],
    ],
  );
});

test("a login whose check fails is told to come again, and the log hears why", async () => {
  const { feed, log, stage, events, session } = converse();
  stage.step = () => Promise.reject(new Error("a bug"));
  feed("LOGIN\r\n");
  await eventually(() => session.calls.includes("login refused"));
  stage.step = async () => ({ kind: "refused", reply: reply(454, "4.7.0", "later"), trouble: "no Dovecot" });
  feed("LOGIN\r\n");
  await eventually(() => log.length === 4);
  assert.deepEqual(
    events.map((event) => event.kind === "trouble" && event.text),
    ["bug in a login", "a login could not be checked: no Dovecot"],
  );
});

test("a login that is under way when the session ends is ended, too, and its outcome does not count", async () => {
  for (const end of ["lost", "hangUp"] as const) {
    const { feed, stage, session, conversation } = converse();
    const outcome = later<SaslOutcome>();
    stage.step = () => outcome.promise;
    feed("LOGIN\r\n");
    const { signal } = stage.logins[0]!;
    assert.equal(signal.aborted, false);
    conversation[end](reply(421, "4.3.2", "bye"));
    assert.equal(signal.aborted, true, end);
    outcome.resolve({ kind: "accepted", account: "ann" });
    await nextTurn();
    assert.ok(!session.calls.includes("login accepted"), end);
  }
});
