import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, bob, delivery, fakePorts } from "../../test/cli/fake-ports.ts";
import type { QueueId } from "../mail/message.ts";
import { reply } from "../mail/reply.ts";
import { createControlApi } from "./control.ts";

function served() {
  const ports = fakePorts();
  ports.deliveries.push(
    delivery(),
    delivery({ deliveryId: 2, recipient: { address: ann }, state: "held" }),
    delivery({ deliveryId: 3, message: { ...delivery().message, queueId: "Q2" as QueueId, reversePath: "" } }),
  );
  const app = createControlApi(ports);
  const ask = async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init);
    return { status: response.status, body: (await response.json()) as never };
  };
  const post = (path: string, body: unknown) => ask(path, { method: "POST", body: JSON.stringify(body) });
  return { ports, ask, post };
}

const ids = (rows: { deliveryId: number }[]): number[] => rows.map(({ deliveryId }) => deliveryId);

test("the queue is listed by filter, in pages", async () => {
  const { ask } = served();
  assert.deepEqual(ids((await ask("/queue")).body), [1, 2, 3]);
  assert.deepEqual(ids((await ask("/queue?limit=1&after=1")).body), [2]);
  assert.deepEqual(ids((await ask("/queue?from=%3C%3E")).body), [3]);
  assert.deepEqual(ids((await ask("/queue?from=")).body), [3]);
  assert.deepEqual(ids((await ask("/queue?domain=HERE.example")).body), [2]);
  assert.deepEqual(ids((await ask("/queue?state=held&queueId=Q1")).body), [2]);
  assert.deepEqual((await ask("/queue/counts?queueId=Q1")).body, { due: 0, deferred: 1, claimed: 0, held: 1 });
});

test("what is not understood is refused in words, never ignored", async () => {
  const { ask, post, ports } = served();
  const bad = { status: 400, body: { error: 'domain: "a b" is not a domain such as example.org' } };
  assert.deepEqual(await ask("/queue?domain=a%20b"), bad);
  for (const path of [
    "/queue?form=x",
    "/queue?limit=0",
    "/queue?limit=1001",
    "/queue?to=nobody",
    "/trace",
    "/trace?x=1",
  ])
    assert.equal((await ask(path)).status, 400, path);
  assert.equal((await post("/queue/actions", { filter: { form: "x" }, action: "drop" })).status, 400);
  assert.equal((await post("/queue/actions", { action: "drop" })).status, 400);
  assert.equal((await ask("/queue/actions", { method: "POST", body: "{" })).status, 400);
  assert.deepEqual(ports.changes, []);
  assert.deepEqual(await ask("/nothing"), { status: 404, body: { error: "there is no GET /nothing here" } });
});

test("an action reaches what the filter names, and the worker is woken", async () => {
  const { post, ports } = served();
  const answer = await post("/queue/actions", { filter: { to: "bob@THERE.example" }, action: "retry" });
  assert.deepEqual(answer, { status: 200, body: { changed: 2 } });
  assert.deepEqual(ports.changes, [{ filter: { to: bob }, action: "retry" }]);
  assert.equal(ports.wakes, 1);
});

test("one message: its deliveries and its header section", async () => {
  const { ask } = served();
  const { body } = await ask("/queue/Q1");
  const { deliveries, head } = body as { deliveries: { deliveryId: number }[]; head: string };
  assert.deepEqual(ids(deliveries), [1, 2]);
  assert.equal(head, "Subject: hi\r\nTo: bob@there.example");
  assert.deepEqual(await ask("/queue/Q7"), { status: 404, body: { error: "Q7 is not in the queue" } });
});

test("a message is handed over with its envelope, in lines that end in CRLF", async () => {
  const { ask, ports } = served();
  const path = "/messages?from=ann@here.example&to=bob@there.example&to=ann@here.example";
  const answer = await ask(path, { method: "POST", body: "Subject: hi\n\nhello" });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.body, { reply: ports.answer, queueId: "Q9" });
  const [{ envelope, client, content } = assert.fail()] = ports.submitted;
  assert.equal(content, "Subject: hi\r\n\r\nhello\r\n");
  assert.equal(client.protocol, "LOCAL");
  assert.deepEqual(envelope, {
    reversePath: ann,
    bodyType: "8bitmime",
    smtpUtf8: false,
    recipients: [{ address: bob }, { address: ann }],
  });
});

test("SMTPUTF8 is asked for when an address or the header needs it; the null reverse-path is kept", async () => {
  const { ask, ports } = served();
  const utf8 = encodeURIComponent("jürgen@there.example");
  await ask(`/messages?from=%3C%3E&to=${utf8}`, { method: "POST", body: "x" });
  await ask("/messages?from=&to=bob@there.example&smtpUtf8=true", { method: "POST", body: "x" });
  await ask("/messages?from=&to=bob@there.example", { method: "POST" });
  assert.deepEqual(
    ports.submitted.map(({ envelope }) => [envelope.reversePath, envelope.smtpUtf8]),
    [
      ["", true],
      ["", true],
      ["", false],
    ],
  );
});

test("what the sender wants to be told goes along", async () => {
  const { ask, ports } = served();
  const submit = (wishes: string) =>
    ask(`/messages?from=&to=bob@there.example&${wishes}`, { method: "POST", body: "x" });
  await submit("notify=delay,SUCCESS&ret=hdrs&envid=order%207");
  await submit("notify=never");
  assert.equal((await submit("notify=never,failure")).status, 400);
  assert.equal((await submit("envid=%00")).status, 400);
  const [first, second] = ports.submitted.map(({ envelope }) => envelope);
  assert.deepEqual([first?.ret, first?.envid, first?.recipients[0]?.notify], ["hdrs", "order 7", ["success", "delay"]]);
  assert.deepEqual([second?.ret, second?.envid, second?.recipients[0]?.notify], [undefined, undefined, []]);
  assert.equal(ports.submitted.length, 2);
});

test("a refused message: the reply comes back, without a queue id", async () => {
  const { ask, ports } = served();
  const submit = () => ask("/messages?from=&to=bob@there.example", { method: "POST", body: "x" });
  ports.answer = reply(552, "5.3.4", "too large");
  assert.deepEqual(await submit(), { status: 422, body: { reply: ports.answer } });
  ports.answer = reply(452, "4.3.1", "disk full");
  assert.deepEqual(await submit(), { status: 503, body: { reply: ports.answer } });
});

test("no recipients, a wrong sender, a NUL in the content: refused, nothing handed over", async () => {
  const { ask, ports } = served();
  const submit = async (query: string, body: string) =>
    (await ask(`/messages${query}`, { method: "POST", body })).status;
  assert.equal(await submit("?from=ann@here.example", "x"), 400);
  assert.equal(await submit("?to=bob@there.example", "x"), 400);
  assert.equal(await submit("?from=ann&to=bob@there.example", "x"), 400);
  assert.equal(await submit("?from=&to=bob@there.example", "a\0b"), 422);
  assert.deepEqual(ports.submitted, []);
});

test("the history is asked by one key", async () => {
  const { ask, ports } = served();
  ports.events.push({ kind: "operator", at: 1, queueId: "Q1" as QueueId, to: bob, action: "hold" });
  assert.equal(((await ask("/trace?queueId=Q1")).body as unknown[]).length, 1);
  assert.equal((await ask("/trace?queueId=Q1&address=ann@here.example")).status, 400);
});

test("a destination is steered by a name that is known, by an action that is known", async () => {
  const { ask, post, ports } = served();
  const path = "/destinations/actions";
  for (const body of [
    undefined,
    {},
    { name: "x", action: "drop" },
    { name: "", action: "drain" },
    { name: "x", action: "drain", site: "y" },
  ])
    assert.equal((await post(path, body)).status, 400, JSON.stringify(body));
  assert.equal((await post(path, { name: "nowhere.example", action: "drain" })).status, 404);
  assert.equal((await ask("/destinations?site=x")).status, 400);
  assert.deepEqual(await ask("/destinations"), { status: 200, body: [] });
  assert.deepEqual(ports.steps, []);
});
