// `check server` against real servers: Dovecot's IMAP and POP3, and our own submission in front of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { inspect, serverLimits } from "../../src/check/server/inspect.ts";
import type { ServerPlace } from "../../src/check/server/place.ts";
import { findingsOf } from "../../src/check/server/tell.ts";
import type { AppTalk } from "../../src/check/server/visit.ts";
import { type DovecotBehind, dovecotSkip, startDovecotBehind } from "../support/dovecot.ts";
import { fakeResolver } from "../support/fake-resolver.ts";

const ann = "ann@example.org";
const password = "pencil";
const host = "mail.example.org";

describe("real servers", { skip: dovecotSkip }, () => {
  let both: DovecotBehind;
  before(async () => {
    both = await startDovecotBehind([`${ann}:{PLAIN}${password}::::::`]);
  });
  after(() => both[Symbol.asyncDispose]());

  const places = (): Record<string, ServerPlace> => ({
    "IMAP, SSL/TLS": { protocol: "imap", host, port: both.ports.imaps, security: "tls" },
    "POP3, SSL/TLS": { protocol: "pop3", host, port: both.ports.pop3s, security: "tls" },
    "submission, SSL/TLS": { protocol: "submission", host, port: both.ports.submissions, security: "tls" },
    "submission, STARTTLS": { protocol: "submission", host, port: both.ports.submission, security: "starttls" },
  });

  /** All that is not in order. */
  const check = async (place: ServerPlace, secret = password, use?: (talk: AppTalk) => Promise<void>) => {
    const world = realWorld();
    const inspection = await inspect(place, {
      connector: socketConnector({ authorities: [both.authority] }),
      resolver: fakeResolver(`${host} A 127.0.0.1`),
      world,
      hello: "doctor.test",
      limits: { ...serverLimits, greetingMs: 3_000 },
      signal: new AbortController().signal,
      credentials: { username: ann, password: secret },
      ...(use !== undefined && { use }),
    });
    const findings = findingsOf(inspection, { now: world.now(), dnsServers: [] });
    return findings.filter(({ level }) => level !== "good").map(({ id }) => id);
  };

  for (const name of ["IMAP, SSL/TLS", "POP3, SSL/TLS", "submission, SSL/TLS", "submission, STARTTLS"]) {
    test(`${name}: all is in order`, async () => assert.deepEqual(await check(places()[name]!), []));
    test(`${name}: a wrong password is told`, async () =>
      assert.deepEqual(await check(places()[name]!, "pen"), ["login.wrong"]));
  }

  test("STARTTLS where TLS is expected, and the reverse", async () => {
    for (const name of ["IMAP, SSL/TLS", "POP3, SSL/TLS", "submission, SSL/TLS"])
      assert.deepEqual((await check({ ...places()[name]!, security: "starttls" }))[0], "security.tls-expected", name);
    const place = { ...places()["submission, STARTTLS"]!, security: "tls" } as const;
    assert.deepEqual(await check(place), ["security.text-expected", "login.not-tried"]);
  });

  test("an inbox is opened and searched, and a POP3 mailbox counted", async () => {
    const seen: unknown[] = [];
    await check(places()["IMAP, SSL/TLS"]!, password, async (talk) => {
      assert.ok(talk.kind === "imap");
      seen.push((await talk.open("INBOX", "examine")).status, await talk.search("Message-ID", "<none@doctor.test>"));
    });
    await check(places()["POP3, SSL/TLS"]!, password, async (talk) => {
      assert.ok(talk.kind === "pop3");
      seen.push(await talk.count());
    });
    assert.deepEqual(seen, ["OK", [], 0]);
  });
});
