// `waybill account` as a person types it and as a script runs it, without a server.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseAccounts } from "../../receive/accounts/account.ts";
import { isPassword } from "../../receive/accounts/secret.ts";
import type { Context } from "../context.ts";
import { main } from "../waybill.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

interface Given {
  /** Of standard input. */
  readonly input?: string;
  /** Typed at a terminal, in these pieces. */
  readonly typed?: readonly string[];
}

async function* chunks(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function desk(t: TestContext, toml = "") {
  const dir = await mkdtemp(join(tmpdir(), "waybill-account-"));
  t.after(() => rm(dir, { recursive: true }));
  const config = join(dir, "waybill.toml");
  const file = join(dir, "accounts.json");
  await writeFile(config, `data_dir = ${JSON.stringify(dir)}\n${toml}`);
  const echo: boolean[] = [];
  const run = async (line: readonly string[], { input = "", typed }: Given = {}): Promise<Ended> => {
    const written = { out: "", error: "" };
    const terminal = { isTTY: true, setRawMode: (isRaw: boolean) => echo.push(!isRaw) };
    const context: Context = {
      stdin: Object.assign(chunks(typed ?? [input]), typed && terminal),
      stdout: { write: (text) => (written.out += text), ...(typed && { isTTY: true }) },
      stderr: { write: (text) => (written.error += text) },
      environment: { NO_COLOR: "1" },
      world: { now: () => 0, random: () => 0, sleep: async () => {} },
      machine: "here.example",
      user: "ann",
    };
    const code = await main(["node", "waybill", "account", ...line, "--config", config], context);
    return { code, ...written };
  };
  const passwordIs = async (name: string, password: string): Promise<boolean> => {
    const accounts = parseAccounts(await readFile(file, "utf8"));
    assert.ok(typeof accounts !== "string");
    return isPassword(password, accounts.find((account) => account.name === name)!.secret!);
  };
  return { run, file, dir, echo, passwordIs };
}

test("scripts: add, list, change, remove", async (t) => {
  const { run, file, dir, passwordIs } = await desk(t);
  const none = { code: 0, out: "", error: "There are no accounts yet: waybill account add NAME\n" };
  assert.deepEqual([await run(["list"]), await run(["list"], { typed: [] })], [none, none]);
  const added = await run(["add", "Ann@EXAMPLE.org"], { input: "correct horse\nmore\n" });
  assert.deepEqual(added, {
    code: 0,
    out: "Added Ann@example.org. In the mail app, this is the user name.\n",
    error: "",
  });
  assert.ok(await passwordIs("Ann@example.org", "correct horse"));
  const more = [
    "--may-send-as",
    "shop.example.org",
    "--may-send-as",
    "Sales@Example.org",
    "--recipients-per-day",
    "50",
    "--messages-per-day",
    "0",
  ];
  const generated = await run(["add", "shop", "--generate", ...more]);
  assert.equal(generated.code, 0);
  assert.match(generated.error, /^Added shop\. .* Its password, which is kept nowhere else:\n$/);
  assert.ok(await passwordIs("shop", generated.out.trimEnd()));
  assert.equal((await run(["add", "ben@example.org", "--no-password"])).code, 0);
  assert.equal(
    (await run(["list"])).out,
    "Ann@example.org\tyes\t-\t-\nshop\tyes\t0 messages/d, 50 recipients/d\t*@shop.example.org Sales@example.org\nben@example.org\telsewhere\t-\t-\n",
  );
  assert.deepEqual(JSON.parse((await run(["list", "--json"])).out.split("\n")[1]!), {
    name: "shop",
    password: true,
    maySendAs: ["*@shop.example.org", "Sales@example.org"],
    limits: { messagesPerDay: 0, recipientsPerDay: 50 },
  });
  assert.match(
    (await run(["list"], { typed: [] })).out,
    /^ACCOUNT +PASSWORD +LIMITS +MAY ALSO SEND AS\n.*3 accounts in /s,
  );

  const passwordFile = join(dir, "password");
  await writeFile(passwordFile, "battery staple\nsecond line");
  assert.equal((await run(["passwd", "ann@example.org", "--password-file", passwordFile])).code, 0);
  assert.ok(await passwordIs("Ann@example.org", "battery staple"));
  assert.equal(
    (await run(["remove", "ANN@example.org", "ben@example.org"])).out,
    "Removed Ann@example.org.\nRemoved ben@example.org.\n",
  );
  assert.equal((await run(["remove", "shop"])).code, 0);
  assert.equal(await readFile(file, "utf8"), "[]\n");
});

test("a person types a password twice, and nobody sees it", async (t) => {
  const { run, echo, passwordIs } = await desk(t);
  const typed = ["wrong", "\u0015corrrect", "\u007f\b\b\b\b\u001brect h", "ör", "se\r", "correct hörse\r"];
  const added = await run(["add", "ann@example.org"], { typed });
  assert.equal(added.error, "New password: \nOnce more: \n");
  assert.ok(await passwordIs("ann@example.org", "correct hörse"));
  assert.deepEqual(echo, [false, true]);
  const cases: [typed: string[], code: number, words: RegExp][] = [
    [["correct horse\r", "correct h0rse\r"], 64, /The two are not the same\. Nothing was changed/],
    [["correct\u0003"], 64, /Stopped\. Nothing was changed\./],
    [["correct horse\r"], 64, /Stopped\./],
    [["\r\r"], 64, /There is no password\./],
  ];
  for (const [typed, code, words] of cases) {
    const ended = await run(["passwd", "ann@example.org"], { typed });
    assert.equal(ended.code, code);
    assert.match(ended.error, words);
  }
  assert.ok(await passwordIs("ann@example.org", "correct hörse"));
  assert.equal(echo.at(-1), true);
});

test("mistakes are told in words, and change nothing", async (t) => {
  const { run, file } = await desk(t);
  const input = "correct horse\n";
  await run(["add", "ann@example.org"], { input });
  const before = await readFile(file, "utf8");
  const cases: [line: string[], code: number, words: RegExp, input?: string][] = [
    [["add", "ANN@example.org"], 64, /There is an account ANN@example\.org already\. .*waybill account passwd/],
    [["add", "a b"], 64, /"a b" can be no account: write an address/],
    [["add", "ben"], 64, /ben is no address, .* --may-send-as ben@example\.org/],
    [["add", "ben@example.org", "--may-send-as", "a@"], 64, /"a@" is no sender; write an address/],
    [["add", "ben@example.org", "--messages-per-day", "many"], 64, /whole number; 0: it may not send/],
    [["add", "ben@example.org"], 64, /less than 8 characters and is soon guessed/, "short\n"],
    [["add", "ben@example.org"], 64, /There is no password/, ""],
    [["add", "ben@example.org"], 64, /characters that no password may have/, "correct\u0007horse\n"],
    [["add", "ben@example.org", "--password-file", "/nonexistent"], 64, /\/nonexistent cannot be read \(ENOENT\)/],
    [["passwd", "an@example.org"], 66, /There is no account an@example\.org in .*: did you mean ann@example\.org\?/],
    [["remove", "ann@example.org", "zoe"], 66, /There is no account zoe in .*: waybill account list shows them all/],
  ];
  for (const [line, code, words, typed = input] of cases) {
    const ended = await run(line, { input: typed });
    assert.match(ended.error, words, line.join(" "));
    assert.equal(ended.code, code, line.join(" "));
    assert.equal(ended.out, "");
  }
  assert.equal(await readFile(file, "utf8"), before);
  await writeFile(file, "[{}]");
  const broken = await run(["list"]);
  assert.equal(broken.code, 78);
  assert.match(broken.error, /^waybill: the accounts file .*accounts\.json is wrong: account 1: name is missing/);
});

test("where Dovecot checks the passwords, none is set here", async (t) => {
  const { run } = await desk(t, '[submission]\ndovecot = "/run/dovecot/auth-client"\ndefault_domain = "example.org"');
  const ended = await run(["add", "ann"], { input: "correct horse\n" });
  assert.equal(ended.code, 64);
  assert.match(ended.error, /Dovecot checks all passwords here/);
  assert.equal((await run(["add", "ann", "--no-password"])).code, 0);
});
