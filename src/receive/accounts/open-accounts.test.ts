// Logins as the session asks for them, over an accounts file, and what an account may then do.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { parseConfig } from "../../config/load.ts";
import { Debts } from "../../judge/rates/debts.ts";
import type { Client } from "../../mail/client.ts";
import { formatAccounts } from "./account.ts";
import { loginLimits } from "./login-limits.ts";
import { openAccounts } from "./open-accounts.ts";
import { passwordLimits } from "./password-check.ts";
import { parseSecret } from "./secret.ts";

// RFC 7677 §3: the password is "pencil"
const secret = parseSecret(
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
)!;
const client: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" };
const from = (address: string): Client => ({ ...client, address });
const ann = { kind: "accepted", account: "ann@example.org" };
const refused = { kind: "refused" };
const refusedAs = (account: string) => ({ ...refused, account });

const file = formatAccounts([
  { name: "ann@example.org", secret, maySendAs: ["*@sales.example.org"], limits: { messagesPerDay: 7 } },
  { name: "shop", secret, maySendAs: ["shop@example.com"], limits: {} },
  { name: "ben@example.org", maySendAs: [], limits: {} },
]);

async function open(t: TestContext, toml = "", accounts = file) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-open-accounts-"));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "accounts.json"), accounts);
  const parsed = parseConfig(`data_dir = ${JSON.stringify(dir)}\n${toml}`, "test.toml");
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  const world = fakeWorld();
  const opened = await openAccounts({ config: parsed.config, world, debts: new Debts(world), onTrouble: assert.fail });
  t.after(() => opened[Symbol.asyncDispose]());
  return { accounts: opened, world, dir };
}

test("passwords", async (t) => {
  const { accounts } = await open(t);
  assert.deepEqual(accounts.kinds, ["password", "scram"]);
  const cases: [string, string, object][] = [
    ["ann@example.org", "pencil", ann],
    ["ANN@Example.ORG", "pencil", ann],
    ["Ann@example.org", "Pencil", refusedAs("ann@example.org")],
    ["ann@example.org", "pencil", ann],
    ["ann@example.org", "", refusedAs("ann@example.org")],
    ["shop", "pencil", { kind: "accepted", account: "shop" }],
    ["ann", "pencil", refused],
    ["nobody@example.org", "pencil", refused],
    ["ben@example.org", "", refusedAs("ben@example.org")],
    ["ben@example.org", "pencil", refusedAs("ben@example.org")],
    ["", "", refused],
  ];
  for (const [user, password, result] of cases)
    assert.deepEqual(await accounts.checkPassword(user, password, client), result, `${user} ${password}`);
  for (let i = 0; i < 50; i += 1)
    assert.deepEqual(
      await accounts.checkPassword("ann@example.org", "pencil", client),
      ann,
      "who is right may come often",
    );
});

test("a name without @ is at the default domain, unless it is an account", async (t) => {
  const { accounts } = await open(t, '[submission]\ndefault_domain = "example.org"');
  assert.deepEqual(await accounts.checkPassword("ann", "pencil", client), ann);
  assert.deepEqual((await accounts.scramSecret("ann", client))?.salt, secret.salt);
  assert.equal((await accounts.checkPassword("shop", "pencil", client)).kind, "accepted");
  assert.deepEqual(accounts.rightsOf("shop")?.maySendAs, ["shop@example.org", "shop@example.com"]);
});

test("SCRAM: whose exchange fails, or is broken off, has guessed", async (t) => {
  const { accounts } = await open(t);
  const strange = from("198.51.100.1");
  const { account: free } = loginLimits.freeFailures;
  assert.deepEqual(await accounts.scramSecret("ann@example.org", client), secret);
  assert.deepEqual(await accounts.ended("ann@example.org", client, true), ann);
  assert.equal(await accounts.scramSecret("nobody@example.org", strange), undefined);
  assert.equal(await accounts.scramSecret("ben@example.org", strange), undefined);
  assert.deepEqual(
    await accounts.ended("ben@example.org", strange, true),
    refusedAs("ben@example.org"),
    "nobody proves what is not there",
  );
  assert.deepEqual(await accounts.ended("nobody@example.org", strange, false), refused);
  for (let i = 0; i < free; i += 1) assert.deepEqual(await accounts.scramSecret("ann@example.org", strange), secret);
  assert.deepEqual(await accounts.scramSecret("ann@example.org", strange), secret, "another salt would tell names");
  assert.equal((await accounts.ended("ann@example.org", strange, true)).kind, "limited", "even the right password");
  const limited = await accounts.ended("ann@example.org", strange, false);
  assert.equal(limited.kind === "limited" && limited.account, "ann@example.org");
  assert.equal((await accounts.checkPassword("ann@example.org", "pencil", strange)).kind, "limited");
  assert.deepEqual(await accounts.scramSecret("ann@example.org", client), secret, "known from there");
});

test("many logins at once do not get around the limit, nor fill the thread pool", async (t) => {
  const { waiting, atOnce } = passwordLimits;
  const names = Array.from({ length: 2 * waiting }, (_, i) => `a${i}@example.org`);
  const { accounts } = await open(
    t,
    "",
    formatAccounts(names.map((name) => ({ name, secret, maySendAs: [], limits: {} }))),
  );
  const guesses = await Promise.all(
    Array.from({ length: 60 }, (_, i) => accounts.checkPassword(names[0]!, `guess${i}`, from(`198.51.100.${i}`))),
  );
  assert.equal(guesses.filter(({ kind }) => kind === "refused").length, loginLimits.freeFailures.account);
  assert.equal(guesses.filter(({ kind }) => kind === "limited").length, 60 - loginLimits.freeFailures.account);
  const flood = await Promise.all(
    names.map((name, i) => accounts.checkPassword(name, "x", from(`203.0.${i >> 8}.${i & 255}`))),
  );
  assert.equal(flood.filter(({ kind }) => kind === "refused").length, waiting + atOnce);
  assert.equal(flood.filter(({ kind }) => kind === "unavailable").length, waiting - atOnce - 1);
});

test("a changed password, and a removed account, count in the running server", async (t) => {
  const { accounts, world, dir } = await open(t);
  assert.deepEqual(await accounts.checkPassword("ann@example.org", "pencil", client), ann);
  const other = { ...secret, storedKey: Buffer.alloc(32, 1) };
  await writeFile(
    join(dir, "accounts.json"),
    formatAccounts([{ name: "ann@example.org", secret: other, maySendAs: [], limits: {} }]),
  );
  await world.advance(1_000);
  assert.deepEqual(await accounts.checkPassword("ann@example.org", "pencil", client), refusedAs("ann@example.org"));
  assert.equal(accounts.rightsOf("shop"), undefined);
});

test("what an account may do", async (t) => {
  const { accounts } = await open(t, "[submission]\nrecipients_per_day = 50");
  assert.deepEqual(accounts.rightsOf("ann@example.org"), {
    maySendAs: ["ann@example.org", "*@sales.example.org"],
    limits: { messagesPerDay: 7, recipientsPerDay: 50, recipientsPerHour: 1_000 },
  });
  assert.deepEqual(accounts.rightsOf("shop")?.maySendAs, ["shop@example.com"]);
  assert.equal(accounts.rightsOf("nobody@example.org"), undefined);
});

test("with Dovecot it alone checks passwords, and its names may be others than the file's", async (t) => {
  const { accounts } = await open(t, '[submission]\ndovecot = "/nonexistent/auth"\ndefault_domain = "example.org"');
  assert.deepEqual(accounts.kinds, ["password"]);
  const result = await accounts.checkPassword("ann@example.org", "pencil", client);
  assert.match(result.kind === "unavailable" ? result.because : result.kind, /\/nonexistent\/auth: ENOENT/);
  for (let i = 0; i < 50; i += 1)
    assert.equal(
      (await accounts.checkPassword("ann@example.org", "x", client)).kind,
      "unavailable",
      "no failure of ann",
    );
  assert.deepEqual(accounts.rightsOf("eve")?.maySendAs, ["eve@example.org"]);
  assert.deepEqual(accounts.rightsOf("ann@example.org")?.limits.messagesPerDay, 7);
});

const oauth = (path: string, url: string): string => `
[[domain]]
name = "example.net"
deliver = "relay"
[oauth]
introspection_url = "${url}"
client_id = "waybill"
client_secret_file = "${path}"
`;

test("tokens name their account; strangers of the same provider are none of ours", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "waybill-oauth-"));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "secret"), "s3cret\n");
  const introspect = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = new URLSearchParams(await textOf(request)).get("token") ?? "";
    response.end(JSON.stringify({ active: true, email: token.replace("-at-", "@") }));
  };
  const server = createServer((request, response) => void introspect(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const { accounts } = await open(t, oauth(join(dir, "secret"), `http://127.0.0.1:${port}/`));
  assert.deepEqual(accounts.kinds, ["password", "scram", "token"]);
  const cases: [token: string, user: string | undefined, object][] = [
    ["ann-at-example.org", undefined, ann],
    ["ann-at-example.org", "", ann],
    ["Ann-at-Example.org", "ANN@example.org", ann],
    ["ann-at-example.org", "ben@example.org", refusedAs("ben@example.org")],
    ["ben-at-example.org", "ben@example.org", { kind: "accepted", account: "ben@example.org" }],
    ["new-at-example.net", "new@example.net", { kind: "accepted", account: "new@example.net" }],
    ["eve-at-evil.example", "eve@evil.example", refused],
    ["eve-at-evil.example", undefined, refused],
    ["eve-at-", undefined, refused],
  ];
  for (const [token, user, result] of cases)
    assert.deepEqual(await accounts.checkToken(token, user, client), result, `${token} ${user}`);
  assert.deepEqual(accounts.rightsOf("new@example.net")?.maySendAs, ["new@example.net"]);
});

test("a start with what cannot work is refused in words", async (t) => {
  await assert.rejects(open(t, oauth("/nonexistent", "https://login.example.org/")), /client_secret_file of \[oauth\]/);
  await assert.rejects(open(t, "", "{"), /accounts\.json is wrong: it is not JSON/);
});
