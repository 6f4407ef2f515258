// Postfix as the client that relays to Waybill, and as the next hop that Waybill delivers to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseZone } from "../../src/dns/zone.ts";
import type { Event } from "../../src/journal/event.ts";
import { startDnsServer } from "../../src/lab/dns-server.ts";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { freePort } from "../support/free-port.ts";
import { type Postfix, postfixSkip, startPostfix } from "../support/postfix.ts";
import { runProgram } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RunningServer, routeTo, runServer } from "../support/running-server.ts";
import { everyExtension, type Sink, startSink, type Taken } from "../support/sink.ts";
import { type PolicyService, startPolicyService } from "./policy-service.ts";

interface Places {
  /** Mail for *.to-waybill.test goes from Postfix to Waybill, all other to the sink. */
  readonly postfix: Postfix;
  /** Mail for via-postfix.test goes from Waybill to Postfix, all other to the sink. */
  readonly waybill: RunningServer;
  /** Postfix is a stranger to it: mail from Postfix for greylisted.test goes there. */
  readonly greylister: RunningServer;
  readonly sink: Sink;
}

/** What Postfix answers to a recipient for the time being, once each. */
const deferrals = new Map<string, string>();

function decide(recipient: string): string {
  const action = deferrals.get(recipient) ?? "DUNNO";
  deferrals.delete(recipient);
  return action;
}

async function startWaybill(sink: Sink, postfixPort: number): Promise<RunningServer> {
  return runServer({
    domain: [
      { name: "ours.to-waybill.test", deliver: "relay", mailboxes: ["ann"] },
      { name: "signed.to-waybill.test", deliver: "maildir:/nowhere", aliases: { ann: ["ann@home.test"] } },
    ],
    returns: { sign: ["signed.to-waybill.test"] },
    route: [routeTo(postfixPort, { to: "via-postfix.test", tls: "require" }), routeTo(sink.port)],
    retry: { schedule: ["20ms"] },
  });
}

/** Without a DNS that knows anybody. */
async function startGreylister(sink: Sink, dns: string): Promise<RunningServer> {
  return runServer({
    relay: { networks: [] },
    dns: { servers: [dns] },
    domain: [{ name: "greylisted.test", deliver: "relay" }],
    route: [routeTo(sink.port)],
    greylist: { for: "unknown", delay: "1s" },
  });
}

interface Around {
  readonly sink: Sink;
  readonly waybill: RunningServer;
  readonly greylister: RunningServer;
  readonly policy: PolicyService;
}

const postfixSettings = ({ sink, waybill, greylister, policy }: Around) => ({
  relayhost: `[127.0.0.1]:${sink.port}`,
  transport_maps: `inline:{ { to-waybill.test = smtp:[127.0.0.1]:${waybill.port} }, { ours.to-waybill.test = smtp:[127.0.0.1]:${waybill.port} }, { signed.to-waybill.test = smtp:[127.0.0.1]:${waybill.port} }, { behind-postfix.test = error:5.1.1 nobody of that name any more }, { greylisted.test = smtp:[127.0.0.1]:${greylister.port} } }`,
  virtual_alias_maps: "inline:{ { later@via-postfix.test = left@behind-postfix.test } }",
  queue_run_delay: "1s",
  minimal_backoff_time: "1s",
  maximal_backoff_time: "1s",
  smtp_tls_policy_maps: `inline:{ { [127.0.0.1]:${waybill.port} = encrypt } }`,
  smtpd_recipient_restrictions: `check_policy_service inet:127.0.0.1:${policy.port}, check_recipient_access inline:{ { gone@via-postfix.test = 550 5.1.1 nobody of that name } }`,
});

const isTo =
  (address: string) =>
  ({ rcpts }: Taken): boolean =>
    rcpts.some((rcpt) => rcpt.startsWith(`RCPT TO:<${address}>`));

const deliveredTo = ({ events }: RunningServer, ending: string): readonly Event[] =>
  events.all.filter((event) => event.kind === "delivered" && event.to.endsWith(ending));

const envelope = (to: string) => ({ from: "me@client.test", to: [to] });

const plays: Readonly<Record<string, (places: Places) => Promise<void>>> = {
  "relays to Waybill, in TLS, with the sender's wishes": async ({ postfix, sink }) => {
    const wishes = ["-N", "success,failure", "-V", "job 7"];
    const input = "Subject: from Postfix\n\n.dot\nGr\u00fc\u00dfe\n";
    const to = ["ann@to-waybill.test", "ben@to-waybill.test"];
    const { code, stderr } = await postfix.sendmail(["-f", "me@postfix.test", ...wishes, ...to], { input });
    assert.equal(code, 0, stderr);
    const taken = await sink.taken.first(isTo(to[0]!));
    assert.match(taken.mail, /^MAIL FROM:<me@postfix\.test> .*BODY=8BITMIME/);
    assert.match(taken.mail, / ENVID=job\+207/);
    assert.equal(taken.rcpts.length, 2);
    assert.match(taken.rcpts[0]!, / NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ann@to-waybill\.test/);
    const content = taken.content.toString();
    assert.match(
      content,
      /^Received: from postfix\.test \(\[127\.0\.0\.1\]\)\r\n\tby waybill\.test \(TLS[^)]*\)\r\n\twith ESMTPS id /,
    );
    assert.match(content, /\r\nSubject: from Postfix\r\n/);
    assert.ok(content.endsWith("\r\n\r\n.dot\r\nGr\u00fc\u00dfe\r\n"));
  },

  "returns what it took and could not deliver: its bounce finds the message, and the sender reads why": async ({
    waybill,
    sink,
  }) => {
    await using client = await RawClient.open(waybill.port);
    const from = "ann@signed.to-waybill.test";
    const content = Buffer.from("Subject: to nobody\r\nMessage-ID: <2@client.test>\r\n\r\nHello\r\n");
    assert.match(await client.data({ from, to: ["later@via-postfix.test"] }, content), /^250 /);
    const told = await waybill.events.first(({ kind }) => kind === "bounced-later");
    assert.ok(told.kind === "bounced-later");
    assert.deepEqual(
      [told.to, told.cause, told.final],
      ["later@via-postfix.test", "no-such-mailbox", "left@behind-postfix.test"],
    );
    assert.equal(told.reportedBy, "postfix.test");
    const notice = await sink.taken.first(isTo("ann@home.test"));
    assert.match(notice.mail, /^MAIL FROM:<>/);
    assert.match(notice.content.toString(), /Subject: Not delivered: to nobody/);
    assert.match(notice.content.toString(), /nobody of that name any more/);
  },

  "is the next hop, in TLS, and passes the octets on": async ({ waybill, sink }) => {
    await using client = await RawClient.open(waybill.port);
    const content = Buffer.from(
      "Subject: to Postfix\r\nMessage-ID: <1@client.test>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: me@client.test\r\n\r\n.dot\r\n..\r\nGr\u00fc\u00dfe\r\n",
    );
    assert.match(await client.data(envelope("ann@via-postfix.test"), content), /^250 /);
    const event = await waybill.events.first(
      (event) => event.kind === "delivered" && event.to === "ann@via-postfix.test",
    );
    assert.ok(event.kind === "delivered");
    assert.match(event.reply.lines.join(" "), /queued as/);
    assert.match(event.tls?.version ?? "in clear text", /^TLSv1\.3$/);
    const taken = await sink.taken.first(isTo("ann@via-postfix.test"));
    assert.match(taken.content.toString(), /^Received: from waybill\.test /);
    assert.ok(taken.content.subarray(-content.length).equals(content));
  },

  "defers a recipient: Waybill tries again, and it arrives once": async ({ waybill, sink }) => {
    const [late, prompt] = ["late@via-postfix.test", "prompt@via-postfix.test"] as const;
    deferrals.set(late, "450 4.2.1 come again later");
    await using client = await RawClient.open(waybill.port);
    const to = { from: "me@client.test", to: [late, prompt] };
    assert.match(await client.data(to, Buffer.from("Subject: greylisted\r\n\r\n")), /^250 /);
    await sink.taken.first(isTo(late));
    await sink.taken.first(isTo(prompt));
    await waybill.events.first((event) => event.kind === "delivered" && event.to === late);
    const attempts = waybill.events.all.filter((event) => "attempt" in event && event.to === late);
    assert.deepEqual(
      attempts.map((event) => [event.kind, "attempt" in event && event.attempt]),
      [
        ["deferred", 1],
        ["delivered", 2],
      ],
    );
    const [deferred] = attempts;
    assert.ok(deferred?.kind === "deferred" && deferred.because.kind === "refused");
    assert.deepEqual([deferred.because.reply.code, deferred.because.reply.enhanced], [450, "4.2.1"]);
    for (const one of [late, prompt]) assert.equal(sink.taken.all.filter(isTo(one)).length, 1);
  },

  "refuses a recipient for good: the sender gets Waybill's notice": async ({ waybill, sink }) => {
    await using client = await RawClient.open(waybill.port);
    const from = "curious@client.test";
    const content = Buffer.from("Subject: to nobody\r\n\r\n");
    assert.match(await client.data({ from, to: ["gone@via-postfix.test"] }, content), /^250 /);
    const notice = await sink.taken.first(isTo(from));
    assert.match(notice.mail, /^MAIL FROM:<>/);
    const text = notice.content.toString();
    assert.match(text, /^Final-Recipient: rfc822; ?gone@via-postfix\.test\r$/m);
    assert.match(text, /^Status: 5\.1\.1\r$/m);
    assert.match(text, /^Diagnostic-Code: smtp; ?550 5\.1\.1 .*nobody of that name/ms);
  },

  "is refused a recipient by Waybill: its own bounce tells why": async ({ postfix, sink }) => {
    const from = "me@postfix-bounce.test";
    const to = ["ann@ours.to-waybill.test", "ghost@ours.to-waybill.test"];
    const { code, stderr } = await postfix.sendmail(["-f", from, ...to], { input: "Subject: half\n\nhello\n" });
    assert.equal(code, 0, stderr);
    await sink.taken.first(isTo(to[0]!));
    const bounce = await sink.taken.first(isTo(from));
    const text = bounce.content.toString().replaceAll(/\r\n\s+/g, " ");
    assert.match(text, /550 5\.1\.1 there is no mailbox <ghost@ours\.to-waybill\.test> here/);
    assert.equal(sink.taken.all.filter(isTo(to[1]!)).length, 0);
  },

  "is asked to come again, does so by itself, and is known from then on": async ({ postfix, greylister, sink }) => {
    const from = "me@postfix.test";
    const send = async (to: string): Promise<void> => {
      const { code, stderr } = await postfix.sendmail(["-f", from, to], {
        input: `From: ${from}\nSubject: hi\n\nhi\n`,
      });
      assert.equal(code, 0, stderr);
      // its queue manager may look while the attempt before is not quite over, and then waits for its next look
      const flushing = setInterval(() => void postfix.flush(), 2_000);
      await sink.taken.first(isTo(to)).finally(() => clearInterval(flushing));
    };
    const { all } = greylister.events;
    const deferrals = (): number =>
      all.filter((event) => event.kind === "refused" && event.check === "greylist").length;
    await send("ann@greylisted.test");
    const attempts = deferrals();
    assert.ok(attempts >= 1, "the first attempt was not taken");
    assert.match(await postfix.log(), /451 4\.7\.1 greylisted, .* welcome in 1 second, /);
    await send("ben@greylisted.test");
    assert.equal(deferrals(), attempts);
    assert.equal(sink.taken.all.filter(isTo("ann@greylisted.test")).length, 1);
  },

  "passes UTF-8 addresses, both ways": async ({ postfix, waybill, sink }) => {
    await using client = await RawClient.open(waybill.port);
    const there = "gr\u00fcn@via-postfix.test";
    const utf8 = { ...envelope(there), parameters: "SMTPUTF8 BODY=8BITMIME" };
    assert.match(await client.data(utf8, Buffer.from("Subject: gr\u00fcn\r\n\r\n")), /^250 /);
    assert.match((await sink.taken.first(isTo(there))).mail, / SMTPUTF8/);
    const back = "gr\u00fcn@to-waybill.test";
    const input = "Subject: gr\u00fcn\n\n";
    const { code, stderr } = await postfix.sendmail(["-f", "me@postfix.test", back], { input });
    assert.equal(code, 0, stderr);
    const taken = await sink.taken.first(isTo(back));
    assert.match(taken.mail, / SMTPUTF8/);
    assert.match(taken.content.toString(), /with UTF8SMTPS id/);
  },

  "its load generator, smtp-source: all messages arrive once": async ({ waybill, sink }) => {
    const [messages, to] = [200, "load@sink.test"];
    const args = ["-s", "10", "-m", `${messages}`, "-l", "3000", "-N", "-f", "source@load.test", "-t", to];
    const { code, stderr } = await runProgram("smtp-source", [...args, `inet:127.0.0.1:${waybill.port}`]);
    assert.equal(code, 0, stderr);
    const arrived = (): readonly Taken[] => sink.taken.all.filter(({ mail }) => mail.includes("source@load.test"));
    await sink.taken.first(() => arrived().length >= messages);
    await waybill.events.first(() => deliveredTo(waybill, to).length >= messages);
    assert.equal(arrived().length, messages);
    assert.equal(new Set(arrived().map(({ rcpts }) => rcpts[0])).size, messages); // -N numbers the recipients
  },
};

test("Postfix", { skip: postfixSkip }, async (t) => {
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink({ offers: everyExtension.filter((word) => word !== "BINARYMIME") }));
  const port = await freePort();
  const waybill = stack.use(await startWaybill(sink, port));
  const dns = await startDnsServer({ zone: parseZone("") });
  stack.defer(() => dns.close());
  const greylister = stack.use(await startGreylister(sink, `${dns.address}:${dns.port}`));
  const policy = stack.use(await startPolicyService(decide));
  const pem = await selfSigned("postfix.test", Date.now());
  const settings = postfixSettings({ sink, waybill, greylister, policy });
  const postfix = stack.use(await startPostfix({ port, pem, settings }));
  const places: Places = { postfix, waybill, greylister, sink };
  for (const [name, play] of Object.entries(plays))
    await t.test(name, async (t) => {
      try {
        await play(places);
      } catch (error) {
        t.diagnostic(await postfix.log());
        throw error;
      }
    });
});
