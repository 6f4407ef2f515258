// nodemailer, which most Node.js programs send their mail with.
import { createTransport, type SendMailOptions } from "nodemailer";
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCarried } from "../support/carried.ts";
import { routeTo, runServer, type Settings } from "../support/running-server.ts";
import { startSink, type Taken } from "../support/sink.ts";

const trusting = { rejectUnauthorized: false };
const me = "me@nodemailer.test";

/** The octets that nodemailer would send. */
async function compile(mail: SendMailOptions): Promise<Buffer> {
  const { message } = await createTransport({ streamTransport: true, buffer: true, newline: "windows" }).sendMail(mail);
  return message as Buffer;
}

async function open(settings: Settings = {}) {
  const stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink());
  const server = stack.use(await runServer({ route: [routeTo(sink.port)], ...settings }));
  return { sink, server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("attachments, several recipients, STARTTLS and TLS from the first byte", async () => {
  await using way = await open({ listen: [{ address: "127.0.0.1:0" }, { address: "127.0.0.1:0", tls: "implicit" }] });
  const content = await compile({
    from: me,
    to: "ann@sink.test",
    subject: "Gr\u00fc\u00dfe",
    text: "..\n.\ntext",
    html: "<p>html</p>",
    attachments: [{ filename: "all octets.bin", content: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) }],
  });
  const [plain, implicit] = way.server.ports;
  const envelope = { from: me, to: ["ann@sink.test", "ben@sink.test"] };
  for (const options of [
    { port: plain, ignoreTLS: true },
    { port: plain, requireTLS: true },
    { port: implicit, secure: true },
  ]) {
    const before = way.sink.taken.all.length;
    const transport = createTransport({ host: "127.0.0.1", tls: trusting, ...options });
    const info = await transport.sendMail({ envelope, raw: content });
    assert.match(info.response, /^250 2\.0\.0 kept, and on its way as \w+/);
    const taken = (await way.sink.taken.count(before + 1))[before]!;
    assert.deepEqual(taken.rcpts, ["RCPT TO:<ann@sink.test>", "RCPT TO:<ben@sink.test>"]);
    assertCarried(taken.content, content);
  }
});

test("a pool: many messages over few connections", async () => {
  await using way = await open();
  const pool = { pool: true, maxConnections: 3, tls: trusting } as const;
  const transport = createTransport({ host: "127.0.0.1", port: way.server.port, ...pool });
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  await Promise.all(
    numbers.map((i) => transport.sendMail({ from: me, to: `ann${i}@sink.test`, subject: `${i}`, text: `number ${i}` })),
  );
  transport.close();
  const taken = await way.sink.taken.count(numbers.length);
  const subjects = taken.map(({ content }) => Number(/^Subject: (\d+)\r$/m.exec(content.toString())?.[1]));
  assert.deepEqual(
    subjects.toSorted((a, b) => a - b),
    numbers,
  );
});

test("SMTPUTF8 addresses, and the sender's wishes for notices, go on to the next host", async () => {
  await using way = await open();
  const transport = createTransport({ host: "127.0.0.1", port: way.server.port, tls: trusting });
  const to = "\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae@sink.test";
  await transport.sendMail({
    from: me,
    to,
    text: "hello",
    dsn: { id: "job+7", return: "headers", notify: ["failure", "delay"], recipient: "ann@origin.test" },
  });
  const [taken] = (await way.sink.taken.count(1)) as [Taken];
  assert.match(taken.mail, / SMTPUTF8/);
  assert.match(taken.mail, / RET=HDRS/);
  assert.match(taken.mail, / ENVID=job\+2B7/);
  const [rcpt = ""] = taken.rcpts;
  assert.ok(rcpt.startsWith(`RCPT TO:<${to}> `), rcpt);
  assert.match(rcpt, / NOTIFY=FAILURE,DELAY/);
  assert.match(rcpt, / ORCPT=rfc822;ann@origin\.test/);
});

test("a refused recipient is an error with our words; the others get the mail", async () => {
  await using way = await open({ domain: [{ name: "sink.test", deliver: "relay", mailboxes: ["ann"] }] });
  const transport = createTransport({ host: "127.0.0.1", port: way.server.port, tls: trusting });
  const info = await transport.sendMail({ from: me, to: ["ghost@sink.test", "ann@sink.test"], text: "hello" });
  assert.deepEqual([info.accepted, info.rejected], [["ann@sink.test"], ["ghost@sink.test"]]);
  await assert.rejects(
    transport.sendMail({ from: me, to: "ghost@sink.test", text: "hello" }),
    /550 5\.1\.1 there is no mailbox/,
  );
  assert.equal((await way.sink.taken.count(1)).length, 1);
});
