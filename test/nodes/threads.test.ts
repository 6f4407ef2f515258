// Several threads of one server: they share the port, the queue, the limits to a destination, and the operator's word.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import type { Event } from "../../src/journal/event.ts";
import { bounceOf } from "../support/reports.ts";
import { sendLetter } from "../support/smtp-client.ts";
import { NodeProcess } from "./node-process.ts";
import { startWatchingSink } from "./watching-sink.ts";

const skip = process.platform !== "linux" && "only Linux spreads connections over threads";
const patienceMs = 20_000;

/** Each on a connection of its own, so that all threads get some. */
async function send(port: number, recipients: readonly string[]): Promise<void> {
  const letters = recipients.map((to) => sendLetter(port, { from: "ann@sender.test", to: [to], content: "Hi\r\n" }));
  for (const answer of await Promise.all(letters)) assert.match(answer, /^250 /);
}

const shutOut = /^421 .* please come again in 60 minutes/;

/** RFC 5321 §4.1.4: RCPT needs a MAIL before it. Answers the last reply. */
async function breakProtocol(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  const replies = createInterface({ input: socket });
  try {
    for await (const line of replies) {
      if (line.startsWith("220 ")) socket.write("EHLO client.test\r\n");
      else if (line.startsWith("250 ")) socket.write("RCPT TO:<ann@there.test>\r\n");
      else if (!line.startsWith("250-")) return line;
    }
    return "closed";
  } finally {
    socket.destroy();
  }
}

const addresses = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${name}${n}@there.test`);

async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer) || performance.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("threads", { skip }, () => {
  test("know each other's messages when their bounces come back", async () => {
    await using sink = await startWatchingSink(0);
    const more = `[[domain]]\nname = "signed.test"\ndeliver = "maildir:/nowhere"\naliases = { ann = ["ann@home.test"] }\n[returns]\nsign = ["*"]`;
    await using server = await NodeProcess.start({ sinkPort: sink.port, threads: 3, more });
    const to = addresses("later", 12);
    const content = "Subject: Hi\r\n\r\nHi\r\n";
    const kept = await Promise.all(
      to.map((one) => sendLetter(server.port, { from: "ann@signed.test", to: [one], content })),
    );
    await sink.recipients(to.length);
    const trace = (i: number): Promise<Event[]> => server.control.trace({ queueId: kept[i]!.split(" ").at(-1) });
    for (const [i, one] of to.entries()) {
      const story = await until(
        () => trace(i),
        (events) => events.some(({ kind }) => kind === "delivered"),
      );
      const [, returnTo] = /<(bounce-[^>]+)>/.exec(JSON.stringify(story)) ?? [];
      const report = bounceOf({ to: one, original: "Subject: Hi" });
      const bounce = { from: "", to: [returnTo ?? assert.fail("no return address")], content: report };
      // another thread may hear of it half a second later: then it is asked to come again
      const answer = await until(
        () => sendLetter(server.port, bounce),
        (reply) => !reply.startsWith("451"),
      );
      assert.match(answer, /^250 /);
    }
    for (const i of to.keys())
      assert.ok(
        (await trace(i)).some(({ kind }) => kind === "bounced-later"),
        `${to[i]} is told of`,
      );
  });

  test("hold a destination's limit together, deliver each message once, and obey the operator as one", async () => {
    await using sink = await startWatchingSink(20);
    const more = '[[destination]]\nto = "there.test"\nmax_connections = 4';
    await using server = await NodeProcess.start({ sinkPort: sink.port, threads: 3, more });
    await send(server.port, addresses("first", 60));
    await sink.recipients(60);
    const [site, ...others] = await server.control.destinations({});
    assert.deepEqual([site?.domains, others], [["there.test"], []], "one destination, whatever thread it was");
    assert.ok(sink.mostConnections <= 4, `${sink.mostConnections} connections`);

    await server.control.steer({ name: "there.test", action: "suspend", because: "a test" });
    await send(server.port, addresses("second", 20));
    const counts = await until(
      () => server.control.counts({}),
      ({ deferred }) => deferred === 20,
    );
    assert.deepEqual([counts.deferred, sink.taken.size], [20, 60], "no thread went on");
    await server.control.steer({ name: "there.test", action: "resume" });
    await sink.recipients(80);
    assert.deepEqual([[...sink.taken.values()].every((times) => times === 1), sink.overlaps], [true, []]);
  });

  test("killed, leave what they promised to the next server, though it has fewer of them", async (t) => {
    await using sink = await startWatchingSink(1);
    const dir = await mkdtemp(join(tmpdir(), "waybill-threads-"));
    t.after(() => rm(dir, { recursive: true }));
    await using server = await NodeProcess.start({ sinkPort: 1, threads: 3, dir });
    await send(server.port, addresses("early", 30));
    await server.kill();
    await using _next = await NodeProcess.start({ sinkPort: sink.port, threads: 1, dir });
    await sink.recipients(30);
    assert.equal(sink.taken.size, 30);
  });

  test("count together what a client does wrong, and the next server knows", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "waybill-threads-"));
    t.after(() => rm(dir, { recursive: true }));
    const more = "[relay]\nnetworks = []\n[abuse]\nslow_at = 0\nrefuse_at = 20";
    const options = { sinkPort: 1, threads: 3, dir, more };
    {
      await using server = await NodeProcess.start(options);
      for (let i = 0; i < 20; i += 1) assert.match(await breakProtocol(server.port), /^503 5\.5\.1/);
      assert.match(await breakProtocol(server.port), shutOut);
      await server.stop();
    }
    await using next = await NodeProcess.start({ ...options, threads: 1 });
    assert.match(await breakProtocol(next.port), shutOut);
  });

  test("do not hide that another program listens at the address", async () => {
    await using sink = await startWatchingSink(1);
    await using server = await NodeProcess.start({ sinkPort: sink.port, threads: 2 });
    const second = NodeProcess.start({ sinkPort: sink.port, threads: 2, port: server.port });
    await assert.rejects(second, /cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
  });
});
