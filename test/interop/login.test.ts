// Mail programs that other people wrote log in: swaks, curl, Python, nodemailer, GNU SASL.
import { createTransport } from "nodemailer";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { type LoginServer, startLoginServer } from "../support/login-server.ts";
import { absent, type Ended, findProgram, runProgram } from "../support/programs.ts";

const user = "ann@home.lab";

/** The pauses behind failed logins are short here. */
const open = (): Promise<LoginServer> => startLoginServer(realWorld(50));

async function assertSent({ sink, events }: LoginServer): Promise<void> {
  const [taken] = await sink.taken.count(1);
  assert.match(taken!.content.toString(), /with (?:UTF8SM|ESM)TPSA id /);
  const received = await events.first(({ kind }) => kind === "received");
  assert.equal(received.kind === "received" && received.client.account, user);
}

describe("swaks", () => {
  const support = spawnSync("swaks", ["--support"], { encoding: "utf8" }).stdout ?? "";
  const skip =
    absent("swaks") || (/TLS not available/.test(support) && "swaks cannot do TLS without libnet-ssleay-perl");
  const swaks = (port: number, args: readonly string[]): Promise<Ended> =>
    runProgram("swaks", ["--server", `127.0.0.1:${port}`, "--from", user, "--to", "bob@sink.test", ...args]);

  for (const mechanism of ["PLAIN", "LOGIN"])
    for (const [place, index, tls] of [
      ["587", 0, "-tls"],
      ["465", 1, "-tlsc"],
    ] as const)
      test(`AUTH ${mechanism}, as on port ${place}`, { skip }, async () => {
        await using server = await open();
        const login = ["--auth", mechanism, "--auth-user", user, "--auth-password", "pencil", tls];
        const { code, stdout } = await swaks(server.ports[index]!, login);
        assert.equal(code, 0, stdout);
        await assertSent(server);
      });

  test("a wrong password, and none", { skip }, async () => {
    await using server = await open();
    const wrong = await swaks(server.ports[0]!, ["--auth", "--auth-user", user, "--auth-password", "crayon", "-tls"]);
    assert.equal(wrong.code, 28, wrong.stdout); // its code for "could not log in"
    assert.match(wrong.stdout, /<~\* 535 5\.7\.8 the login failed; check the user name and the password/);
    const none = await swaks(server.ports[0]!, ["-tls"]);
    assert.match(none.stdout, /<~\* 530 5\.7\.0 this port is for mail apps that log in/);
  });
});

describe("curl", () => {
  const skip = absent("curl");
  const curl = (port: number, mechanism: string, login: readonly string[]): Promise<Ended> => {
    const message = ["--mail-from", user, "--mail-rcpt", "bob@sink.test", "--upload-file", "-"];
    const options = ["-sSvk", `smtps://127.0.0.1:${port}`, "--login-options", `AUTH=${mechanism}`];
    return runProgram("curl", [...options, ...message, ...login], { input: "Subject: curl\r\n\r\nhello\r\n" });
  };
  const version = spawnSync("curl", ["--version"], { encoding: "utf8" }).stdout ?? "";
  for (const [mechanism, login] of [
    ["PLAIN", ["--user", `${user}:pencil`]],
    ["LOGIN", ["--user", `${user}:pencil`]],
    ["OAUTHBEARER", ["--user", user, "--oauth2-bearer", "good-token"]],
    ["XOAUTH2", ["--user", user, "--oauth2-bearer", "good-token"]],
    ["SCRAM-SHA-256", ["--user", `${user}:pencil`]],
  ] as const) {
    const without = mechanism === "SCRAM-SHA-256" && !/gsasl/i.test(version) && "curl is built without GSASL";
    test(mechanism, { skip: skip || without }, async () => {
      await using server = await open();
      const { code, stderr } = await curl(server.ports[1]!, mechanism, login);
      assert.equal(code, 0, stderr);
      await assertSent(server);
    });
  }

  test("a token that is not valid: it gives in, and is told what to do", { skip }, async () => {
    for (const mechanism of ["OAUTHBEARER", "XOAUTH2"]) {
      await using server = await open();
      const { code, stderr } = await curl(server.ports[1]!, mechanism, [
        "--user",
        user,
        "--oauth2-bearer",
        "old-token",
      ]);
      assert.equal(code, 67, stderr); // CURLE_LOGIN_DENIED
      assert.match(stderr, /535 5\.7\.8 the login failed: the access token is not valid here/);
    }
  });
});

describe("nodemailer", () => {
  for (const [name, auth] of [
    ["PLAIN", { user, pass: "pencil" }],
    ["LOGIN", { user, pass: "pencil", method: "LOGIN" }],
    ["XOAUTH2", { type: "OAuth2" as const, user, accessToken: "good-token" }],
  ] as const)
    test(name, async () => {
      await using server = await open();
      const { method } = { method: undefined, ...auth };
      const transport = createTransport({
        host: "127.0.0.1",
        port: server.ports[0]!,
        requireTLS: true,
        tls: { rejectUnauthorized: false },
        auth,
        ...(method !== undefined && { authMethod: method }),
      });
      await transport.sendMail({ from: user, to: "bob@sink.test", text: "hello" });
      await assertSent(server);
    });

  test("a wrong password", async () => {
    await using server = await open();
    const options = { host: "127.0.0.1", port: server.ports[1]!, secure: true, tls: { rejectUnauthorized: false } };
    const transport = createTransport({ ...options, auth: { user, pass: "crayon" } });
    await assert.rejects(
      transport.sendMail({ from: user, to: "bob@sink.test", text: "hello" }),
      (error: Error & { code?: string }) =>
        error.code === "EAUTH" && /535 5\.7\.8 the login failed; check the user name/.test(error.message),
    );
  });
});

test("Python's smtplib: PLAIN, LOGIN, a wrong password", { skip: absent("python3") }, async () => {
  await using server = await open();
  const script = `
import smtplib, ssl, sys
port = int(sys.argv[1])
for mechanism in ("PLAIN", "LOGIN"):
    for initial in (True, False):
        with smtplib.SMTP("127.0.0.1", port) as s:
            s.starttls(context=ssl._create_unverified_context())
            s.ehlo()
            s.user, s.password = "ann@home.lab", "pencil"
            code, _ = s.auth(mechanism, getattr(s, "auth_" + mechanism.lower()), initial_response_ok=initial)
            assert code == 235, code
            s.sendmail("ann@home.lab", ["bob@sink.test"], b"Subject: x\\r\\n\\r\\n")
with smtplib.SMTP("127.0.0.1", port) as s:
    s.starttls(context=ssl._create_unverified_context())
    try:
        s.login("ann@home.lab", "crayon")
        raise SystemExit("a wrong password was taken")
    except smtplib.SMTPAuthenticationError as e:
        assert e.smtp_code == 535, e
`;
  const { code, stderr } = await runProgram("python3", ["-", String(server.ports[0]!)], { input: script });
  assert.equal(code, 0, stderr);
  await server.sink.taken.count(4);
  await assertSent(server);
});

describe("GNU SASL", () => {
  const skip = findProgram("gsasl") === undefined && "gsasl is not installed (on Debian: apt-get install gsasl)";
  const gsasl = (port: number, mechanism: string, password: string): Promise<Ended> =>
    runProgram("gsasl", [
      "--smtp",
      `--connect=127.0.0.1:${port}`,
      `--mechanism=${mechanism}`,
      `--authentication-id=${user}`,
      "--authorization-id=",
      `--password=${password}`,
      "--x509-ca-file=", // any certificate
      ...(mechanism.endsWith("PLUS") ? [] : ["--no-cb"]), // or it would ask why PLUS was hidden from it
    ]);
  for (const mechanism of ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
    test(mechanism, { skip }, async () => {
      await using server = await open();
      const right = await gsasl(server.ports[0]!, mechanism, "pencil");
      assert.match(right.stdout, /^235 2\.7\.0 you are logged in/m, right.stdout + right.stderr);
      const wrong = await gsasl(server.ports[0]!, mechanism, "crayon");
      assert.match(wrong.stdout + wrong.stderr, /535 5\.7\.8 the login failed; check the user name/);
    });
});
