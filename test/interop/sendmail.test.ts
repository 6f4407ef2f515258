// Programs that send their mail by running sendmail.
import { createTransport } from "nodemailer";
import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/programs.ts";
import { type RunningServer, routeTo, runServer } from "../support/running-server.ts";
import { startSink } from "../support/sink.ts";

const launcher = fileURLToPath(new URL("../../bin/waybill", import.meta.url));

/** What such a program finds: `sendmail`, and where its server is. */
async function install({ dataDir }: RunningServer): Promise<{ path: string; environment: Record<string, string> }> {
  const path = join(dataDir, "sendmail");
  const config = join(dataDir, "waybill.toml");
  await symlink(launcher, path);
  await writeFile(config, `hostname = "waybill.test"\ndata_dir = "${dataDir}"\n`);
  const PATH = [dirname(process.execPath), process.env["PATH"]].join(":");
  return { path, environment: { WAYBILL_CONFIG: config, PATH } };
}

test("a shell pipes a message into sendmail -t; mailq shows an empty queue", async () => {
  await using sink = await startSink();
  await using server = await runServer({ route: [routeTo(sink.port)] });
  const { path, environment } = await install(server);
  const lines = String.raw`To: Ann <ann@sink.test>\nBcc: ben@sink.test\nSubject: cron\n\n.dot\nGr\303\274\303\237e\n`;
  const script = `printf '${lines}' | "$0" -t -oi -f cron@host.test`;
  const { code, stderr } = await runProgram("sh", ["-c", script, path], { environment });
  assert.deepEqual([code, stderr], [0, ""]);
  const [taken] = await sink.taken.count(1);
  assert.match(taken!.mail, /^MAIL FROM:<cron@host\.test>/);
  assert.deepEqual(taken!.rcpts, ["RCPT TO:<ann@sink.test>", "RCPT TO:<ben@sink.test>"]);
  const content = taken!.content.toString();
  assert.match(content, /\r\nSubject: cron\r\n/);
  assert.match(content, /\r\n\r\n\.dot\r\nGrüße\r\n$/);
  assert.doesNotMatch(content, /Bcc|(?<!\r)\n/);
  await server.events.first(({ kind }) => kind === "delivered");
  const mailq = await runProgram(path, ["-bp"], { environment });
  assert.equal(mailq.code, 0);
  assert.doesNotMatch(mailq.stdout, /@sink\.test/);
});

test("nodemailer's sendmail transport", async () => {
  await using sink = await startSink();
  await using server = await runServer({ route: [routeTo(sink.port)] });
  const { path, environment } = await install(server);
  const wrapper = join(server.dataDir, "run");
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  await writeFile(wrapper, `#!/bin/sh\n${exports.join("\n")}\nexec ${path} "$@"\n`, { mode: 0o755 });
  const transport = createTransport({ sendmail: true, path: wrapper });
  await transport.sendMail({
    from: "me@host.test",
    to: ["ann@sink.test", "ben@sink.test"],
    subject: "piped",
    text: "hello",
  });
  const [taken] = await sink.taken.count(1);
  assert.match(taken!.mail, /^MAIL FROM:<me@host\.test>/);
  assert.equal(taken!.rcpts.length, 2);
  assert.match(taken!.content.toString(), /\r\nSubject: piped\r\n/);
});

test("a recipient that is refused: the exit code that sendmail has for it", async () => {
  await using server = await runServer({ domain: [{ name: "sink.test", deliver: "relay", mailboxes: ["ann"] }] });
  const { path, environment } = await install(server);
  const { code, stderr } = await runProgram(path, ["ghost@sink.test"], { environment, input: "Subject: x\n\nhello\n" });
  assert.equal(code, 67); // EX_NOUSER of sysexits.h
  assert.match(stderr, /550 5\.1\.1 there is no mailbox <ghost@sink\.test> here/);
});
