// The commands against a control socket: what a person types, sees, and gets as the exit code.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createControlApi } from "../../src/api/control.ts";
import { serveControl } from "../../src/api/control-socket.ts";
import type { Context } from "../../src/cli/context.ts";
import { main } from "../../src/cli/waybill.ts";
import type { Event } from "../../src/journal/event.ts";
import { reply } from "../../src/mail/reply.ts";
import {
  ann,
  bob,
  chunks,
  delivery,
  type FakePorts,
  fakePorts,
  greylisted,
  minute,
  noon,
  queueId,
} from "./fake-ports.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

interface Given {
  readonly input?: string;
  readonly terminal?: true;
  readonly environment?: Record<string, string>;
}

interface Desk {
  readonly dir: string;
  readonly ports: FakePorts;
  /** Runs a command line; `--config` is filled in. */
  readonly run: (line: readonly string[], given?: Given) => Promise<Ended>;
}

async function runMain(
  argv: readonly string[],
  { input = "", terminal, environment = {} }: Given = {},
): Promise<Ended> {
  const written = { out: "", error: "" };
  const context: Context = {
    stdin: chunks(input),
    stdout: { write: (text) => (written.out += text), ...(terminal && { isTTY: true, columns: 100 }) },
    stderr: { write: (text) => (written.error += text) },
    environment: { NO_COLOR: "1", ...environment },
    world: { now: () => noon, random: () => 0, sleep: async () => {} },
    machine: "here.example",
    user: "ann",
  };
  return { code: await main(argv, context), ...written };
}

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

async function desk(t: TestContext): Promise<Desk> {
  const dir = await tempDir(t);
  const config = join(dir, "waybill.toml");
  await writeFile(config, `data_dir = "${dir}"\nhostname = "here.example"\n`);
  const ports = fakePorts();
  const server = await serveControl(createControlApi(ports), join(dir, "control.sock"));
  t.after(() => server[Symbol.asyncDispose]());
  return { dir, ports, run: (line, given) => runMain(["node", "waybill", ...line, "--config", config], given) };
}

const received: Event = {
  kind: "received",
  at: noon - 10 * minute,
  queueId,
  from: ann,
  to: [bob],
  client: { address: "127.0.0.1", port: 0, protocol: "LOCAL" },
  sizeBytes: 1_300,
  messageId: "<m1@here.example>",
};

test("send: the message goes out as it should, and the next command is named", async (t) => {
  const { ports, run } = await desk(t);
  const line = [
    "send",
    "--from",
    "Ann <ann@here.example>",
    "--to",
    bob,
    "--to",
    "carol@x.example",
    "--subject",
    "Grüße",
  ];
  const { code, out, error } = await run([...line, "--body", "How are you?\n.\nAnn"]);
  assert.deepEqual([code, error], [0, ""]);
  assert.equal(out, "Waybill has the message, as Q9. See what becomes of it: waybill trace Q9\n");
  const [{ envelope, content } = assert.fail()] = ports.submitted;
  assert.equal(envelope.reversePath, ann);
  assert.deepEqual(
    envelope.recipients.map(({ address }) => address),
    [bob, "carol@x.example"],
  );
  assert.match(content, /^From: Ann <ann@here\.example>\r\n/m);
  assert.match(content, /^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r\n/m);
  assert.match(content, /^Date: .*\r\nMessage-ID|^Message-ID: .*\r\nDate/ms);
  assert.match(content, /\r\n\r\nHow are you\?\r\n\.\r\nAnn\r\n$/);
});

test("send: text from standard input, a file attached, JSON", async (t) => {
  const { dir, ports, run } = await desk(t);
  await writeFile(join(dir, "note.txt"), "attached words");
  const line = ["send", "--from", ann, "--to", bob, "--json", "--attach"];
  const { code, out } = await run([...line, join(dir, "note.txt")], { input: "typed words" });
  assert.deepEqual([code, JSON.parse(out)], [0, { queueId: "Q9" }]);
  const { content = "" } = ports.submitted[0] ?? {};
  assert.match(content, /^Content-Type: multipart\/mixed/m);
  assert.match(content, /typed words/);
  assert.match(content, /filename=note\.txt/);
  const missing = await run([...line, join(dir, "none.txt")], { input: "x" });
  assert.deepEqual([missing.code, ports.submitted.length], [64, 1]);
  assert.match(missing.error, /--attach: cannot read .*none\.txt/);
});

test("send: what is refused is told with its reply, and the exit code says which kind", async (t) => {
  const { ports, run } = await desk(t);
  const line = ["send", "--from", ann, "--to", bob, "--body", "x"];
  for (const [answer, code] of [
    [reply(550, "5.1.1", "no such user"), 67],
    [reply(552, "5.3.4", "too large"), 69],
    [reply(452, "4.3.1", "disk full"), 75],
  ] as const) {
    ports.answer = answer;
    const ended = await run(line);
    assert.equal(ended.code, code);
    assert.match(ended.error, new RegExp(`not taken: ${answer.code} .*${answer.lines[0]}`));
  }
  const bad = await run(["send", "--from", ann, "--to", "bob", "--body", "x"]);
  assert.deepEqual([bad.code, ports.submitted.length], [64, 3]);
});

test("send --wait: tells how the first attempts went", async (t) => {
  const { ports, run } = await desk(t);
  ports.events.push({ ...received, queueId: "Q9" as typeof queueId });
  const polled: number[] = [];
  const list = ports.queue.list.bind(ports.queue);
  ports.queue.list = async (...asked) => {
    polled.push(1);
    const attempts = polled.length < 3 ? 0 : 1;
    ports.deliveries.splice(
      0,
      1,
      delivery({ message: { ...delivery().message, queueId: "Q9" as typeof queueId }, attempts }),
    );
    return list(...asked);
  };
  const { code, out } = await run(["send", "--from", ann, "--to", bob, "--body", "x", "--wait"]);
  assert.deepEqual([code, polled.length], [0, 3]);
  assert.match(out, /^o Q9 {2}<m1@here\.example>$/m);
});

test("sendmail: completes the message, and takes recipients as asked", async (t) => {
  const { ports, run } = await desk(t);
  const input = "To: bob@there.example\nBcc: carol@x.example\nSubject: hi\n\nhello\n.\nnot this\n";
  const { code, out, error } = await run(["sendmail", "-t", "dave"], { input });
  assert.deepEqual([code, out, error], [0, "", ""]);
  const [{ envelope, content } = assert.fail()] = ports.submitted;
  assert.equal(envelope.reversePath, "ann@here.example");
  assert.deepEqual(
    envelope.recipients.map(({ address }) => address),
    ["dave@here.example", bob, "carol@x.example"],
  );
  assert.match(content, /^To: bob@there\.example\r\nSubject: hi\r\nFrom: ann@here\.example\r\nDate: /);
  assert.match(content, /\r\nMessage-ID: <[0-9a-f-]{36}@here\.example>\r\n\r\nhello\r\n$/);
});

test("sendmail: the null reverse-path, wishes, and -i", async (t) => {
  const { ports, run } = await desk(t);
  const input = "Subject: hi\n\n.\nrest\n";
  const { code } = await run(["sendmail", "-i", "-f", "<>", "-N", "never", "bob@there.example"], { input });
  const [{ envelope, content } = assert.fail()] = ports.submitted;
  assert.deepEqual([code, envelope.reversePath, envelope.recipients[0]?.notify], [0, "", []]);
  assert.match(content, /^From: MAILER-DAEMON@here\.example\r\n.*\r\n\r\n\.\r\nrest\r\n$/ms);
});

test("sendmail: sysexits for what is wrong", async (t) => {
  const { ports, run } = await desk(t);
  assert.equal((await run(["sendmail"])).code, 64);
  assert.equal((await run(["sendmail", "-t"], { input: "Subject: x\n\nx" })).code, 65);
  assert.equal((await run(["sendmail", "a b@x"], { input: "x" })).code, 65);
  assert.equal((await run(["sendmail", "bob"], { input: "a\0" })).code, 65);
  assert.deepEqual(ports.submitted, []);
});

test("called as sendmail or mailq, it is one", async (t) => {
  const { dir, ports } = await desk(t);
  ports.deliveries.push(delivery());
  const environment = { WAYBILL_CONFIG: join(dir, "waybill.toml") };
  assert.equal((await runMain(["node", "/usr/sbin/sendmail", "bob"], { input: "x", environment })).code, 0);
  assert.equal(ports.submitted.length, 1);
  assert.match((await runMain(["node", "/usr/bin/mailq"], { environment })).out, /^Q1\t/);
});

test("queue list: a table with reasons and counts on a terminal", async (t) => {
  const { ports, run } = await desk(t);
  ports.deliveries.push(
    delivery(),
    delivery({ deliveryId: 2, recipient: { address: ann }, state: "held", lastFailure: undefined }),
  );
  const { code, out } = await run(["queue", "list"], { terminal: true });
  assert.equal(code, 0);
  assert.equal(
    out,
    `ID  AGE     SIZE    STATE     NEXT TRY  FROM              TO
Q1  10 min  1.3 KB  deferred  in 4 min  ann@here.example  bob@there.example
    The other mail server asks all servers that it does not know to try again later. (mx.there.example [192.0.2.7] answered RCPT TO with 451 4.7.1 greylisted, come again)
Q1  10 min  1.3 KB  held      -         ann@here.example  ann@here.example
2 deliveries: 1 deferred, 1 held
`,
  );
  const limited = await run(["queue", "list", "-n", "1"], { terminal: true });
  assert.match(limited.out, /: 1 deferred, 1 held; 1 shown, --all shows all\n$/);
  const none = await run(["queue", "list", "--domain", "x.example"], { terminal: true });
  assert.equal(none.out, "Nothing is queued.\n");
  assert.equal((await run(["queue"], { terminal: true })).out, out);
});

test("queue list: tabs when piped, JSON lines when asked, all pages with --all", async (t) => {
  const { ports, run } = await desk(t);
  ports.deliveries.push(...Array.from({ length: 1_200 }, (_, i) => delivery({ deliveryId: i + 1 })));
  const piped = await run(["queue", "list"]);
  const rows = piped.out.trimEnd().split("\n");
  assert.equal(rows.length, 50);
  assert.equal(
    rows[0],
    "Q1\t2026-03-01T11:50:00.000Z\t1300\tdeferred\t2026-03-01T12:04:00.000Z\tann@here.example\tbob@there.example\tmx.there.example [192.0.2.7] answered RCPT TO with 451 4.7.1 greylisted, come again\tgreylisted",
  );
  const json = await run(["queue", "list", "--json", "--all"]);
  const ids = json.out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { deliveryId: number }).deliveryId);
  assert.deepEqual(
    ids,
    ports.deliveries.map(({ deliveryId }) => deliveryId),
  );
});

test("queue show: envelope, deliveries, header; unknown ids end with 66", async (t) => {
  const { ports, run } = await desk(t);
  ports.deliveries.push(delivery());
  const { code, out } = await run(["queue", "show", "Q1"]);
  assert.equal(code, 0);
  assert.match(out, /^Q1 from ann@here\.example, 1\.3 KB, received /);
  assert.match(out, /^ {2}bob@there\.example: deferred, 1 attempt so far, next in 4 min$/m);
  assert.match(out, /^ {2}Subject: hi$/m);
  const unknown = await run(["queue", "show", "Q7"]);
  assert.deepEqual([unknown.code, unknown.error], [66, "Q7 is not in the queue\n"]);
});

test("queue actions: by id, by filter, everything only with --all", async (t) => {
  const { ports, run } = await desk(t);
  ports.deliveries.push(delivery());
  const careless = await run(["queue", "drop"]);
  assert.equal(careless.code, 64);
  assert.match(careless.error, /--all for everything/);
  assert.deepEqual(ports.changes, []);
  assert.equal((await run(["queue", "retry", "Q1"])).out, "1 delivery due now.\n");
  assert.equal(
    (await run(["queue", "hold", "--domain", "there.example", "--json"])).out,
    '{"action":"hold","changed":1}\n',
  );
  assert.equal((await run(["queue", "bounce", "--all"])).code, 0);
  assert.deepEqual(ports.changes, [
    { filter: { queueId: "Q1" }, action: "retry" },
    { filter: { domain: "there.example" }, action: "hold" },
    { filter: {}, action: "bounce" },
  ]);
  const unknown = await run(["queue", "drop", "Q1", "Q7"]);
  assert.equal(unknown.code, 66);
  assert.match(unknown.error, /Nothing of Q7 .* Before it, 1 delivery changed\./);
});

test("trace: by queue id, address and Message-ID with or without brackets", async (t) => {
  const { ports, run } = await desk(t);
  const deferred = {
    kind: "deferred",
    because: greylisted,
    attempt: 1,
    retryAt: noon + 4 * minute,
    steps: [],
  } as const;
  ports.events.push(received, { ...deferred, at: noon - 9 * minute, queueId, to: bob });
  for (const id of ["Q1", ann, "<m1@here.example>", "m1@here.example", "<m1@here.example>"]) {
    ports.history.find = async (query) =>
      Object.values(query)[0] === id && !("address" in query && id.startsWith("m1")) ? ports.events : [];
    const { code, out } = await run(["trace", id]);
    assert.equal(code, 0, id);
    assert.match(
      out,
      /^o Q1 {2}<m1@here\.example>\n\| .*\n\|\n`- bob@there\.example\n {3}~ .* attempt 1 deferred: /,
      id,
    );
    assert.match(out, /next attempt in 4 min/);
  }
  const json = await run(["trace", "<m1@here.example>", "--json"]);
  assert.deepEqual(
    json.out
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as Event).kind),
    ["received", "deferred"],
  );
  ports.history.find = async (query) => ("account" in query && query.account === "shop" ? ports.events : []);
  assert.match((await run(["trace", "shop"])).out, /^o Q1 /, "by the account that sent it");
  const unknown = await run(["trace", "Q7"]);
  assert.deepEqual([unknown.code, unknown.out], [66, ""]);
  assert.match(unknown.error, /Nothing is known of Q7/);
});

test("trace: glyphs and colours on a terminal, unless NO_COLOR is set", async (t) => {
  const { ports, run } = await desk(t);
  ports.events.push(received);
  const coloured = await run(["trace", "Q1"], { terminal: true, environment: { NO_COLOR: "" } });
  assert.ok(coloured.out.startsWith("● \u001b[1mQ1"));
  assert.match((await run(["trace", "Q1"], { terminal: true })).out, /^● Q1/);
});

test("config check: a summary, or all problems and exit code 78", async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, "waybill.toml");
  await writeFile(file, `data_dir = "${dir}"\n[[listen]]\naddress = "[::1]:2500"\ntls = "none"\n`);
  const good = await runMain(["node", "waybill", "config", "check", file]);
  assert.equal(good.code, 0);
  assert.match(good.out, /^The configuration is in order\.\n/);
  assert.match(good.out, /Listens on +\[::1\]:2500 \(no TLS\), for mail servers\n/);
  assert.match(
    good.out,
    /\n {2}Accounts +0\n {2}Signs for +no domain: .*\n[^]*\n {2}Greylists +strangers who look bad .*\n {2}Hooks +none\n/,
  );
  assert.doesNotMatch(good.out, /Remark/);
  await writeFile(file, 'hostname = 7\n[retry]\ngive_up_after = "long"\n');
  const bad = await runMain(["node", "waybill", "config", "check", file]);
  assert.equal(bad.code, 78);
  assert.match(bad.error, /waybill\.toml:1: hostname: [\s\S]*waybill\.toml:3: retry\.give_up_after: /);
  assert.equal((await runMain(["node", "waybill", "queue", "list", "--config", file])).code, 78);
});

test("config check: who may log in, whom it signs for; a remark where nobody can log in", async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, "waybill.toml");
  const check = async (toml = ""): Promise<string> => {
    const listen = '[[listen]]\naddress = "*:465"\ntls = "implicit"\nfor = "submission"\n';
    await writeFile(file, `data_dir = "${dir}"\n[relay]\nnetworks = []\n${listen}${toml}`);
    const { code, out } = await runMain(["node", "waybill", "config", "check", file]);
    assert.equal(code, 0, out);
    return out;
  };
  const remark = /\nRemark: nobody can log in where mail is taken for = "submission": waybill account add NAME\n$/;
  const nobody = await check();
  assert.match(nobody, remark);
  assert.match(
    nobody,
    /\[::\]:465 \(TLS from the first byte\), for mail apps, which log in\n {2}Relays for +accounts only\n/,
  );
  const jwks = '[oauth]\njwks_url = "https://login.example.org/"\nissuer = "x"\naudience = "mail"\n';
  for (const [toml, words] of [
    ['[submission]\ndovecot = "/run/auth"\n', "0, and those of Dovecot"],
    [jwks, "0, and those of OAuth"],
  ] as const) {
    const out = await check(toml);
    assert.doesNotMatch(out, remark, words);
    assert.match(out, new RegExp(`Accounts +${words}\n`));
  }
  await writeFile(join(dir, "accounts.json"), '[{"name": "ann@example.org"}, {"name": "shop"}]');
  await mkdir(join(dir, "dkim", "example.net"), { recursive: true });
  const hook = join(dir, "mine.js");
  await writeFile(hook, "export const checks = [];");
  const out = await check(
    `[[dkim]]\ndomain = "example.org"\n[greylist]\nfor = "off"\n[hooks]\nmodules = ["${hook}"]\n`,
  );
  assert.doesNotMatch(out, remark);
  assert.match(
    out,
    /Accounts +2\n {2}Signs for +example\.net, example\.org\n[^]*\n {2}Greylists +nobody\n {2}Hooks +.*mine\.js\n/,
  );
  await writeFile(join(dir, "accounts.json"), "{");
  assert.match(await check(), /Accounts +the accounts file .*accounts\.json is wrong: it is not JSON/);
});

test("config check --json: settings without passwords, or one problem per line", async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, "waybill.toml");
  const check = () => runMain(["node", "waybill", "config", "check", file, "--json"]);
  await writeFile(file, '[[route]]\nhost = "smtp.example.net"\nusername = "ann"\npassword = "s3cret"\n');
  const good = await check();
  assert.equal(good.code, 0);
  assert.doesNotMatch(good.out, /s3cret/);
  const { route } = JSON.parse(good.out) as { route: { username: string; password: string }[] };
  assert.deepEqual([route[0]?.username, route[0]?.password], ["ann", "(hidden)"]);
  await writeFile(file, 'hostname = 7\n[retry]\ngive_up_after = "long"\n');
  const bad = await check();
  assert.deepEqual([bad.code, bad.error], [78, ""]);
  const problems = bad.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    problems.map(({ file, line, key }) => ({ file, line, key })),
    [
      { file, line: 1, key: "hostname" },
      { file, line: 3, key: "retry.give_up_after" },
    ],
  );
  for (const { what, allowed } of problems) assert.ok(what && allowed);
});

test("sendmail without a server: try again later, as programs that call sendmail expect", async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, "waybill.toml");
  await writeFile(file, `data_dir = "${dir}"\n`);
  const { code, error } = await runMain(["node", "waybill", "sendmail", "-C", file, "bob"], { input: "x" });
  assert.equal(code, 75);
  assert.match(error, /^No Waybill is running for .* Start one with: waybill start\n$/);
});

test("no server: says so, names the socket and the way to start one", async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, "waybill.toml");
  await writeFile(file, `data_dir = "${dir}"\n`);
  const { code, error } = await runMain(["node", "waybill", "queue", "list", "--config", file]);
  assert.equal(code, 69);
  assert.equal(
    error,
    `No Waybill is running for ${dir} (no control socket at ${dir}/control.sock). Start one with: waybill start\n`,
  );
});

test("wrong usage ends with 64 and words; help with 0 and an example", async () => {
  for (const line of [["fly"], ["send"], ["queue", "list", "--state", "x"], ["queue", "list", "-n", "0"], ["trace"]]) {
    const { code, error } = await runMain(["node", "waybill", ...line]);
    assert.equal(code, 64, line.join(" "));
    assert.notEqual(error, "");
  }
  for (const line of [
    [],
    ["start"],
    ["send"],
    ["sendmail"],
    ["queue", "list"],
    ["queue", "drop"],
    ["trace"],
    ["lab"],
  ]) {
    const { code, out } = await runMain(["node", "waybill", ...line, "--help"]);
    assert.equal(code, 0, line.join(" "));
    assert.match(out, /Example:\n {2}\$ /, line.join(" "));
  }
});

test("the commands survive an address that is no address", async (t) => {
  const { run } = await desk(t);
  const { code, error } = await run(["queue", "list", "--to", "bob"]);
  assert.deepEqual([code, error], [64, 'to: "bob" is not a mail address such as ann@example.org\n']);
});
