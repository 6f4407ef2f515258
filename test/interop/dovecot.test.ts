// A real Dovecot behind Waybill, with the two configurations of docs/dovecot.md: mail goes in by submission, with a login that
// Dovecot checks, is handed over by LMTP, and read by IMAP and POP3, with the settings that Waybill tells mail apps.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readAutoconfig } from "../../src/autoconfig/mozilla.ts";
import type { AppSettings, ServerSettings } from "../../src/autoconfig/settings.ts";
import { realWorld } from "../../src/base/world.ts";
import { checkAccount } from "../../src/check/account/check-account.ts";
import { accountLimits } from "../../src/check/account/question.ts";
import { worstOf } from "../../src/check/finding.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { type DovecotBehind, dovecotSkip, startDovecotBehind } from "../support/dovecot.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { type Ended, runProgram } from "../support/programs.ts";

const ann = "ann@example.org";
const bob = "bob@example.org";
const password = "pencil";
const users = [`${ann}:{PLAIN}${password}::::::`, `${bob}:{PLAIN}${password}::::::userdb_quota_rule=*:bytes=10`];

/** As an app on the Internet would: by name, with a certificate that is verified. */
const curl = ({ authorityFile }: DovecotBehind, args: readonly string[], input = ""): Promise<Ended> =>
  runProgram(
    "curl",
    ["-sSv", "--cacert", authorityFile, ...names.flatMap((name) => ["--connect-to", `${name}::127.0.0.1:`]), ...args],
    { input },
  );

const names = ["mail.example.org", "autoconfig.example.org"] as const;

const upload = (to: string): string[] => ["--mail-from", ann, "--mail-rcpt", to, "--upload-file", "-"];

const textTo = (to: string, subject: string): string =>
  `From: ${ann}\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\nDear reader\r\n`;

const schemes = { smtp: "smtp", imap: "imap", pop3: "pop3" } as const;

/** As a form of a mail app has it. */
const urlOf = ({ protocol, security, host, port }: ServerSettings): string =>
  `${schemes[protocol]}${security === "tls" ? "s" : ""}://${host}:${port}`;

describe("Dovecot behind Waybill", { skip: dovecotSkip }, () => {
  let both: DovecotBehind;
  let settings: AppSettings;
  before(async () => {
    both = await startDovecotBehind(users);
    const page = `https://autoconfig.example.org:${both.ports.web}/mail/config-v1.1.xml?emailaddress=${ann}`;
    const read = readAutoconfig((await curl(both, [page])).stdout, { localPart: "ann", domain: "example.org" });
    assert.ok(read.kind === "settings", JSON.stringify(read));
    ({ settings } = read);
  });
  after(() => both[Symbol.asyncDispose]());

  const loginOf = ({ username }: ServerSettings, secret = password): string[] => ["--user", `${username}:${secret}`];
  const incoming = (protocol: "imap" | "pop3"): ServerSettings =>
    settings.incoming.find((one) => one.protocol === protocol)!;
  const deliveries = () => both.waybill.events.all.filter(({ kind }) => kind === "delivered");
  const delivered = (count: number) => both.waybill.events.first(() => deliveries().length >= count);

  test("the page for mail apps names all four ways", () => {
    const { ports } = both;
    const place = ({ security, ...one }: ServerSettings) => [one.protocol, one.host, one.port, security, one.username];
    assert.deepEqual(settings.incoming.map(place), [
      ["imap", "mail.example.org", ports.imaps, "tls", ann],
      ["pop3", "mail.example.org", ports.pop3s, "tls", ann],
    ]);
    assert.deepEqual(settings.outgoing.map(place), [
      ["smtp", "mail.example.org", ports.submissions, "tls", ann],
      ["smtp", "mail.example.org", ports.submission, "starttls", ann],
    ]);
  });

  for (const [way, index] of [
    ["TLS from the first byte", 0],
    ["STARTTLS", 1],
  ] as const)
    test(`a message goes in with ${way}, and is read by IMAP and POP3`, async () => {
      const n = deliveries().length + 1;
      const outgoing = settings.outgoing[index]!;
      const args = [urlOf(outgoing), "--ssl-reqd", ...loginOf(outgoing), ...upload(ann)];
      const sent = await curl(both, args, textTo(ann, `by ${way}`));
      assert.equal(sent.code, 0, sent.stderr);
      await delivered(n);
      const [imap, pop3] = [incoming("imap"), incoming("pop3")];
      for (const read of [
        await curl(both, [`${urlOf(imap)}/INBOX;MAILINDEX=${n}`, ...loginOf(imap)]),
        await curl(both, [`${urlOf(pop3)}/${n}`, ...loginOf(pop3)]),
      ]) {
        assert.ok(read.stdout.includes(`\r\nSubject: by ${way}\r\n`), read.stderr);
        assert.match(read.stdout, /^Return-Path: <ann@example\.org>\r$/m);
        assert.match(read.stdout, /\r\n\tby mail\.example\.org \(TLSv1\.3 \w+\)\r\n\twith ESMTPSA id /);
        assert.match(read.stdout, /\r\n\r\nDear reader\r\n$/);
      }
    });

  test("a wrong password is refused everywhere", async () => {
    for (const server of [...settings.incoming, ...settings.outgoing]) {
      const args = [urlOf(server), "--ssl-reqd", ...loginOf(server, "crayon")];
      const tried = await curl(
        both,
        server.protocol === "smtp" ? [...args, ...upload(ann)] : args,
        textTo(ann, "never"),
      );
      assert.equal(tried.code, 67, tried.stderr); // CURLE_LOGIN_DENIED
    }
  });

  test("who writes to a full mailbox gets a notice that says so", async () => {
    const n = deliveries().length + 1;
    const outgoing = settings.outgoing[0]!;
    const sent = await curl(both, [urlOf(outgoing), ...loginOf(outgoing), ...upload(bob)], textTo(bob, "too much"));
    assert.equal(sent.code, 0, sent.stderr);
    await delivered(n);
    const imap = incoming("imap");
    const { stdout } = await curl(both, [`${urlOf(imap)}/INBOX;MAILINDEX=${n}`, ...loginOf(imap)]);
    assert.match(stdout, /^Return-Path: <>\r$/m);
    assert.match(stdout, /mailbox (?:of bob@example\.org )?is full/i);
    assert.match(stdout, /^Status: 5\.2\.2\r$/m);
    assert.match(stdout, /^Diagnostic-Code: smtp; 552[ -]5\.2\.2 <bob@example\.org> Quota exceeded/m);
  });

  const check = (secret: string) => {
    const lines = ["example.org MX 10 mail.example.org", ...names.map((name) => `${name} A 127.0.0.1`)];
    const resolver = recordingResolver(fakeResolver(lines.join("\n")), realWorld());
    const authorities = [both.authority];
    return checkAccount({
      world: realWorld(),
      resolver,
      raw: { ask: async () => ({ answer: { kind: "no-data" }, isAuthentic: false }) },
      connector: socketConnector({ authorities }),
      web: httpsWeb({ resolver, port: both.ports.web, authorities }),
      dnsServers: ["192.0.2.53"],
      question: {
        address: ann,
        localPart: "ann",
        domain: "example.org",
        typed: [],
        password: secret,
        sendsMessage: true,
        hello: "doctor.test",
        limits: { ...accountLimits, pollMs: 100 },
      },
    });
  };

  test("`check account` says that all works, and finds the message that it sent", async () => {
    const { verdict, findings } = await check(password);
    assert.deepEqual(
      verdict.map(({ id }) => id),
      ["receive-works", "receive-works", "send-works", "message-found"],
      JSON.stringify(findings),
    );
    assert.notEqual(worstOf(findings), "error");
  });

  test("`check account` says that the password is wrong", async () => {
    const { verdict } = await check("crayon");
    assert.deepEqual(
      verdict.map(({ id }) => id),
      ["all-fail", "login-wrong", "type-password"],
    );
  });
});

test(
  "while Dovecot is down, mail waits, and nobody is told that his password is wrong",
  { skip: dovecotSkip },
  async () => {
    await using both = await startDovecotBehind(users);
    await both.dovecot.stop();
    const { ports } = both;
    const login = ["--user", `${ann}:${password}`];
    const tried = await curl(
      both,
      [`smtps://mail.example.org:${ports.submissions}`, ...login, ...upload(ann)],
      textTo(ann, "no"),
    );
    assert.match(tried.stderr, /< 454 4\.7\.0 /);
    const sent = await curl(both, [`smtp://mail.example.org:${ports.relay}`, ...upload(ann)], textTo(ann, "waits"));
    assert.equal(sent.code, 0, sent.stderr);
    await both.waybill.events.first(({ kind }) => kind === "deferred");
  },
);
